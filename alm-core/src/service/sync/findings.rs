//! What a sync could not do by itself: kept while it is so, told once.

use std::collections::BTreeMap;

use ad_directory::ObjectGuid;

use super::Run;
use super::apply::{Came, Part};
use crate::error::Result;
use crate::model::event::EventKind;
use crate::model::ids::PersonId;
use crate::model::sync::SyncFinding;
use crate::service::stored::index;
use crate::service::unit::Unit;

/// How many are written in one commit.
const FINDINGS: usize = 100;
/// How many are told in words.
const EXAMPLES: usize = 5;

/// What a person has to decide: about which object, about whom if the sync keeps somebody for it, and why.
pub(super) struct Report {
    pub(super) object: ObjectGuid,
    pub(super) person: Option<PersonId>,
    pub(super) text: String,
}

impl Run<'_> {
    /// Keeps exactly these; administrators are told of those that are new.
    pub(super) async fn report(&self, reports: Vec<Report>) -> Result<()> {
        let mut wanted: BTreeMap<ObjectGuid, Report> =
            reports.into_iter().map(|report| (report.object, report)).collect();
        let mut unit = self.unit();
        let before: Vec<SyncFinding> = unit.find_by(index::DOMAIN, &self.domain.id.to_string()).await?;
        let mut settled = Vec::new();
        for finding in before {
            match wanted.get(&finding.object) {
                Some(report) if report.text == finding.text && report.person == finding.person => {
                    wanted.remove(&finding.object);
                }
                Some(_) => {}
                None => settled.push(finding),
            }
        }
        for part in settled.chunks(FINDINGS) {
            self.carry_out(&Part::Settled(part)).await?;
        }
        let wanted: Vec<_> = wanted.into_values().collect();
        for part in wanted.chunks(FINDINGS) {
            self.carry_out(&Part::Findings(part)).await?;
        }
        Ok(())
    }

    pub(super) async fn settled(&self, unit: &mut Unit<'_>, findings: &[SyncFinding]) -> Result<Came> {
        for finding in findings {
            if let Some(finding) =
                unit.find::<SyncFinding>(SyncFinding::key(finding.domain, finding.object)).await?
            {
                unit.remove(&finding, format!("no more: {}", finding.text));
            }
        }
        self.count(unit, |_| ()).await?;
        Ok(Came::default())
    }

    pub(super) async fn write_findings(&self, unit: &mut Unit<'_>, part: &[Report]) -> Result<Came> {
        for Report { object, person, text } in part {
            let before = unit.find::<SyncFinding>(SyncFinding::key(self.domain.id, *object)).await?;
            let since = before.map_or(unit.now, |before| before.since);
            let mut finding = SyncFinding::new(self.domain.id, *object, text.clone(), since);
            finding.person = *person;
            unit.put(&finding, text)?;
        }
        let shown: Vec<_> = part.iter().take(EXAMPLES).map(|report| report.text.as_str()).collect();
        let more = if part.len() > EXAMPLES { "; …" } else { "" };
        let text = format!(
            "the sync of {} leaves {} users to a person: {}{more}",
            self.domain.name,
            part.len(),
            shown.join("; ")
        );
        let administrators = unit.administrators().await?;
        unit.event(EventKind::SyncNeedsAttention, text, administrators, |_| ())?;
        self.count(unit, |_| ()).await?;
        Ok(Came::default())
    }
}
