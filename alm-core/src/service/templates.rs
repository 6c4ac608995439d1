//! Commands about templates (T-8, T-9); publishing is [`super::publishing`].

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;

use super::command::decide::Decide;
use super::unit::Unit;
use crate::error::{Refusal, Result};
use crate::model::event::EventKind;
use crate::model::ids::TemplateId;
use crate::model::people::{Feature, Verb};
use crate::model::template::{Template, TemplateBody, TemplateState, TemplateVersion};
use crate::rules::text;

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
            drafted_by: Some(unit.person()?),
            proposed_by: None,
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
        template.drafted_by = Some(unit.person()?);
        template.proposed_by = None;
        unit.put(&template, format!("edit the draft of {}", template.name))?;
        unit.audit(Self::NAME, format!("template {}", template.id), json!({ "name": template.name }));
        Ok(())
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
            template.drafted_by = Some(unit.person()?);
        }
        template.state = TemplateState::Unpublished;
        change(unit, Self::NAME, &template).await
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
        change(unit, Self::NAME, &template).await
    }
}

pub(super) async fn change(unit: &mut Unit<'_>, name: &'static str, template: &Template) -> Result<()> {
    let text = format!("{} is {:?}", template.name, template.state);
    unit.put(template, &text)?;
    unit.audit(
        name,
        format!("template {}", template.id),
        json!({ "state": template.state, "version": template.current, "number": template.versions }),
    );
    // N-2: nobody, unless that is turned on.
    let told =
        if unit.alm.settings.tell_of_templates { unit.administrators().await? } else { BTreeSet::new() };
    unit.event(EventKind::TemplateStateChanged, text, told, |event| event.template = Some(template.id))
}
