//! What a sync of a vault leaves to a person: kept while it is so, told once.

use super::Run;
use super::account::Report;
use crate::error::Result;
use crate::model::event::EventKind;
use crate::model::secret_link::SecretFinding;

/// How many are written in one commit.
const FINDINGS: usize = 100;
/// How many are told in words.
const EXAMPLES: usize = 5;

impl Run<'_> {
    /// Keeps exactly these; administrators are told of those that are new, of many in one event.
    pub(super) async fn report(&self, reports: Vec<Report>) -> Result<()> {
        let changed = reports.into_iter().filter(|report| match (&report.before, &report.after) {
            (None, None) => false,
            (Some(before), Some(after)) => !before.is_same(after) || before.tried != after.tried,
            _ => true,
        });
        let changed: Vec<_> = changed.collect();
        for part in changed.chunks(FINDINGS) {
            self.write(part).await?;
        }
        Ok(())
    }

    async fn write(&self, part: &[Report]) -> Result<()> {
        let mut unit = self.unit();
        let mut fresh = Vec::new();
        for report in part {
            let Some(id) = report.before.as_ref().or(report.after.as_ref()).map(|finding| finding.account)
            else {
                continue;
            };
            // A person may have linked the account meanwhile, which took the finding away: the next sync looks again.
            let now = unit.find::<SecretFinding>(id.uuid()).await?;
            if now != report.before {
                continue;
            }
            match &report.after {
                Some(after) => {
                    let known = now.filter(|before| before.is_same(after));
                    if known.is_none() {
                        fresh.push(after.text.clone());
                    }
                    let since = known.map_or(after.since, |before| before.since);
                    unit.put(&SecretFinding { since, ..after.clone() }, &after.text)?;
                }
                None => {
                    if let Some(before) = &now {
                        unit.remove(before, format!("no more: {}", before.text));
                    }
                }
            }
        }
        if !fresh.is_empty() {
            let shown = fresh.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join("; ");
            let more = if fresh.len() > EXAMPLES { "; …" } else { "" };
            let text = format!(
                "the sync of {} leaves {} accounts to a person: {shown}{more}",
                self.vault.name,
                fresh.len()
            );
            let administrators = unit.administrators().await?;
            unit.event(EventKind::SecretNeedsAttention, text, administrators, |_| ())?;
        }
        let count = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        self.count(&mut unit, |counts| counts.findings += count).await?;
        unit.settle().await.map(drop)
    }
}
