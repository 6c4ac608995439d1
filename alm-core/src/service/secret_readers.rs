//! Who can read what a template's accounts sign in with (T-16).

use std::collections::{BTreeMap, BTreeSet};

use super::alm::Alm;
use super::command::Caller;
use super::owners::owners_of;
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::account::{Account, AccountStatus};
use crate::model::ids::{PersonId, TemplateId};
use crate::model::people::{Feature, Group, Person, Verb};
use crate::model::secret_readers::{CanRead, FolderReaders, ReaderOf};
use crate::model::template::{Template, TemplateBody, TemplateVersion};
use crate::rules::{access, ownership, secret_readers as rules};

const OPERATION: &str = "template.secret_readers";

/// Who can read the secrets in a template's folder, of those whom the template is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretReaders {
    /// The enabled people whom its steps of approval name, each once: an approver who reads the secrets can use what they approve.
    pub approvers: Vec<ReaderOf>,
    /// The enabled people who own accounts of the template, or would when they request one.
    pub owners: Vec<ReaderOf>,
    /// What whoever publishes should know, in words: approvers who can read, and owners who cannot.
    pub warnings: Vec<String>,
    /// What could not be looked into, by name.
    pub unknown: Vec<String>,
}

impl Alm {
    /// Who can read the secrets in a template's folder (T-16): approvers who can, and owners who cannot, with a warning for each. Of a template that was
    /// never published, what its draft says. Asks the vault through the inspector; people are matched by their account in Active Directory or an e-mail
    /// address, and who cannot be matched is [`CanRead::Unknown`]. Rights on single secrets are not looked at. Needs provision-template Read. Changes
    /// nothing.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), [`NotFound`](crate::ErrorKind::NotFound); Refused with T-11 for a template of gMSAs, whose passwords are in no
    /// vault; [`Config`](crate::ErrorKind::Config) when nobody is there who could ask; [`Vault`](crate::ErrorKind::Vault) when the vault could not be asked.
    pub async fn secret_readers(&self, caller: &Caller, template: TemplateId) -> Result<SecretReaders> {
        let mut unit = Unit::of(&self.0, OPERATION, caller);
        unit.require(Feature::ProvisionTemplate, Verb::Read, true).await?;
        let template: Template = unit.get(template.uuid()).await?;
        let body = match (template.current, &template.draft) {
            (Some(current), _) => unit.get::<TemplateVersion>(current.uuid()).await?.body,
            (None, Some(draft)) => draft.clone(),
            (None, None) => return Err(Error::not_found(OPERATION, "what the template says")),
        };
        let Some(place) = &body.vault else {
            let message = format!("the passwords of {} are in no vault", template.name);
            return unit.refuse(Refusal::new("T-11", "vault", message));
        };
        let inspector = unit.inspector()?;
        let readers = inspector.secret_readers(place).await?;
        let approvers = look(approvers(&mut unit, &body).await?, &readers);
        let owners = look(owners(&mut unit, template.id, &body).await?, &readers);
        let folder = &place.folder;
        let mut warnings = Vec::new();
        for one in approvers.iter().filter(|one| one.can_read == CanRead::Yes) {
            warnings.push(format!("{} approves, and can read every secret in folder {folder}", one.name));
        }
        for one in owners.iter().filter(|one| one.can_read == CanRead::No) {
            warnings.push(format!(
                "{} owns accounts, or may, and cannot read their secrets in folder {folder}",
                one.name
            ));
        }
        Ok(SecretReaders { approvers, owners, warnings, unknown: readers.unknown })
    }
}

fn look(people: BTreeMap<PersonId, Person>, readers: &FolderReaders) -> Vec<ReaderOf> {
    let enabled = people.into_values().filter(|person| person.enabled);
    enabled
        .map(|person| ReaderOf::new(person.id, &person.display_name, rules::can_read(&person, readers)))
        .collect()
}

async fn in_groups(unit: &mut Unit<'_>, groups: &[Group]) -> Result<Vec<Person>> {
    let members = unit.members(groups).await?;
    let ids: Vec<_> = groups.iter().map(|group| group.id).collect();
    Ok(members.into_iter().filter(|person| access::is_in_any(person.id, &ids, groups)).collect())
}

async fn approvers(unit: &mut Unit<'_>, body: &TemplateBody) -> Result<BTreeMap<PersonId, Person>> {
    let mut people = BTreeMap::new();
    for step in &body.approval {
        let groups = unit.groups(step.groups.iter().copied()).await?;
        let named = unit.people(step.people.iter().copied()).await?;
        people.extend(named.into_iter().map(|person| (person.id, person)));
        people.extend(in_groups(unit, &groups).await?.into_iter().map(|person| (person.id, person)));
    }
    Ok(people)
}

/// Those who may request are the first owners of what they request.
async fn owners(
    unit: &mut Unit<'_>,
    template: TemplateId,
    body: &TemplateBody,
) -> Result<BTreeMap<PersonId, Person>> {
    let groups = unit.groups(body.requesters.iter().copied()).await?;
    let mut people: BTreeMap<_, _> =
        in_groups(unit, &groups).await?.into_iter().map(|person| (person.id, person)).collect();
    let accounts: Vec<Account> = unit.find_by(index::TEMPLATE, &template.to_string()).await?;
    let live = accounts.into_iter().filter(|account| account.status != AccountStatus::Deleted);
    let named: BTreeSet<_> = live.flat_map(|account| account.owners).collect();
    let (known, groups) = owners_of(unit, &named).await?;
    let active = ownership::active_people(&named, &known, &groups);
    people.extend(
        known.into_iter().filter(|person| active.contains(&person.id)).map(|person| (person.id, person)),
    );
    Ok(people)
}
