//! Two accounts that take turns, so that a new password breaks nobody who signs in with them (section BG).
//!
//! A password that changes breaks whoever still has the old one. With two accounts nobody has to be quick: the one that rests has got another
//! password already, consumers are told to use it from now on, and the one they leave keeps working for the overlap; only then does it get
//! another password, and rests. The clock does that by the templates' own rotation (T-14, W-4): where an account alone would get another
//! password, a pair changes places.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::accounts::owned;
use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::pair_turns;
use super::unit::Unit;
use crate::error::{Error, Result};
use crate::model::account::Account;
use crate::model::event::EventKind;
use crate::model::ids::{AccountId, PairId, SecretId, VaultId};
use crate::model::pair::AccountPair;
use crate::model::people::Verb;
use crate::model::template::TemplateVersion;
use crate::rules::pair;

/// Makes two accounts a pair. The second one rests from now on: after the overlap it gets another password, since nobody knows who has the one it
/// has; from then on it can take the place of the first.
///
/// Needs managed-account Update on both (P-4). Refused with BG-1 unless both are Active users of one domain and vault in the same directory groups,
/// whose passwords the engine changes.
///
/// ```
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller, blue: alm_core::model::ids::AccountId, green: alm_core::model::ids::AccountId)
/// # -> alm_core::Result<()> {
/// use alm_core::service::pairs::{MakePair, SwitchPair};
///
/// let pair = alm.execute(&caller, "pair web", MakePair::new("web shop", blue, green).overlap_hours(48)).await?;
/// // Whoever signs in asks which of the two to use; an AccountPairChanged event says when to ask again.
/// let now = alm.pair(&caller, pair).await?;
/// println!("sign in as {} with secret {:?}", now.current, now.secret);
/// // The clock switches by the age of passwords; a person whenever they like.
/// alm.execute(&caller, "switch web", SwitchPair::new(pair)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MakePair {
    /// As shown to people; 1 to 100 characters.
    pub name: String,
    /// The one that is in use.
    pub current: AccountId,
    /// The one that rests.
    pub resting: AccountId,
    /// For how many hours after a switch the one that was left keeps its password; 1 to 720, 24 when not said.
    pub overlap_hours: u32,
}

impl MakePair {
    /// The first of them is in use, and what was left keeps its password for a day.
    pub fn new(name: impl Into<String>, current: AccountId, resting: AccountId) -> Self {
        Self { name: name.into(), current, resting, overlap_hours: 24 }
    }

    /// Another overlap.
    #[must_use]
    pub const fn overlap_hours(mut self, hours: u32) -> Self {
        self.overlap_hours = hours;
        self
    }
}

#[async_trait]
impl Decide for MakePair {
    const NAME: &'static str = "pair.make";
    type Output = PairId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<PairId> {
        let mut current = owned(unit, self.current, Verb::Update).await?;
        let mut resting = owned(unit, self.resting, Verb::Update).await?;
        let versions: [TemplateVersion; 2] = [
            unit.get(current.template_version.uuid()).await?,
            unit.get(resting.template_version.uuid()).await?,
        ];
        let both = [(&current, &versions[0].body.rotation), (&resting, &versions[1].body.rotation)];
        let refusals = pair::check(&self.name, self.overlap_hours, unit.now, both);
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let id = PairId::new(unit.new_id()?);
        let pair = AccountPair::new(id, &self.name, current.id, resting.id, self.overlap_hours, unit.now);
        current.pair = Some(id);
        resting.pair = Some(id);
        resting.rotates_at = Some(pair.untouched_until);
        let text = format!("{}: {} is in use, and {} rests", pair.name, current.name, resting.name);
        unit.put(&pair, &text)?;
        unit.put(&current, format!("{} takes turns", current.name))?;
        unit.put(&resting, format!("{} takes turns", resting.name))?;
        let facts = json!({
            "name": pair.name, "current": current.id, "resting": resting.id, "overlap_hours": pair.overlap_hours,
        });
        unit.audit(Self::NAME, format!("pair {id}"), facts);
        let told = pair_turns::both_owners(unit, &current, &resting).await?;
        unit.event(EventKind::AccountPairChanged, text, told, |event| event.account = Some(current.id))?;
        Ok(id)
    }
}

/// Lets the account that rests take the place of the one in use, now. The one that is left keeps its password for the overlap, or
/// [gets another one at once](Self::at_once).
///
/// Needs managed-account Update on both. Refused with BG-4 unless the one that rests can be signed in with and got another password since it was
/// last in use; within the overlap it may take its place back all the same.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct SwitchPair {
    /// Which.
    pub pair: PairId,
    /// Whether there is no overlap.
    pub at_once: bool,
}

impl SwitchPair {
    /// With the overlap of the pair.
    pub const fn new(pair: PairId) -> Self {
        Self { pair, at_once: false }
    }

    /// The one that is left gets another password with the next sweep: whoever still has the old one is shut out. For a password that somebody
    /// has who should not.
    #[must_use]
    pub const fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }
}

async fn both(unit: &mut Unit<'_>, pair: PairId, verb: Verb) -> Result<(AccountPair, Account, Account)> {
    let pair: AccountPair = unit.get(pair.uuid()).await?;
    let current = owned(unit, pair.current, verb).await?;
    let resting = owned(unit, pair.resting, verb).await?;
    Ok((pair, current, resting))
}

#[async_trait]
impl Decide for SwitchPair {
    const NAME: &'static str = "pair.switch";
    type Output = AccountId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<AccountId> {
        let (pair, current, resting) = both(unit, self.pair, Verb::Update).await?;
        if let Err(refusal) = pair::may_switch(&pair, &current, &resting, unit.now) {
            return unit.refuse(refusal);
        }
        let used = resting.id;
        pair_turns::switch(unit, pair, current, resting, self.at_once).await?;
        Ok(used)
    }
}

/// Ends a pair: each of its accounts goes on alone, and gets another password when its template says. One that is still to get one after it was left
/// gets it then.
///
/// Needs managed-account Update on both.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct EndPair {
    /// Which.
    pub pair: PairId,
}

impl EndPair {
    /// Ends it.
    pub const fn new(pair: PairId) -> Self {
        Self { pair }
    }
}

#[async_trait]
impl Decide for EndPair {
    const NAME: &'static str = "pair.end";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let (pair, current, resting) = both(unit, self.pair, Verb::Update).await?;
        let text = format!("{}: {} and {} go on alone", pair.name, current.name, resting.name);
        pair_turns::end(unit, &pair, text, (&resting, &current)).await?;
        for mut account in [current, resting] {
            account.pair = None;
            unit.put(&account, format!("{} goes on alone", account.name))?;
        }
        Ok(())
    }
}

/// A pair, for whoever signs in with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PairView {
    /// The pair.
    pub pair: AccountPair,
    /// The sAMAccountName of the one in use.
    pub current: String,
    /// In which vault its password is.
    pub vault: Option<VaultId>,
    /// In which secret.
    pub secret: Option<SecretId>,
    /// Why the other one cannot take its place now, if it cannot (BG-4).
    pub not_yet: Option<String>,
}

impl Alm {
    /// Which of two accounts is to be used. Needs managed-account Read on both.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound) also when the pair has ended, those of the store.
    pub async fn pair(&self, caller: &Caller, pair: PairId) -> Result<PairView> {
        let mut unit = Unit::of(&self.0, "pair.read", caller);
        let (pair, current, resting) = both(&mut unit, pair, Verb::Read).await?;
        let not_yet = pair::may_switch(&pair, &current, &resting, unit.now).err();
        Ok(PairView {
            not_yet: not_yet.map(|refusal| refusal.message().to_owned()),
            current: current.name,
            vault: current.vault,
            secret: current.secret.map(SecretId::new),
            pair,
        })
    }
}
