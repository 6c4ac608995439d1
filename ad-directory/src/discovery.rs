//! Finding the service accounts that nobody manages yet.

use std::{collections::HashSet, time::Duration};

use futures_util::{TryStreamExt, future, stream};
use jiff::Timestamp;

use crate::{
    Account, AttributeName, Directory, Dn, FileTime, Filter, ListOptions, Listing, ObjectGuid, ParseError,
    Query, Result, Sid, UserAccountControl, listing,
};

mod pattern;
mod reason;

pub use pattern::NamePattern;
pub use reason::{Finding, Reason};

/// What an account is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// It has service names.
    ServiceNames,
    /// Its password never expires.
    NeverExpires,
    /// It may act for others: everywhere, with protocol transition, towards some services, or because a service allows it.
    Delegation,
    /// Tickets for it can be had without pre-authentication.
    NoPreauthentication,
    /// It may have an empty password.
    PasswordNotRequired,
    /// Nobody has signed in with it for long.
    Dormant,
    /// It is called like a service account.
    Name,
    /// The directory protects it (`adminCount`).
    Protected,
}

impl Signal {
    const ALL: [Self; 8] = [
        Self::ServiceNames,
        Self::NeverExpires,
        Self::Delegation,
        Self::NoPreauthentication,
        Self::PasswordNotRequired,
        Self::Dormant,
        Self::Name,
        Self::Protected,
    ];
}

/// By how much the time of the last sign-in that is replicated may lie too early: it is written only when it is older than 14 days, less up
/// to 5 at random (MS-ADA1, `lastLogonTimestamp`; MS-ADTS, `msDS-LogonTimeSyncInterval`).
pub(crate) const ERROR_BAR: Duration = Duration::from_hours(14 * 24);

/// What to look for, and where.
///
/// ```
/// # use ad_directory::{Directory, DirectoryExt, Discovery, MemoryDirectory, NewAccount};
/// # use futures_util::TryStreamExt;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = MemoryDirectory::builder("corp.example").unit("Old").build()?;
/// # let new = NewAccount::new("OU=Old,DC=corp,DC=example".parse()?, "svc-payroll".parse()?);
/// # directory.create_account(&new, Default::default()).await?;
/// let mut findings = directory.discover(&Discovery::new().below("OU=Old,DC=corp,DC=example".parse()?));
/// while let Some(finding) = findings.try_next().await? {
///     println!("{} {} {:?}", finding.score, finding.account.sam_account_name, finding.reasons);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Discovery {
    /// The place to look below; the whole domain without one.
    pub below: Option<Dn>,
    /// What to look for; everything by default. An account is found when it shows one of them.
    pub signals: Vec<Signal>,
    /// What service accounts are called: `svc*`, `srv*`, `sa_*`, `*_svc`, `*-svc`, `*service*` by default.
    pub patterns: Vec<NamePattern>,
    /// For how long nobody must have signed in with a dormant account; 90 days by default.
    pub dormant_after: Duration,
    /// The time; the clock of this machine when it is not given.
    pub now: Option<Timestamp>,
    /// Accounts that are managed already.
    pub known: HashSet<ObjectGuid>,
    /// The same by their SIDs.
    pub known_sids: HashSet<Sid>,
}

/// What service accounts are called in most places.
const PATTERNS: [&str; 6] = ["svc*", "srv*", "sa_*", "*_svc", "*-svc", "*service*"];

impl Default for Discovery {
    fn default() -> Self {
        Self {
            below: None,
            signals: Signal::ALL.into(),
            patterns: PATTERNS.iter().filter_map(|pattern| pattern.parse().ok()).collect(),
            dormant_after: Duration::from_hours(90 * 24),
            now: None,
            known: HashSet::new(),
            known_sids: HashSet::new(),
        }
    }
}

impl Discovery {
    /// Everything, everywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only below this place.
    #[must_use]
    pub fn below(mut self, place: Dn) -> Self {
        self.below = Some(place);
        self
    }

    /// Only these signals.
    #[must_use]
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.signals = signals.into_iter().collect();
        self
    }

    /// Other patterns of names.
    #[must_use]
    pub fn patterns(mut self, patterns: impl IntoIterator<Item = NamePattern>) -> Self {
        self.patterns = patterns.into_iter().collect();
        self
    }

    /// Dormant after another time.
    #[must_use]
    pub const fn dormant_after(mut self, time: Duration) -> Self {
        self.dormant_after = time;
        self
    }

    /// With another clock than that of this machine.
    #[must_use]
    pub const fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Without these: they are managed already. An account that moved or was renamed is still known.
    #[must_use]
    pub fn without(mut self, known: impl IntoIterator<Item = ObjectGuid>) -> Self {
        self.known.extend(known);
        self
    }

    /// Without those with these SIDs.
    #[must_use]
    pub fn without_sids(mut self, known: impl IntoIterator<Item = Sid>) -> Self {
        self.known_sids.extend(known);
        self
    }

    fn wants(&self, signal: Signal) -> bool {
        self.signals.contains(&signal)
    }

    fn is_known(&self, account: &Account) -> bool {
        // krbtgt is no service account, whatever it is called.
        let rid = account.sid.as_ref().and_then(Sid::rid);
        self.known.contains(&account.guid)
            || account.sid.as_ref().is_some_and(|sid| self.known_sids.contains(sid))
            || (rid == Some(502)
                && account.sid.as_ref().is_some_and(|sid| sid.to_string().starts_with("S-1-5-21-")))
    }

    /// What the directory can decide by itself: everything that shows one of the signals, and maybe a little more.
    fn filter(&self, now: Timestamp) -> Result<Filter, ParseError> {
        let flags: AttributeName = "userAccountControl".parse()?;
        let flag = |bits: UserAccountControl| Filter::bits_set(flags.clone(), bits.bits());
        let present = |name: &str| Ok::<_, ParseError>(Filter::present(name.parse()?));
        let mut any = Vec::new();
        for signal in &self.signals {
            match signal {
                Signal::ServiceNames => any.push(present("servicePrincipalName")?),
                Signal::NeverExpires => any.push(flag(UserAccountControl::PASSWORD_NEVER_EXPIRES)),
                Signal::Delegation => any.extend([
                    flag(UserAccountControl::TRUSTED_FOR_DELEGATION),
                    flag(UserAccountControl::TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION),
                    present(reason::DELEGATES_TO)?,
                    present(RESOURCE_DELEGATION)?,
                ]),
                Signal::NoPreauthentication => any.push(flag(UserAccountControl::NO_PREAUTHENTICATION)),
                Signal::PasswordNotRequired => any.push(flag(UserAccountControl::PASSWORD_NOT_REQUIRED)),
                Signal::Dormant => {
                    let last: AttributeName = reason::LAST_SIGN_IN.parse()?;
                    let limit =
                        FileTime::from_timestamp(now.saturating_sub(self.dormant_after).unwrap_or(now));
                    any.extend([
                        Filter::at_most(last.clone(), limit.to_string()),
                        Filter::not(Filter::present(last)),
                    ]);
                }
                Signal::Name => {
                    let name: AttributeName = "sAMAccountName".parse()?;
                    any.extend(self.patterns.iter().map(|pattern| pattern.filter(name.clone())));
                }
                Signal::Protected => any.push(Filter::equals("adminCount".parse()?, "1")),
            }
        }
        Ok(Filter::any(any))
    }
}

/// A security descriptor on the service: it names those who may act for others towards it.
const RESOURCE_DELEGATION: &str = "msDS-AllowedToActOnBehalfOfOtherIdentity";

/// The findings, piece by piece.
pub(crate) fn discover<D: Directory + ?Sized>(directory: &D, discovery: &Discovery) -> Listing<Finding> {
    let now = discovery.now.unwrap_or_else(Timestamp::now);
    let place = |filter: Filter| {
        let query = Query::all().matching(filter);
        match &discovery.below {
            Some(place) => query.below(place.clone()),
            None => query,
        }
    };
    let lists = || -> Result<_, ParseError> {
        let asked = vec![reason::LAST_SIGN_IN.parse()?, reason::DELEGATES_TO.parse()?];
        let options = ListOptions::new().attributes(asked);
        let all = directory.list_accounts(&place(discovery.filter(now)?), options);
        // Its value is binary, and accounts hold texts only: who has it is asked on its own.
        let allowing: Listing<Account> = if discovery.wants(Signal::Delegation) {
            let present = Filter::present(RESOURCE_DELEGATION.parse()?);
            directory.list_accounts(&place(present), ListOptions::new())
        } else {
            Box::pin(stream::empty())
        };
        Ok((all, allowing))
    };
    let (all, allowing) = match lists() {
        Ok(lists) => lists,
        Err(error) => return listing::failed(crate::Error::from(error).with_operation("accounts.discover")),
    };
    let discovery = discovery.clone();
    let begun = async move {
        let allowing: HashSet<ObjectGuid> = allowing.map_ok(|account| account.guid).try_collect().await?;
        Ok::<_, crate::Error>(all.try_filter_map(move |account| {
            let finding = if discovery.is_known(&account) {
                None
            } else {
                let allows = allowing.contains(&account.guid);
                Finding::of(account, &discovery, allows, now)
            };
            future::ready(Ok(finding))
        }))
    };
    Box::pin(stream::once(begun).try_flatten())
}

impl Discovery {
    /// The first of the patterns that a name fits.
    fn pattern(&self, name: &str) -> Option<&NamePattern> {
        self.patterns.iter().find(|pattern| pattern.matches(name))
    }
}
