//! Who proved what, noted while the tests run.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use alm_core::Error;

use super::ids;

/// Where to note it; nowhere when not said. `.ci/test` says it, and has it checked at the end.
const RECORD: &str = "ALM_CORE_RULES_RECORD";

/// How a test proved a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It came to its end without a failure.
    Stated,
    /// It held the typed refusal with the rule's id in its hands.
    Received,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub kind: Kind,
    pub id: String,
    /// What was refused, for a refusal.
    pub field: String,
    pub test: String,
}

impl Line {
    fn write(&self) -> String {
        format!("{:?}\t{}\t{}\t{}\n", self.kind, self.id, self.field, self.test)
    }

    pub(super) fn read(line: &str) -> Option<Self> {
        let [kind, id, field, test] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let kind = match kind {
            "Stated" => Kind::Stated,
            "Received" => Kind::Received,
            _ => return None,
        };
        Some(Self { kind, id: id.to_owned(), field: field.to_owned(), test: test.to_owned() })
    }
}

/// The test that runs in this thread. All run in one when there is only one thread for them: then nobody knows.
fn this_test() -> Option<String> {
    std::thread::current().name().filter(|name| name.contains("::")).map(str::to_owned)
}

fn note(kind: Kind, id: &str, field: &str) {
    static NOTED: Mutex<BTreeSet<Line>> = Mutex::new(BTreeSet::new());
    let (Some(path), Some(test)) = (std::env::var_os(RECORD).map(PathBuf::from), this_test()) else { return };
    let line = Line { kind, id: id.to_owned(), field: field.to_owned(), test };
    if NOTED.lock().unwrap().insert(line.clone()) {
        // In one write, so that two programs can note something at the same time.
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(line.write().as_bytes()).unwrap();
    }
}

/// What is proved if the test comes to its end from here.
#[must_use = "it proves nothing when it is dropped before the assertions"]
pub(in crate::it) struct Proof(Vec<String>);

impl Proof {
    /// By the name of the test that runs.
    pub(in crate::it) fn by_name() -> Self {
        Self(this_test().map(|name| named(&name)).unwrap_or_default())
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.iter().for_each(|id| note(Kind::Stated, id, ""));
        }
    }
}

/// These rules are proved by what the test asserts from here to the end of the block.
pub(in crate::it) fn proves(ids: &[&str]) -> Proof {
    for id in ids {
        assert!(ids::all().any(|known| known == *id), "there is no rule {id}");
    }
    Proof(ids.iter().map(|id| (*id).to_owned()).collect())
}

/// Asserts that the rule refused.
pub(in crate::it) fn received(error: &Error, rule: &str) {
    assert!(ids::all().any(|known| known == rule), "there is no rule {rule}");
    assert!(error.violates(rule), "{rule} expected: {error}");
    for refusal in error.refusals().iter().filter(|refusal| refusal.rule() == rule) {
        note(Kind::Received, rule, refusal.field());
    }
}

/// A refusal that another crate has a type of its own for came with this id.
pub(super) fn note_code(rule: &str, field: &str) {
    note(Kind::Received, rule, field);
}

/// The ids in a test's name: `nm_4` in `it::approvals::t_2_nm_4_a_folder_below` is NM-4.
pub(super) fn named(test: &str) -> Vec<String> {
    let name = test.rsplit("::").next().unwrap();
    let words: Vec<_> = name.split('_').collect();
    words
        .windows(2)
        .map(|pair| format!("{}-{}", pair[0].to_uppercase(), pair[1]))
        .filter(|id| ids::all().any(|known| known == id))
        .collect()
}

#[test]
fn ids_are_read_from_names() {
    assert_eq!(named("it::approvals::t_2_nm_4_a_folder_of_1_below"), ["T-2", "NM-4"]);
    assert_eq!(named("it::x::l_99_o_1_a_2nd"), ["O-1"]);
}
