//! What a sync could not do by itself: kept while it is so, told once.

use std::collections::BTreeMap;

use ad_directory::ObjectGuid;

use super::Run;
use crate::error::Result;
use crate::model::event::EventKind;
use crate::model::ids::PersonId;
use crate::model::sync::SyncFinding;
use crate::service::stored::index;

/// How many are written in one commit.
const FINDINGS: usize = 100;
/// How many are told in words.
const EXAMPLES: usize = 5;

impl Run<'_> {
    /// Keeps exactly these; administrators are told of those that are new.
    pub(super) async fn report(&self, reports: Vec<(ObjectGuid, Option<PersonId>, String)>) -> Result<()> {
        let mut wanted: BTreeMap<ObjectGuid, (Option<PersonId>, String)> =
            reports.into_iter().map(|(object, person, text)| (object, (person, text))).collect();
        let mut unit = self.unit();
        let before: Vec<SyncFinding> = unit.find_by(index::DOMAIN, &self.domain.id.to_string()).await?;
        let mut is_over = false;
        for finding in before {
            match wanted.get(&finding.object) {
                Some((_, text)) if *text == finding.text => {
                    wanted.remove(&finding.object);
                }
                Some(_) => {}
                None => {
                    unit.remove(&finding, format!("no more: {}", finding.text));
                    is_over = true;
                }
            }
        }
        if is_over {
            self.count(&mut unit, |_| ()).await?;
            self.alm.0.store.commit(unit.commit).await?;
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        for part in wanted.chunks(FINDINGS) {
            self.write_findings(part).await?;
        }
        Ok(())
    }

    async fn write_findings(&self, part: &[(ObjectGuid, (Option<PersonId>, String))]) -> Result<()> {
        let mut unit = self.unit();
        for (object, (person, text)) in part {
            let before = unit.find::<SyncFinding>(SyncFinding::key(self.domain.id, *object)).await?;
            let since = before.map_or(unit.now, |before| before.since);
            let mut finding = SyncFinding::new(self.domain.id, *object, text.clone(), since);
            finding.person = *person;
            unit.put(&finding, text)?;
        }
        let shown: Vec<_> = part.iter().take(EXAMPLES).map(|(_, (_, text))| text.as_str()).collect();
        let more = if part.len() > EXAMPLES { "; …" } else { "" };
        let text = format!(
            "the sync of {} leaves {} users to a person: {}{more}",
            self.domain.name,
            part.len(),
            shown.join("; ")
        );
        let administrators = unit.administrators().await?;
        unit.event(EventKind::SyncNeedsAttention, text, administrators, |_| ())?;
        self.count(&mut unit, |_| ()).await?;
        self.alm.0.store.commit(unit.commit).await
    }
}
