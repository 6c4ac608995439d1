//! Commands about templates (T-8, T-9, T-12).

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::model::estate::{Domain, Vault};
use crate::model::event::EventKind;
use crate::model::ids::{TemplateId, TemplateVersionId};
use crate::model::people::{Feature, Group, Person, Verb};
use crate::model::template::{Template, TemplateBody, TemplateState, TemplateVersion};
use crate::rules::{template, text};

/// Begins a template. Needs provision-template Create. Nothing is checked yet but its name: a draft may be incomplete.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DraftTemplate {
    /// Unique among templates, without case.
    pub name: String,
    /// What it says.
    pub body: TemplateBody,
}

impl DraftTemplate {
    /// A draft.
    pub fn new(name: impl Into<String>, body: TemplateBody) -> Self {
        Self { name: name.into(), body }
    }
}

#[async_trait]
impl Decide for DraftTemplate {
    const NAME: &'static str = "template.draft";
    type Output = TemplateId;

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<TemplateId> {
        unit.require(Feature::ProvisionTemplate, Verb::Create, true).await?;
        if let Err(refusal) = text::check("T-1", "name", &self.name, 100, true, false) {
            return unit.refuse(refusal);
        }
        let unique = format!("template:{}", self.name.to_lowercase());
        unit.require_free(&unique, None, || {
            Refusal::new("T-1", "name", format!("a template {:?} exists already", self.name))
        })
        .await?;
        let template = Template {
            id: TemplateId::new(unit.new_id()?),
            name: self.name.clone(),
            state: TemplateState::Draft,
            draft: Some(self.body.clone()),
            current: None,
            versions: 0,
        };
        unit.put(&template, format!("draft the template {}", self.name))?;
        unit.audit(Self::NAME, format!("template {}", template.id), json!({ "name": self.name }));
        Ok(template.id)
    }
}

/// Replaces a template's draft, or begins one for the next version of a published template without unpublishing it (T-9). Needs
/// provision-template Update.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EditTemplate {
    /// Which.
    pub template: TemplateId,
    /// What it says now.
    pub body: TemplateBody,
}

impl EditTemplate {
    /// Another draft.
    pub const fn new(template: TemplateId, body: TemplateBody) -> Self {
        Self { template, body }
    }
}

#[async_trait]
impl Decide for EditTemplate {
    const NAME: &'static str = "template.edit";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ProvisionTemplate, Verb::Update, true).await?;
        let mut template: Template = unit.get(self.template.uuid()).await?;
        if template.state == TemplateState::Disabled {
            return unit.refuse(Refusal::new("T-8", "template", format!("{} is disabled", template.name)));
        }
        template.draft = Some(self.body.clone());
        unit.put(&template, format!("edit the draft of {}", template.name))?;
        unit.audit(Self::NAME, format!("template {}", template.id), json!({ "name": template.name }));
        Ok(())
    }
}

/// Publishes a template's draft as its next version (T-8, T-9, T-12). Needs provision-template Update.
///
/// The draft is checked by the rules, and an engine looks whether vault and domain would do what it says.
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
        let mut template: Template = unit.get(self.template.uuid()).await?;
        if template.state == TemplateState::Disabled {
            return unit.refuse(Refusal::new("T-8", "template", format!("{} is disabled", template.name)));
        }
        let Some(body) = template.draft.take() else {
            return unit.refuse(Refusal::new(
                "T-8",
                "template",
                format!("{} has no draft to publish", template.name),
            ));
        };
        let people: Vec<Person> = unit.all().await?;
        let groups: Vec<Group> = unit.all().await?;
        let mut refusals = template::check(&template.name, &body, &people, &groups).err().unwrap_or_default();
        if unit.find::<Domain>(body.directory.domain.uuid()).await?.is_none_or(|domain| !domain.enabled) {
            refusals.push(Refusal::new("T-12", "domain", "is unknown or disabled"));
        }
        if unit.find::<Vault>(body.vault.vault.uuid()).await?.is_none() {
            refusals.push(Refusal::new("T-12", "vault", "is unknown"));
        }
        if refusals.is_empty() {
            let Some(inspector) = unit.alm.inspector.clone() else {
                return Err(Error::new(
                    ErrorKind::Config,
                    unit.operation,
                    "no engine is there that could look at vault and domain",
                )
                .with_advice("give the service an inspector"));
            };
            refusals = inspector.inspect(&body).await?;
        }
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
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
        change(unit, Self::NAME, &template)?;
        Ok(version.id)
    }
}

/// Takes a published template back to be edited (T-8). Needs provision-template Update. Accounts keep their versions.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct UnpublishTemplate {
    /// Which.
    pub template: TemplateId,
}

impl UnpublishTemplate {
    /// Takes it back.
    pub const fn new(template: TemplateId) -> Self {
        Self { template }
    }
}

#[async_trait]
impl Decide for UnpublishTemplate {
    const NAME: &'static str = "template.unpublish";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ProvisionTemplate, Verb::Update, true).await?;
        let mut template: Template = unit.get(self.template.uuid()).await?;
        let (TemplateState::Published, Some(current)) = (template.state, template.current) else {
            return unit.refuse(Refusal::new(
                "T-8",
                "template",
                format!("{} is not published", template.name),
            ));
        };
        if template.draft.is_none() {
            let version: TemplateVersion = unit.get(current.uuid()).await?;
            template.draft = Some(version.body);
        }
        template.state = TemplateState::Unpublished;
        change(unit, Self::NAME, &template)
    }
}

/// Disables a template for good: no new requests (T-8). Needs provision-template Delete. Accounts keep their versions.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct DisableTemplate {
    /// Which.
    pub template: TemplateId,
}

impl DisableTemplate {
    /// Disables it.
    pub const fn new(template: TemplateId) -> Self {
        Self { template }
    }
}

#[async_trait]
impl Decide for DisableTemplate {
    const NAME: &'static str = "template.disable";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::ProvisionTemplate, Verb::Delete, true).await?;
        let mut template: Template = unit.get(self.template.uuid()).await?;
        template.state = TemplateState::Disabled;
        change(unit, Self::NAME, &template)
    }
}

fn change(unit: &mut Unit<'_>, name: &'static str, template: &Template) -> Result<()> {
    let text = format!("{} is {:?}", template.name, template.state);
    unit.put(template, &text)?;
    unit.audit(
        name,
        format!("template {}", template.id),
        json!({ "state": template.state, "version": template.current, "number": template.versions }),
    );
    unit.event(EventKind::TemplateStateChanged, text, std::collections::BTreeSet::new(), |event| {
        event.template = Some(template.id);
    })
}
