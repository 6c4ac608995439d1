//! Publishing a template: the checks, and the second person where it takes two (T-10, T-12).
//!
//! [`Settings::two_person_publishing`](super::Settings::two_person_publishing) says whether it does. Then one proposes, and another, who neither
//! wrote the draft nor proposed it, approves.
//! However it ends, it is written down who asked for what and everything that stood against it: [`Alm::publications`](super::Alm::publications).

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::publications;
use super::templates::change;
use super::unit::Unit;
use crate::error::{Error, Refusal, Result};
use crate::model::audit::AuditResult;
use crate::model::estate::{Domain, Vault};
use crate::model::event::EventKind;
use crate::model::ids::{TemplateId, TemplateVersionId};
use crate::model::people::{Feature, Group, Person, Verb};
use crate::model::publication::{PublicationOutcome, PublicationStep};
use crate::model::template::{Template, TemplateBody, TemplateState, TemplateVersion};
use crate::rules::{template as rules, text};

/// The draft that could be published, once everything about it was checked.
async fn checked(unit: &mut Unit<'_>, template: &Template) -> Result<TemplateBody> {
    if template.state == TemplateState::Disabled {
        return unit.refuse(Refusal::new("T-8", "template", format!("{} is disabled", template.name)));
    }
    let Some(body) = template.draft.clone() else {
        let message = format!("{} has no draft to publish", template.name);
        return unit.refuse(Refusal::new("T-8", "template", message));
    };
    let people: Vec<Person> = unit.all().await?;
    let groups: Vec<Group> = unit.all().await?;
    let mut refusals = rules::check(&template.name, &body, &people, &groups).err().unwrap_or_default();
    if unit.find::<Domain>(body.directory.domain.uuid()).await?.is_none_or(|domain| !domain.enabled) {
        refusals.push(Refusal::new("T-12", "domain", "is unknown or disabled"));
    }
    if let Some(place) = &body.vault
        && unit.find::<Vault>(place.vault.uuid()).await?.is_none()
    {
        refusals.push(Refusal::new("T-12", "vault", "is unknown"));
    }
    if refusals.is_empty() {
        refusals = unit.inspector()?.inspect(&body).await?;
    }
    if refusals.is_empty() { Ok(body) } else { Err(Error::refused(unit.operation, refusals)) }
}

/// Publishes a template's draft as its next version.
pub(super) async fn publish(
    unit: &mut Unit<'_>,
    mut template: Template,
    step: PublicationStep,
) -> Result<TemplateVersionId> {
    let body = checked(unit, &template).await?;
    let kept = publications::attempt(unit, &template, Some(&body), step, PublicationOutcome::Published)?;
    template.draft = None;
    template.drafted_by = None;
    template.proposed_by = None;
    template.versions += 1;
    let version = TemplateVersion {
        id: TemplateVersionId::new(unit.new_id()?),
        template: template.id,
        name: template.name.clone(),
        number: template.versions,
        published_at: unit.now,
        published_by: unit.person()?,
        body,
    };
    template.state = TemplateState::Published;
    template.current = Some(version.id);
    unit.put(&version, format!("publish version {} of {}", version.number, template.name))?;
    change(unit, unit.operation, &template).await?;
    publications::keep_success(unit, kept, Some(version.id))?;
    Ok(version.id)
}

/// Publishes a template's draft as its next version (T-8, T-9, T-12). Needs provision-template Update.
///
/// The draft is checked by the rules, and an engine looks whether vault and domain would do what it says. Where publishing takes two people
/// (T-10), this is refused: see [`ProposeTemplate`].
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct PublishTemplate {
    /// Which.
    pub template: TemplateId,
}

impl PublishTemplate {
    /// Publishes it.
    pub const fn new(template: TemplateId) -> Self {
        Self { template }
    }
}

#[async_trait]
impl Decide for PublishTemplate {
    const NAME: &'static str = "template.publish";
    type Output = TemplateVersionId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<TemplateVersionId> {
        unit.require(Feature::ProvisionTemplate, Verb::Update, true).await?;
        if unit.alm.settings.two_person_publishing {
            let message = "takes two people here: propose it, and let another approve";
            return unit.refuse(Refusal::new("T-10", "template", message));
        }
        let template: Template = unit.get(self.template.uuid()).await?;
        publish(unit, template, PublicationStep::Publish).await
    }

    async fn failed(&self, unit: &mut Unit<'_>, error: &Error) -> Result<()> {
        publications::keep_failure(unit, self.template, PublicationStep::Publish, error).await
    }
}

fn require_two(unit: &Unit<'_>) -> Result<()> {
    if unit.alm.settings.two_person_publishing {
        return Ok(());
    }
    unit.refuse(Refusal::new("T-10", "template", "takes one person here: publish it"))
}

/// Wishes a template's draft to be published, where that takes two (T-10). Needs provision-template Update. Everything that publishing checks is
/// checked now, and again when it is approved.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct ProposeTemplate {
    /// Which.
    pub template: TemplateId,
}

impl ProposeTemplate {
    /// Proposes it.
    pub const fn new(template: TemplateId) -> Self {
        Self { template }
    }
}

#[async_trait]
impl Decide for ProposeTemplate {
    const NAME: &'static str = "template.propose";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ProvisionTemplate, Verb::Update, true).await?;
        require_two(unit)?;
        let mut template: Template = unit.get(self.template.uuid()).await?;
        let body = checked(unit, &template).await?;
        let (step, outcome) = (PublicationStep::Propose, PublicationOutcome::Proposed);
        let kept = publications::attempt(unit, &template, Some(&body), step, outcome)?;
        template.proposed_by = Some(unit.person()?);
        let text = format!("the template {} waits for a second person to publish it", template.name);
        unit.put(&template, &text)?;
        unit.audit(Self::NAME, format!("template {}", template.id), json!({ "name": template.name }));
        publications::keep_success(unit, kept, None)?;
        let administrators = unit.administrators().await?;
        unit.event(EventKind::TemplateNeedsApproval, text, administrators, |event| {
            event.template = Some(template.id);
        })
    }

    async fn failed(&self, unit: &mut Unit<'_>, error: &Error) -> Result<()> {
        publications::keep_failure(unit, self.template, PublicationStep::Propose, error).await
    }
}

/// A proposed template that the caller may judge: neither written nor proposed by them.
async fn proposed(unit: &mut Unit<'_>, id: TemplateId) -> Result<Template> {
    unit.require(Feature::ProvisionTemplateWorkflow, Verb::Update, true).await?;
    require_two(unit)?;
    let template: Template = unit.get(id.uuid()).await?;
    let caller = Some(unit.person()?);
    if template.proposed_by.is_none() {
        let message = format!("{} was not proposed, or was edited since", template.name);
        return unit.refuse(Refusal::new("T-10", "template", message));
    }
    if caller == template.proposed_by || caller == template.drafted_by {
        let message = "whoever wrote or proposed a template is not the second person";
        return unit.refuse(Refusal::new("T-10", "caller", message));
    }
    Ok(template)
}

/// Publishes a template that another person proposed (T-10). Needs provision-template-workflow Update.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct ApproveTemplate {
    /// Which.
    pub template: TemplateId,
}

impl ApproveTemplate {
    /// Publishes it.
    pub const fn new(template: TemplateId) -> Self {
        Self { template }
    }
}

#[async_trait]
impl Decide for ApproveTemplate {
    const NAME: &'static str = "template.approve";
    type Output = TemplateVersionId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<TemplateVersionId> {
        let template = proposed(unit, self.template).await?;
        publish(unit, template, PublicationStep::Approve).await
    }

    async fn failed(&self, unit: &mut Unit<'_>, error: &Error) -> Result<()> {
        publications::keep_failure(unit, self.template, PublicationStep::Approve, error).await
    }
}

/// Sends a proposed template back to whoever wrote and proposed it, with the reason (T-10). Needs provision-template-workflow Update.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RejectTemplate {
    /// Which.
    pub template: TemplateId,
    /// Why; told to them.
    pub reason: String,
}

impl RejectTemplate {
    /// Sends it back.
    pub fn new(template: TemplateId, reason: impl Into<String>) -> Self {
        Self { template, reason: reason.into() }
    }
}

#[async_trait]
impl Decide for RejectTemplate {
    const NAME: &'static str = "template.reject";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        let mut template = proposed(unit, self.template).await?;
        if let Err(refusal) = text::check("T-10", "reason", &self.reason, 4_000, true, true) {
            return unit.refuse(refusal);
        }
        let told: BTreeSet<_> = template.proposed_by.into_iter().chain(template.drafted_by).collect();
        template.proposed_by = None;
        unit.put(&template, format!("send the template {} back", template.name))?;
        let personal = unit.personal(&self.reason)?;
        unit.audit_as(
            Self::NAME,
            format!("template {}", template.id),
            AuditResult::Done,
            json!({ "name": template.name }),
            personal,
        );
        let text = format!("the template {} was sent back: {}", template.name, self.reason);
        unit.event(EventKind::TemplateStateChanged, text, told, |event| event.template = Some(template.id))
    }
}
