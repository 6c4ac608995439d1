//! Option Cl: another account like one that is there (M-3).

use async_trait::async_trait;
use serde::Serialize;

use super::accounts::owned;
use super::command::decide::Decide;
use super::requests::{current_version, draft};
use super::unit::Unit;
use crate::error::{Refusal, Result};
use crate::model::ids::{AccountId, RequestId};
use crate::model::people::{Feature, Person, Verb};
use crate::model::request::RequestForm;
use crate::model::template::TemplateVersion;
use crate::rules::lifecycle::{self, AccountOption};
use crate::rules::{access, attributes, naming};

/// Cl: begins a request for another account like this one, whatever became of it. The account stays as it is.
///
/// The draft is of the version that is current now (T-9), with what of the account it still offers; the name, the justification and the
/// agreement to terms are for the requester to give. Needs provision-request Create, to be in the template's requester groups (T-7), and
/// managed-account Read on the account.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct CloneAccount {
    /// Like which.
    pub account: AccountId,
}

impl CloneAccount {
    /// Like this one.
    pub const fn new(account: AccountId) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Decide for CloneAccount {
    const NAME: &'static str = "account.clone";
    type Output = RequestId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<RequestId> {
        unit.require(Feature::ProvisionRequest, Verb::Create, true).await?;
        let account = owned(unit, self.account, Verb::Read).await?;
        if let Err(refusal) = lifecycle::require(&account, unit.now, AccountOption::Clone) {
            return unit.refuse(refusal);
        }
        let version: TemplateVersion = current_version(unit, account.template).await?;
        let person = unit.person()?;
        let requester: Person = unit.get(person.uuid()).await?;
        let groups = unit.groups(version.body.requesters.iter().copied()).await?;
        if !access::is_in_any(requester.id, &version.body.requesters, &groups) {
            let message = "is in none of the template's requester groups";
            return unit.refuse(Refusal::new("T-7", "requester", message));
        }
        let place = &version.body.directory;
        let name = naming::common_name(&account.name);
        let name = name.strip_prefix(place.name_prefix.as_str()).unwrap_or(name);
        let offered = version.body.periods.contains(&account.period);
        let period = if offered { Some(account.period) } else { version.body.periods.first().copied() };
        let mut form = RequestForm::new(name, period.unwrap_or(account.period), "");
        form.description.clone_from(&account.description);
        form.owners.clone_from(&account.owners);
        form.attributes = attributes::offered(&version.body, &account.attributes);
        form.ou = naming::choose_ou(place, Some(&account.ou)).is_ok().then(|| account.ou.clone());
        draft(unit, &version, form, Some(account.id))
    }
}
