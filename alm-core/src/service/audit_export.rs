//! Giving out a part of the audit chain as a file ([the format](crate::rules::audit_export)).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Write;

use futures_util::Stream;
use serde_json::json;

use super::alm::Alm;
use super::command::Caller;
use crate::error::{Error, ErrorKind, Outcome, Refusal, Result};
use crate::model::audit::{AuditRecord, ChainHash};
use crate::rules::audit_export::{End, FORMAT, Header, Line};

const OPERATION: &str = "audit.export";

/// How many audit records are read at a time.
const BATCH: u32 = 1_000;

/// Which part of the chain is given out, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportOptions {
    /// The first record. Default 1.
    pub from: u64,
    /// The last record; the last that there is when there are fewer. Default: all, up to the record of this export itself.
    pub to: u64,
    /// Whether personal text comes with it. Default no: it cannot be erased where the file goes.
    pub personal: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { from: 1, to: u64::MAX, personal: false }
    }
}

impl ExportOptions {
    /// The whole chain, without personal text.
    pub fn new() -> Self {
        Self::default()
    }

    /// From one record to another, both included.
    #[must_use]
    pub const fn range(mut self, from: u64, to: u64) -> Self {
        self.from = from;
        self.to = to;
        self
    }

    /// With the personal text that was not erased.
    #[must_use]
    pub const fn with_personal(mut self) -> Self {
        self.personal = true;
        self
    }
}

/// An export that was allowed and is in the audit; its lines are made as they are asked for, in constant memory.
///
/// It gives out what is in the store, and does not judge it: a chain that was tampered with is exported as it is, and
/// [`verify_export`](crate::rules::audit_export::verify_export) finds that.
#[derive(Debug)]
#[must_use]
pub struct AuditExport {
    alm: Alm,
    from: u64,
    to: u64,
    personal: bool,
    before: ChainHash,
    next: Next,
    batch: VecDeque<AuditRecord>,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Header,
    Record { seq: u64, hash: ChainHash },
    Nothing,
}

impl Alm {
    /// Begins an export of the audit chain. Needs audit Read, and is audited: by the time this returns, and whether or not its lines are read.
    ///
    /// Dropping the future leaves open whether it was audited; nothing was given out.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use alm_core::{Alm, Caller, adapter::store_memory::MemoryStore, model::ids::InstanceId, port::clock::SystemClock};
    /// use alm_core::rules::{audit_chain::TrustedCheckpoints, audit_export::verify_export};
    /// use alm_core::service::audit_export::ExportOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Arc::new(MemoryStore::new(InstanceId::new(uuid::Uuid::new_v4())));
    /// # let alm = Alm::builder(store, Arc::new(SystemClock::new())).open().await?;
    /// # let ada = Caller::new(alm.first_administrator("Ada", "ada@example.com").await?, "console");
    /// let mut file = Vec::new();
    /// alm.export_audit(&ada, ExportOptions::new()).await?.write_to(&mut file).await?;
    ///
    /// // Elsewhere, with checkpoints in the place of `none` to know more than that nothing was changed by accident.
    /// let report = verify_export(file.as_slice(), &TrustedCheckpoints::none())?;
    /// assert_eq!((report.from, report.to), (1, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Denied`](ErrorKind::Denied), which is audited; [`Refused`](ErrorKind::Refused) for a range in which there is no record; those of the store.
    pub async fn export_audit(&self, caller: &Caller, options: ExportOptions) -> Result<AuditExport> {
        let ExportOptions { from, to, personal } = options;
        let mut unit = self.audit_reader(OPERATION, caller).await?;
        let (head, _) = self.0.store.audit_head().await?;
        if from == 0 || from > to || from > head {
            let message = format!("{from} to {to} has no audit record; there are those from 1 to {head}");
            return unit.refuse(Refusal::new("A-2", "range", message));
        }
        // To the end means: the record of this export, too, which is not there yet.
        let said = if to == u64::MAX { json!("all") } else { json!(to.min(head)) };
        unit.audit(OPERATION, "audit chain", json!({ "from": from, "to": said, "personal": personal }));
        self.0.store.commit(unit.commit).await?;
        let (head, _) = self.0.store.audit_head().await?;
        let before = self.hash_before(OPERATION, from).await?;
        let (next, batch) = (Next::Header, VecDeque::new());
        Ok(AuditExport { alm: self.clone(), from, to: to.min(head), personal, before, next, batch })
    }

    /// The hash that the record with this number follows.
    pub(super) async fn hash_before(&self, operation: &'static str, seq: u64) -> Result<ChainHash> {
        if seq <= 1 {
            return Ok(ChainHash::GENESIS);
        }
        let before = self.0.store.audit(seq - 1, 1).await?;
        let before = before.first().filter(|record| record.seq == seq - 1);
        before.map(|record| record.hash).ok_or_else(|| missing(operation, seq - 1))
    }
}

/// What a chain without gaps has and the store has not.
pub(super) fn missing(operation: &'static str, seq: u64) -> Error {
    Error::new(ErrorKind::StoreCorrupt, operation, format!("audit record {seq} is missing"))
        .with_advice("verify the chain against the checkpoints that are outside")
}

impl AuditExport {
    /// The first record that is in it.
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The last record that is in it.
    pub const fn to(&self) -> u64 {
        self.to
    }

    /// The next line, without its line feed; `None` behind the last.
    ///
    /// Dropping the future loses nothing: the next call gives that line.
    ///
    /// # Errors
    /// Those of the store; [`StoreCorrupt`](ErrorKind::StoreCorrupt) when a record is missing. Without its last line, an export does not verify.
    pub async fn next_line(&mut self) -> Result<Option<String>> {
        match self.next {
            Next::Header => {
                let (from, to, before) = (self.from, self.to, self.before);
                let instance = self.alm.instance();
                let line = text(&Header { format: FORMAT.into(), instance, from, to, before })?;
                self.next = Next::Record { seq: from, hash: before };
                Ok(Some(line))
            }
            Next::Record { seq, hash } if seq > self.to => {
                let count = self.to - self.from + 1;
                let line = text(&End { format: FORMAT.into(), count, hash })?;
                self.next = Next::Nothing;
                Ok(Some(line))
            }
            Next::Record { seq, .. } => {
                if self.batch.is_empty() {
                    self.batch = self.alm.0.store.audit(seq, BATCH).await?.into();
                }
                // A gap in the store moves later records here: those behind the range are nobody's.
                let record = self.batch.front().filter(|record| record.seq <= self.to);
                let record = record.ok_or_else(|| missing(OPERATION, seq))?;
                let personal = record.personal.as_ref().filter(|_| self.personal).map(Cow::Borrowed);
                let (place, hash, body) = (record.seq, record.hash, Cow::from(&record.body));
                let line = text(&Line { seq: place, hash, body, personal })?;
                self.batch.pop_front();
                self.next = Next::Record { seq: seq.saturating_add(1), hash };
                Ok(Some(line))
            }
            Next::Nothing => Ok(None),
        }
    }

    /// Its lines, each with its line feed; ends behind the last, or behind an error.
    pub fn lines(self) -> impl Stream<Item = Result<String>> + Send {
        futures_util::stream::try_unfold(self, |mut export| async move {
            Ok(export.next_line().await?.map(|line| (line + "\n", export)))
        })
    }

    /// Writes all of it, a line at a time, and flushes. Writing blocks the thread as long as `out` does; to write elsewhere, take the
    /// [`lines`](AuditExport::lines).
    ///
    /// Dropping the future leaves a file without its end, which does not verify.
    ///
    /// # Errors
    /// Those of the store; [`Config`](ErrorKind::Config) when it cannot be written, with the outcome unknown.
    pub async fn write_to(mut self, out: &mut (impl Write + Send)) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Config, OPERATION, "the export cannot be written")
                .with_outcome(Outcome::Unknown)
                .with_source(error)
        };
        while let Some(line) = self.next_line().await? {
            out.write_all((line + "\n").as_bytes()).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}

fn text(line: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(line).map_err(|error| {
        Error::new(ErrorKind::Config, OPERATION, "a line cannot be written as JSON").with_source(error)
    })
}
