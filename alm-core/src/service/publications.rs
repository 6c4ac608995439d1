//! How publishing ended, written down and told (T-12).

use sha2::{Digest as _, Sha256};

use super::alm::Alm;
use super::command::Caller;
use super::stored::index;
use super::unit::Unit;
use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::hex;
use crate::model::ids::{PublicationId, TemplateId, TemplateVersionId};
use crate::model::people::{Feature, Verb};
use crate::model::publication::{Publication, PublicationOutcome, PublicationStep};
use crate::model::template::{Template, TemplateBody};
use crate::port::store::Stored as _;

/// The attempt on this draft that is under way.
pub(super) fn attempt(
    unit: &Unit<'_>,
    template: &Template,
    draft: Option<&TemplateBody>,
    step: PublicationStep,
    outcome: PublicationOutcome,
) -> Result<Publication> {
    let draft = draft.map(serde_json::to_vec).transpose().map_err(|error| {
        Error::new(ErrorKind::Config, unit.operation, "the draft cannot be written as JSON")
            .with_source(error)
    })?;
    Ok(Publication {
        id: PublicationId::new(unit.new_id()?),
        template: template.id,
        name: template.name.clone(),
        step,
        asked_by: unit.person()?,
        asked_at: unit.now,
        number: template.versions + 1,
        draft: draft.map(|json| hex(&Sha256::digest(json))),
        outcome,
        version: None,
        findings: Vec::new(),
        obstacle: None,
    })
}

/// Keeps that it went well.
pub(super) fn keep_success(
    unit: &mut Unit<'_>,
    mut publication: Publication,
    version: Option<TemplateVersionId>,
) -> Result<()> {
    publication.version = version;
    unit.put(&publication, "write down how publishing ended")
}

/// Keeps why it did not, unless the caller had nothing to ask for or there is no such template.
pub(super) async fn keep_failure(
    unit: &mut Unit<'_>,
    template: TemplateId,
    step: PublicationStep,
    error: &Error,
) -> Result<()> {
    let outcome = match error.kind() {
        ErrorKind::Refused => PublicationOutcome::Refused,
        ErrorKind::Vault | ErrorKind::Directory | ErrorKind::Config => PublicationOutcome::NotChecked,
        _ => return Ok(()),
    };
    let Some(template) = unit.find::<Template>(template.uuid()).await? else { return Ok(()) };
    let mut publication = attempt(unit, &template, template.draft.as_ref(), step, outcome)?;
    publication.findings = error.refusals().iter().map(Into::into).collect();
    publication.obstacle = (outcome == PublicationOutcome::NotChecked).then(|| error.to_string());
    unit.put(&publication, "write down how publishing ended")
}

impl Alm {
    /// All attempts to publish a template, the oldest first, those behind `after`: who asked, what became of it, and everything that stood
    /// against it (T-12). Needs provision-template Read.
    ///
    /// ```
    /// # use alm_core::{Alm, Caller, model::ids::TemplateId};
    /// # async fn example(alm: Alm, caller: Caller, template: TemplateId) -> alm_core::Result<()> {
    /// for attempt in alm.publications(&caller, template, None, 100).await? {
    ///     println!("{} {:?}", attempt.asked_at, attempt.outcome);
    ///     for finding in attempt.findings {
    ///         println!("  {}: {} [{}]", finding.field, finding.message, finding.rule);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), [`NotFound`](ErrorKind::NotFound), those of the store.
    pub async fn publications(
        &self,
        caller: &Caller,
        template: TemplateId,
        after: Option<PublicationId>,
        limit: u32,
    ) -> Result<Vec<Publication>> {
        let mut unit = Unit::of(&self.0, "template.publications", caller);
        unit.require(Feature::ProvisionTemplate, Verb::Read, true).await?;
        unit.get::<Template>(template.uuid()).await?;
        let (kind, key) = (Publication::KIND, template.to_string());
        let after = after.map(PublicationId::uuid);
        let found = self.0.store.find(kind, index::TEMPLATE, &key, after, limit).await?;
        found.iter().map(Publication::read).collect()
    }
}
