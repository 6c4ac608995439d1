//! A part of the audit chain as a file, and its verification by somebody who has no store (A-2).
//!
//! # The format
//!
//! Lines of JSON in UTF-8, each ended by a line feed: a header, the records in their order, an end.
//!
//! ```text
//! {"format":"alm-audit-export-1","instance":"…","from":17,"to":19,"before":"hash of record 16"}
//! {"seq":17,"hash":"…","body":"{\"at\":…}","personal":{"salt":"…","text":"…"}}
//! {"seq":18,"hash":"…","body":"{\"at\":…}"}
//! {"seq":19,"hash":"…","body":"{\"at\":…}"}
//! {"end":"alm-audit-export-1","count":3,"hash":"hash of record 19"}
//! ```
//!
//! The hashes are those of [`model::audit`](crate::model::audit), the body is the text that is hashed. `personal` is there if it was asked for and was
//! not erased; that it is missing cannot be told from that it was erased. Nothing else in the file can be changed without being found, except
//! by somebody who makes the whole file anew: that is found by a checkpoint within it. So only what [`ExportReport::checkpointed`] says was there
//! when the checkpoint was signed.
//!
//! # In Python
//!
//! The same, with nothing but the standard library: give it the file, and the hash of a checkpoint within it that you hold (whose signature it does not
//! verify).
//!
//! ```python
#![doc = include_str!("audit_export/verify_export.py")]
//! ```

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::audit_chain::{AuditFault, ChainVerifier, TrustedCheckpoints};
use crate::model::audit::{AuditRecord, ChainHash, Personal};
use crate::model::ids::InstanceId;

/// What the header and the end say.
pub(crate) const FORMAT: &str = "alm-audit-export-1";

/// The longest line that is read, in bytes: a file from elsewhere does not decide how much memory is taken.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header<'a> {
    pub format: Cow<'a, str>,
    pub instance: InstanceId,
    pub from: u64,
    pub to: u64,
    pub before: ChainHash,
}

/// A line of a record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<'a> {
    pub seq: u64,
    pub hash: ChainHash,
    pub body: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<Cow<'a, Personal>>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End<'a> {
    #[serde(rename = "end")]
    pub format: Cow<'a, str>,
    pub count: u64,
    pub hash: ChainHash,
}

/// What an export that holds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExportReport {
    /// Whose chain it says that it is of. Certain when a checkpoint fits.
    pub instance: InstanceId,
    /// Its first record.
    pub from: u64,
    /// Its last record.
    pub to: u64,
    /// The hash of the last one.
    pub hash: ChainHash,
    /// The record of the last checkpoint that fits: everything in the export up to there is what it was when that was signed. `None`: it only holds in
    /// itself, as everything does that somebody made with care.
    pub checkpointed: Option<u64>,
}

/// Why an export does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFault {
    /// It cannot be read.
    #[error("the export cannot be read")]
    Read(#[from] io::Error),
    /// A line is not what should stand there.
    #[error("line {line} of the export is not {expected}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What should stand there.
        expected: &'static str,
    },
    /// Something stands behind the end, or the end and the header do not agree with what is between them.
    #[error("the export ends at record {found} and should end at record {expected}")]
    End {
        /// The last record in it.
        found: u64,
        /// The last by its header or its end.
        expected: u64,
    },
    /// The chain in it does not hold.
    #[error(transparent)]
    Chain(#[from] AuditFault),
}

/// Verifies an export line by line, in constant memory: each record, its place, the end, and the checkpoints that are about records in it. Checkpoints of
/// earlier and later records say nothing about it.
///
/// ```
/// use alm_core::rules::audit_chain::TrustedCheckpoints;
/// use alm_core::rules::audit_export::{ExportFault, verify_export};
///
/// // Cut off after its header.
/// let file = "{\"format\":\"alm-audit-export-1\",\"instance\":\"0199aa00-0000-7000-8000-000000000001\",\"from\":1,\"to\":1,\
///             \"before\":\"0000000000000000000000000000000000000000000000000000000000000000\"}\n";
/// let fault = verify_export(file.as_bytes(), &TrustedCheckpoints::none()).unwrap_err();
/// assert_eq!(fault.to_string(), "line 2 of the export is not an audit record of the format alm-audit-export-1");
/// ```
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify_export(
    reader: impl BufRead,
    trusted: &TrustedCheckpoints,
) -> Result<ExportReport, ExportFault> {
    let mut lines = Lines { reader, number: 0, text: Vec::new() };
    let Header { format, instance, from, to, before } =
        lines.next("the header of an export of the format alm-audit-export-1")?;
    let agrees = format == FORMAT && 1 <= from && from <= to && (from > 1 || before == ChainHash::GENESIS);
    if !agrees {
        return Err(lines.fault("the header of an export of the format alm-audit-export-1"));
    }
    let mut verifier = ChainVerifier::behind(from - 1, before, instance, trusted)?;
    while verifier.seq() < to {
        let line: Line<'_> = lines.next("an audit record of the format alm-audit-export-1")?;
        let personal = line.personal.map(Cow::into_owned);
        let record =
            AuditRecord::from_parts(line.seq, verifier.hash(), line.hash, line.body.into_owned(), personal);
        verifier.add(&record)?;
    }
    let End { format, count, hash } = lines.next("the end of an export of the format alm-audit-export-1")?;
    if format != FORMAT || hash != verifier.hash() {
        return Err(lines.fault("the end of an export of the format alm-audit-export-1"));
    }
    if count != to - from + 1 {
        return Err(ExportFault::End { found: to, expected: (from - 1).saturating_add(count) });
    }
    if lines.read()? {
        return Err(lines.fault("the end of the file"));
    }
    Ok(ExportReport { instance, from, to, hash: verifier.hash(), checkpointed: verifier.checkpointed() })
}

struct Lines<R> {
    reader: R,
    number: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Whether there is another line.
    fn read(&mut self) -> Result<bool, ExportFault> {
        self.text.clear();
        self.number += 1;
        Ok(io::Read::take(&mut self.reader, LONGEST).read_until(b'\n', &mut self.text)? > 0)
    }

    fn next<T: DeserializeOwned>(&mut self, expected: &'static str) -> Result<T, ExportFault> {
        self.read()?;
        let line = self.text.strip_suffix(b"\n").ok_or_else(|| self.fault(expected))?;
        serde_json::from_slice(line).map_err(|_| self.fault(expected))
    }

    const fn fault(&self, expected: &'static str) -> ExportFault {
        ExportFault::Line { line: self.number, expected }
    }
}
