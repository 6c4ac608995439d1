//! Whether every rule has its proof: from the names of the tests and their text, and from what was noted while they ran.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::ids::{IN_PART, NOT_YET, all};
use super::proof::{Kind, Line, named};

/// Where the record is; `.ci/test` says it.
const PROOFS: &str = "ALM_CORE_RULES_PROOFS";

/// Everything below a folder of this crate, without comments, and sources without their unit tests.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                files.insert(path.display().to_string(), lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    files
}

/// Every literal `"R-8"`: the code before it, itself, and the code behind it.
fn literals(code: &str) -> impl Iterator<Item = (&str, &'static str, &str)> {
    code.match_indices('"').filter_map(|(at, _)| {
        let (before, literal) = (&code[..at], &code[at + 1..]);
        let (id, behind) = literal.split_once('"')?;
        Some((before, all().find(|known| *known == id)?, behind))
    })
}

/// The rules that refuse, each with the fields about which it does where the code says one beside it.
fn refusing() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut rules: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (path, code) in sources("src") {
        if path.contains("/testing/") || path.contains("/conformance") || path.ends_with("/tests.rs") {
            continue;
        }
        for (before, id, rest) in literals(&code) {
            let fields = rules.entry(id).or_default();
            // As in `Refusal::new("R-8", "request", …)`.
            if before.trim_end().ends_with('(')
                && let Some(rest) = rest.trim_start().strip_prefix(',')
                && let Some(rest) = rest.trim_start().strip_prefix('"')
                && let Some(field) = rest.split('"').next()
                && field.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                fields.insert(field.to_owned());
            }
        }
    }
    // The client's codes, which the adapter passes on.
    for rule in secretserver_client::preflight::Rule::ALL {
        rules.insert(all().find(|id| *id == rule.code()).unwrap(), BTreeSet::new());
    }
    rules
}

fn not_yet(id: &str) -> bool {
    NOT_YET.iter().any(|(there, _, _)| *there == id)
}

#[test]
fn the_list_and_its_exceptions_hold_together() {
    let known: BTreeSet<_> = all().collect();
    assert_eq!(known.len(), all().count(), "one is there twice");
    let exceptions: Vec<_> = NOT_YET.iter().chain(IN_PART).map(|(id, _, _)| *id).collect();
    let once: BTreeSet<_> = exceptions.iter().copied().collect();
    assert_eq!(once.len(), exceptions.len(), "not yet and in part, or twice");
    assert_eq!(once.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
    for (id, what, issue) in NOT_YET.iter().chain(IN_PART) {
        assert!(
            !what.is_empty() && (*issue == 0 || (3..=9).contains(issue)),
            "{id} says what is missing, and in which issue it is wanted"
        );
    }
    let rules = refusing();
    let unlisted: Vec<_> = rules.keys().filter(|id| not_yet(id)).collect();
    assert!(unlisted.is_empty(), "they refuse, so they are there: {unlisted:?}");
    println!(
        "{} rules, {} of them refuse, {} in part, {} not yet",
        known.len(),
        rules.len(),
        IN_PART.len(),
        NOT_YET.len()
    );
}

/// What can be seen without running all of them: that there is a test at all.
#[test]
fn every_rule_has_a_test_that_says_so() {
    let list =
        Command::new(std::env::current_exe().unwrap()).args(["--list", "--format=terse"]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let tests: Vec<_> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    assert!(tests.len() > 100, "{}", tests.len());
    let mut by_name: BTreeSet<String> = tests.iter().flat_map(|test| named(test)).collect();
    let mut in_text = BTreeSet::new();
    for (path, code) in sources("tests") {
        if path.ends_with("/ids.rs") || path.ends_with("/check.rs") {
            continue;
        }
        for (_, id, _) in literals(&code) {
            in_text.insert(id);
        }
        for statement in code.split("proves(&[").skip(1) {
            let statement = statement.split(']').next().unwrap();
            by_name.extend(statement.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    let rules = refusing();
    let mut wrong = Vec::new();
    for id in all() {
        let proved = by_name.contains(id) || in_text.contains(id);
        if not_yet(id) && proved {
            wrong.push(format!("{id} has a test: take it out of NOT_YET"));
        } else if !not_yet(id) && !proved {
            wrong.push(format!("{id} has no test"));
        } else if rules.contains_key(id) && !in_text.contains(id) {
            wrong.push(format!("{id} refuses, and no test says that it receives that"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was noted while all tests ran. Checks nothing where nobody says where that is.
#[test]
fn every_rule_was_proved_while_the_tests_ran() {
    let Some(path) = std::env::var_os(PROOFS) else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let lines: BTreeSet<Line> = text
        .lines()
        .map(|line| Line::read(line).unwrap_or_else(|| panic!("not one of ours: {line}")))
        .collect();
    let proved = |id: &str, kind: Option<Kind>| {
        lines.iter().any(|line| line.id == id && kind.is_none_or(|kind| kind == line.kind))
    };
    let rules = refusing();
    let mut wrong = Vec::new();
    let (mut received, mut stated) = (0, 0);
    for id in all() {
        if not_yet(id) {
            if proved(id, None) {
                wrong.push(format!("{id} was proved: take it out of NOT_YET"));
            }
        } else if rules.contains_key(id) {
            received += 1;
            if !proved(id, Some(Kind::Received)) {
                wrong.push(format!("{id} refuses, and no test received that"));
            }
        } else {
            stated += 1;
            if !proved(id, None) {
                wrong.push(format!("{id} was proved by no test"));
            }
        }
    }
    let mut refusals = 0;
    for (id, fields) in &rules {
        for field in fields {
            refusals += 1;
            let seen = |line: &Line| line.kind == Kind::Received && line.id == *id && line.field == *field;
            if !lines.iter().any(seen) {
                wrong.push(format!("{id} refuses {field}, and no test received that"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!(
        "{received} rules were received as refusals ({refusals} of their fields) and {stated} stated, by {} tests; {} not yet",
        lines.iter().map(|line| &line.test).collect::<BTreeSet<_>>().len(),
        NOT_YET.len()
    );
}
