//! Policy as code (section F): what a file says is compared with what there is, shown as a plan, and applied in one commit.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::roles::{AddRole, EditRole};
use super::settings::Settings;
use super::stored::index;
use super::templates::{DraftTemplate, EditTemplate};
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::audit::hex;
use crate::model::estate::{Domain, Vault};
use crate::model::ids::{RoleId, TemplateId};
use crate::model::people::{Feature, Group, Person, Role, Verb};
use crate::model::policy::{
    POLICY_VERSION, Policy, PolicyPermission, PolicyRole, PolicySettings, PolicyTemplate,
};
use crate::model::template::{Template, TemplateBody, TemplateState, TemplateVersion};
use crate::port::store::Stored;
use crate::rules::policy::{self as rule, Reference};
use crate::rules::text;

/// Brings roles and templates to what a policy says, all of it or nothing. [`Alm::plan`] shows every difference first, field by field.
///
/// Roles are changed at once. A template gets a draft, beside the version that is published; publishing stays a step of its own, with its checks of
/// vault and domain and, where that is wanted, with its second person (T-10, T-12). What the policy does not name stays as it is; nothing is
/// deleted. Applying the same policy again changes nothing.
///
/// Needs the permissions of the commands that it stands for: for roles role Create and Update with Manage, for templates provision-template Create,
/// Read and Update, and user Read with Manage where they name people. Choose a key for each run, and not for each state of the file: under the key
/// of an earlier run nothing is compared again (R-13). All that is wrong with the policy is said at once: fields that there are not (F-1), names that mean nothing or more than one (F-2), settings that the
/// service does not run with (F-3), and what those commands refuse.
///
/// ```
/// # #[cfg(feature = "toml")]
/// # async fn run(alm: alm_core::Alm, caller: alm_core::Caller) -> Result<(), Box<dyn std::error::Error>> {
/// use alm_core::model::policy::Policy;
/// use alm_core::service::policy::ApplyPolicy;
/// use alm_core::service::publishing::PublishTemplate;
///
/// let policy = Policy::from_toml(&std::fs::read_to_string("policy.toml")?)?;
/// let apply = ApplyPolicy::new(policy).revision("1f6c2ab");
/// for line in alm.plan(&caller, &apply).await?.changes {
///     println!("{line}");
/// }
/// let run = uuid::Uuid::new_v4();
/// let applied = alm.execute(&caller, format!("policy {run}"), apply).await?;
/// for template in applied.to_publish {
///     alm.execute(&caller, format!("publish {template} of {run}"), PublishTemplate::new(template)).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ApplyPolicy {
    /// What it says.
    pub policy: Policy,
    /// Which state of the file it is, such as a commit's hash; for the audit.
    pub revision: String,
}

impl ApplyPolicy {
    /// Applies a policy.
    pub const fn new(policy: Policy) -> Self {
        Self { policy, revision: String::new() }
    }

    /// Says which state of the file it is.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = revision.into();
        self
    }
}

/// What applying a policy changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AppliedPolicy {
    /// Roles that were added or changed.
    pub roles: Vec<RoleId>,
    /// Templates that have a new draft.
    pub templates: Vec<TemplateId>,
    /// Templates of the policy that have a draft which is to be published: those above, and what an earlier application left.
    pub to_publish: Vec<TemplateId>,
}

#[cfg(feature = "toml")]
#[cfg_attr(docsrs, doc(cfg(feature = "toml")))]
impl Policy {
    /// Reads TOML.
    ///
    /// # Errors
    /// Refused with F-1, with the line and what is wrong there.
    pub fn from_toml(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text.bytes().take(span.start).filter(|byte| *byte == b'\n').count().saturating_add(1)
            });
            let message = format!("line {line}: {}", error.message());
            Error::refused("policy.read", vec![Refusal::new("F-1", "toml", message)])
        })
    }

    /// Writes TOML.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when a template's field holds what TOML has no form for.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(|error| {
            Error::new(ErrorKind::Config, "policy.write", "TOML has no form for it").with_source(error)
        })
    }
}

#[async_trait]
impl Decide for ApplyPolicy {
    const NAME: &'static str = "policy.apply";
    type Output = AppliedPolicy;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<AppliedPolicy> {
        if !self.policy.roles.is_empty() {
            unit.require(Feature::Role, Verb::Update, false).await?;
        }
        if !self.policy.templates.is_empty() || self.policy.roles.is_empty() {
            unit.require(Feature::ProvisionTemplate, Verb::Read, true).await?;
            unit.require(Feature::ProvisionTemplate, Verb::Update, true).await?;
        }
        let mut refusals = self.faults(&unit.alm.settings);
        let mut applied = AppliedPolicy::default();
        for role in &self.policy.roles {
            let outcome = apply_role(unit, role).await;
            applied.roles.extend(collect(outcome, &mut refusals)?.flatten());
        }
        for template in &self.policy.templates {
            let outcome = apply_template(unit, template).await;
            let Some((id, drafted, open)) = collect(outcome, &mut refusals)? else { continue };
            applied.templates.extend(drafted.then_some(id));
            applied.to_publish.extend(open.then_some(id));
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        if applied.roles.is_empty() && applied.templates.is_empty() {
            return Ok(applied);
        }
        let text = serde_json::to_string(&self.policy).unwrap_or_default();
        unit.audit(
            Self::NAME,
            "policy",
            json!({
                "revision": self.revision, "sha256": hex(&Sha256::digest(text.as_bytes())),
                "roles": applied.roles, "templates": applied.templates,
            }),
        );
        Ok(applied)
    }
}

impl ApplyPolicy {
    /// What is wrong with the policy as a whole.
    fn faults(&self, settings: &Settings) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        if self.policy.version != POLICY_VERSION {
            let message = format!(
                "is {}; this version reads policies of version {POLICY_VERSION}",
                self.policy.version
            );
            refusals.push(Refusal::new("F-1", "version", message));
        }
        refusals.extend(text::check("F-1", "revision", &self.revision, 100, false, false).err());
        let roles = self.policy.roles.iter().map(|role| ("role", &role.name));
        let templates = self.policy.templates.iter().map(|template| ("template", &template.name));
        let mut seen = BTreeSet::new();
        for (kind, name) in roles.chain(templates) {
            if !seen.insert((kind, name.to_lowercase())) {
                refusals.push(Refusal::new("F-1", "name", format!("the {kind} {name} is there twice")));
            }
        }
        if let Some(wanted) = &self.policy.settings {
            let has = settings_of(settings);
            let mut differ = |name: &str, wanted: Option<String>, has: Option<String>| {
                if let Some(wanted) = wanted.filter(|wanted| has.as_ref() != Some(wanted)) {
                    let has = has.unwrap_or_default();
                    let message = format!(
                        "{name} is to be {wanted}, and the service runs with {has}: start it with the other"
                    );
                    refusals.push(Refusal::new("F-3", "settings", message));
                }
            };
            let flag = |value: Option<bool>| value.map(|value| value.to_string());
            differ(
                "two_person_publishing",
                flag(wanted.two_person_publishing),
                flag(has.two_person_publishing),
            );
            differ("tell_of_templates", flag(wanted.tell_of_templates), flag(has.tell_of_templates));
            let number = |value: Option<usize>| value.map(|value| value.to_string());
            differ("rotations_at_once", number(wanted.rotations_at_once), number(has.rotations_at_once));
            let number = |value: Option<u64>| value.map(|value| value.to_string());
            differ("sweep_accounts", number(wanted.sweep_accounts), number(has.sweep_accounts));
            differ("sweep_percent", number(wanted.sweep_percent), number(has.sweep_percent));
        }
        refusals
    }
}

const fn settings_of(settings: &Settings) -> PolicySettings {
    PolicySettings {
        two_person_publishing: Some(settings.two_person_publishing),
        tell_of_templates: Some(settings.tell_of_templates),
        rotations_at_once: Some(settings.rotations_at_once),
        sweep_accounts: Some(settings.sweep.accounts),
        sweep_percent: Some(settings.sweep.percent),
    }
}

/// A part's refusals go to the others, so that all are said at once; another error ends everything.
fn collect<T>(outcome: Result<T>, refusals: &mut Vec<Refusal>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Refused => {
            refusals.extend(error.refusals().iter().cloned());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn named<T: Stored>(unit: &mut Unit<'_>, unique: String) -> Result<Option<T>> {
    match unit.alm.store.holder(&unique).await? {
        Some((_, id)) => unit.find(id).await,
        None => Ok(None),
    }
}

async fn apply_role(unit: &mut Unit<'_>, role: &PolicyRole) -> Result<Option<RoleId>> {
    let permissions: BTreeSet<_> = role.permissions.iter().map(|permission| permission.0).collect();
    let before: Option<Role> = named(unit, format!("role:{}", role.name.to_lowercase())).await?;
    let Some(before) = before else {
        let mut add = AddRole::new(&role.name, permissions.clone());
        add.for_new_people = role.for_new_people;
        let id = add.decide(unit).await?;
        if role.disabled {
            let (name, built_in, enabled) = (role.name.clone(), false, false);
            let for_new_people = role.for_new_people;
            let role = Role { id, name, built_in, enabled, for_new_people, permissions };
            unit.put(&role, format!("disable the role {}", role.name))?;
        }
        for permission in &role.permissions {
            unit.changes.push(format!("  {}: + {permission}", role.name));
        }
        if role.for_new_people {
            unit.changes.push(format!("  {}: everybody who is added from now on gets it", role.name));
        }
        return Ok(Some(id));
    };
    let mut edit = EditRole::new(before.id, &role.name, permissions.clone());
    edit.for_new_people = role.for_new_people;
    edit.enabled = !role.disabled;
    let staged = unit.changes.len();
    edit.decide(unit).await?;
    if unit.changes.len() == staged {
        return Ok(None);
    }
    let mut say = |what: &str, before: &dyn std::fmt::Display, after: &dyn std::fmt::Display| {
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            unit.changes.push(format!("  {}: {what}: {before} → {after}", role.name));
        }
    };
    say("name", &before.name, &role.name);
    say("disabled", &!before.enabled, &role.disabled);
    say("for_new_people", &before.for_new_people, &role.for_new_people);
    for gone in before.permissions.difference(&permissions) {
        unit.changes.push(format!("  {}: - {}", role.name, PolicyPermission(*gone)));
    }
    for new in permissions.difference(&before.permissions) {
        unit.changes.push(format!("  {}: + {}", role.name, PolicyPermission(*new)));
    }
    Ok(Some(before.id))
}

/// Its id, whether it got a draft just now, and whether it has one.
async fn apply_template(unit: &mut Unit<'_>, template: &PolicyTemplate) -> Result<(TemplateId, bool, bool)> {
    let mut fields = template.body.clone();
    resolve(unit, &template.name, &mut fields).await?;
    let body =
        rule::body(&template.name, &fields).map_err(|refusals| Error::refused(unit.operation, refusals))?;
    let there: Option<Template> = named(unit, format!("template:{}", template.name.to_lowercase())).await?;
    let after = readable(unit, &template.name, &body).await?;
    let Some(there) = there else {
        let id = DraftTemplate::new(&template.name, body).decide(unit).await?;
        say(unit, &template.name, &rule::differences(&serde_json::Map::new(), &after));
        return Ok((id, true, true));
    };
    if there.state == TemplateState::Disabled {
        return unit.refuse(Refusal::new("T-8", "template", format!("{} is disabled", there.name)));
    }
    let before = latest(unit, &there).await?;
    if before.as_ref() == Some(&body) {
        return Ok((there.id, false, there.draft.is_some()));
    }
    EditTemplate::new(there.id, body).decide(unit).await?;
    if there.draft.is_some() {
        unit.changes.push(format!("  {}: takes the place of a draft that is there", there.name));
    }
    let before = match &before {
        Some(before) => readable(unit, &there.name, before).await?,
        None => serde_json::Map::new(),
    };
    say(unit, &there.name, &rule::differences(&before, &after));
    Ok((there.id, true, true))
}

fn say(unit: &mut Unit<'_>, template: &str, lines: &[String]) {
    unit.changes.extend(lines.iter().map(|line| format!("  {template}: {line}")));
}

/// A body's fields as a file would say them; with identifiers where something has no name that a file could say.
async fn readable(
    unit: &mut Unit<'_>,
    template: &str,
    body: &TemplateBody,
) -> Result<serde_json::Map<String, serde_json::Value>> {
    let mut fields = rule::fields(body);
    match describe(unit, template, &mut fields).await {
        Err(error) if error.kind() != ErrorKind::Refused => Err(error),
        _ => Ok(fields),
    }
}

/// What a template says that is to count next: its draft, else its published version.
async fn latest(unit: &mut Unit<'_>, template: &Template) -> Result<Option<TemplateBody>> {
    match (&template.draft, template.current) {
        (Some(draft), _) => Ok(Some(draft.clone())),
        (None, Some(current)) => Ok(Some(unit.get::<TemplateVersion>(current.uuid()).await?.body)),
        (None, None) => Ok(None),
    }
}

/// Puts identifiers in the place of names; every name that means nothing, or more than one, is refused (F-2).
async fn resolve(
    unit: &mut Unit<'_>,
    template: &str,
    fields: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<()> {
    let mut wanted = BTreeSet::new();
    rule::references(fields, |reference, path, name| {
        wanted.insert((reference, name.clone(), path.to_owned()));
    });
    if wanted.iter().any(|(reference, ..)| *reference == Reference::Person) {
        // Else whoever may write templates could ask who has which address.
        unit.require(Feature::User, Verb::Read, false).await?;
    }
    let mut known = BTreeMap::new();
    let mut refusals = Vec::new();
    for (reference, name, path) in wanted {
        let meant = meant(unit, reference, &name).await?;
        if let [id] = meant.as_slice() {
            known.insert((reference, name), id.to_string());
            continue;
        }
        let message = if reference == Reference::Person {
            // Addresses are personal, and refusals are audited (A-2): where it stands says enough.
            format!("{template}: {path} is the address of {} people", meant.len())
        } else {
            let name: String = name.chars().take(100).collect();
            format!("{template}: {path}: there is no {} {name:?}", word(reference))
        };
        refusals.push(Refusal::new("F-2", "template", message));
    }
    if !refusals.is_empty() {
        return Err(Error::refused(unit.operation, refusals));
    }
    rule::references(fields, |reference, _, name| {
        if let Some(id) = known.get(&(reference, name.clone())) {
            name.clone_from(id);
        }
    });
    Ok(())
}

const fn word(reference: Reference) -> &'static str {
    match reference {
        Reference::Vault => "vault",
        Reference::Domain => "domain",
        Reference::Group => "group",
        Reference::Person => "person",
    }
}

async fn meant(unit: &mut Unit<'_>, reference: Reference, name: &str) -> Result<Vec<uuid::Uuid>> {
    let lower = name.to_lowercase();
    let one = match reference {
        Reference::Vault => named::<Vault>(unit, format!("vault:{lower}")).await?.map(|vault| vault.id()),
        Reference::Domain => {
            named::<Domain>(unit, format!("domain:{lower}")).await?.map(|domain| domain.id())
        }
        Reference::Group => named::<Group>(unit, format!("group:{lower}")).await?.map(|group| group.id()),
        Reference::Person => {
            let people: Vec<Person> = unit.find_by(index::EMAIL, &lower).await?;
            return Ok(people.iter().map(Stored::id).collect());
        }
    };
    Ok(one.into_iter().collect())
}

impl Alm {
    /// Roles, templates and settings as they are, as a policy: to begin a file with, or to compare one with. Disabled templates are left out, as are
    /// the built-in roles; of a template that has a draft, the draft is written.
    ///
    /// Needs provision-template Read, and Read with Manage of roles, groups, users, vaults and directory services, whose names it says.
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), those of the store. Refused with F-2 when a template names a person who has no e-mail address of their own,
    /// or something that is gone.
    pub async fn policy(&self, caller: &Caller) -> Result<Policy> {
        let mut unit = Unit::of(&self.0, "policy.read", caller);
        unit.require(Feature::ProvisionTemplate, Verb::Read, true).await?;
        for named in [Feature::Role, Feature::Group, Feature::User, Feature::Vault, Feature::DirectoryService]
        {
            unit.require(named, Verb::Read, false).await?;
        }
        let mut policy = Policy::new();
        policy.settings = Some(settings_of(&self.0.settings));
        let mut roles: Vec<Role> = unit.all().await?;
        roles.retain(|role| !role.built_in);
        roles.sort_by(|one, two| one.name.cmp(&two.name));
        for role in roles {
            let mut said = PolicyRole::new(&role.name, role.permissions);
            said.for_new_people = role.for_new_people;
            said.disabled = !role.enabled;
            policy.roles.push(said);
        }
        let mut templates: Vec<Template> = unit.all().await?;
        templates.retain(|template| template.state != TemplateState::Disabled);
        templates.sort_by(|one, two| one.name.cmp(&two.name));
        for template in templates {
            let Some(body) = latest(&mut unit, &template).await? else { continue };
            let mut fields = rule::fields(&body);
            describe(&mut unit, &template.name, &mut fields).await?;
            policy.templates.push(PolicyTemplate::new(template.name, fields));
        }
        Ok(policy)
    }
}

/// Puts names in the place of identifiers.
async fn describe(
    unit: &mut Unit<'_>,
    template: &str,
    fields: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<()> {
    let mut wanted = BTreeSet::new();
    rule::references(fields, |reference, _, id| {
        wanted.insert((reference, id.clone()));
    });
    let mut names = BTreeMap::new();
    for (reference, id) in wanted {
        let Some(name) = name_of(unit, reference, &id).await? else {
            let message = format!("{template}: {} {id} has no name that a file could say", word(reference));
            return unit.refuse(Refusal::new("F-2", "template", message));
        };
        names.insert((reference, id), name);
    }
    rule::references(fields, |reference, _, id| {
        if let Some(name) = names.get(&(reference, id.clone())) {
            id.clone_from(name);
        }
    });
    Ok(())
}

async fn name_of(unit: &mut Unit<'_>, reference: Reference, id: &str) -> Result<Option<String>> {
    let Ok(id) = id.parse::<uuid::Uuid>() else { return Ok(None) };
    Ok(match reference {
        Reference::Vault => unit.find::<Vault>(id).await?.map(|vault| vault.name),
        Reference::Domain => unit.find::<Domain>(id).await?.map(|domain| domain.name),
        Reference::Group => unit.find::<Group>(id).await?.map(|group| group.name),
        Reference::Person => {
            let Some(person) = unit.find::<Person>(id).await? else { return Ok(None) };
            for email in person.emails {
                let holders: Vec<Person> = unit.find_by(index::EMAIL, &email.to_lowercase()).await?;
                if holders.len() == 1 {
                    return Ok(Some(email));
                }
            }
            None
        }
    })
}
