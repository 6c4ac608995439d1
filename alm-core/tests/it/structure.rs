//! Who may know whom: the floors of the crate, read from its imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Bottom to top. A module knows those below it, and of its own floor only itself.
const FLOORS: [&[&str]; 6] = [
    &["model"],
    &["error"],
    &["rules", "saga"],
    &["port"],
    &["service", "engine", "governance", "adapter"],
    // Stand-ins and suites, for tests; and the root, which names what is inside.
    &["testing", "conformance", "lib"],
];

/// Files that know each other, and why.
const CIRCLES: [(&str, &str); 1] = [(
    "service::",
    "commands begin sagas, sagas end in commands' records: one subject in several files, below one module",
)];

/// What the domain may not even mention.
const FOREIGN: [&str; 9] =
    ["tokio", "sqlx", "reqwest", "ldap3", "lettre", "rustls", "tracing", "getrandom", "secretserver_client"];

/// The text without comments, doc examples and unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let text = text.split("#[cfg(all(test,").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// `a::{b, c::{d, e}}` as whole paths.
fn expand(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.trim().to_owned()] };
    let inner = &rest[..rest.rfind('}').unwrap()];
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| expand(part.trim()).into_iter().map(|part| format!("{}{part}", before.trim())))
        .collect()
}

/// Every path of this crate that a file names, from the root.
fn paths(module: &str, code: &str) -> BTreeSet<String> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let statement = statement.replace('\n', " ");
        if let Some((_, path)) = statement.rsplit_once("use ")
            && (path.starts_with("crate::") || path.starts_with("super::") || path.starts_with("self::"))
        {
            found.extend(expand(path));
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            found.push(path.trim_end_matches(':').to_owned());
        }
    }
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    found
        .into_iter()
        .map(|path| {
            let path = path.split(" as ").next().unwrap().trim().to_owned();

            if let Some(rest) = path.strip_prefix("crate::") {
                rest.to_owned()
            } else if let Some(rest) = path.strip_prefix("super::") {
                let mut up = parent;
                let mut rest = rest;
                while let Some(more) = rest.strip_prefix("super::") {
                    up = up.rsplit_once("::").map_or("", |(up, _)| up);
                    rest = more;
                }
                if up.is_empty() { rest.to_owned() } else { format!("{up}::{rest}") }
            } else {
                format!("{module}::{}", path.strip_prefix("self::").unwrap_or(&path))
            }
        })
        .collect()
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = if prefix.is_empty() { stem } else { format!("{prefix}::{stem}") };
        if path.is_dir() {
            read(&path, &name, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(name, code(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.len() > 60, "{}", files.len());
    files
}

fn floor(module: &str) -> usize {
    let top = module.split("::").next().unwrap();
    FLOORS
        .iter()
        .position(|floor| floor.contains(&top))
        .unwrap_or_else(|| panic!("{top} is on no floor: say on which in FLOORS"))
}

/// What is wrong with these imports.
fn bent(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, code) in files.iter().filter(|(module, _)| *module != "lib") {
        let own = module.split("::").next().unwrap();
        for path in paths(module, code) {
            let top = path.split("::").next().unwrap();
            // Names that the root re-exports, such as `crate::Result`, stand for where they come from.
            let top = match top {
                // A macro is exported at the root, wherever it is written.
                "store_suite" => "conformance",
                _ if top.starts_with(char::is_uppercase) => "error",
                _ => top,
            };
            if top.is_empty() || top == own {
                continue;
            }
            if floor(top) >= floor(own) {
                wrong.push(format!("{module} imports {path}"));
            }
        }
    }
    wrong
}

#[test]
fn nothing_imports_upwards_or_sideways() {
    let wrong = bent(&sources());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_names_no_runtime_no_store_and_no_protocol() {
    for (module, code) in sources() {
        if floor(&module) > floor("saga") {
            continue;
        }
        for foreign in FOREIGN {
            let named = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == foreign);
            assert!(!named, "{module} names {foreign}");
        }
        for reading in
            ["Timestamp::now", "SystemTime", "Instant", "Uuid::new", "std::fs", "std::env", "async "]
        {
            assert!(!code.contains(reading), "{module} says {reading}");
        }
    }
}

#[test]
fn only_adapters_name_what_they_adapt() {
    for (module, code) in sources() {
        for foreign in ["sqlx", "secretserver_client", "reqwest", "ldap3", "lettre", "rustls"] {
            let named = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == foreign);
            assert!(!named || module.starts_with("adapter"), "{module} names {foreign}");
        }
    }
}

/// From each file those that it imports; a parent module that only names its children is no import.
fn graph(files: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    files
        .iter()
        .map(|(module, code)| {
            let known = paths(module, code)
                .into_iter()
                .filter_map(|path| {
                    let mut path = path.as_str();
                    loop {
                        if files.contains_key(path) {
                            return Some(path.to_owned());
                        }
                        path = path.rsplit_once("::")?.0;
                    }
                })
                .filter(|other| other != module && !other.starts_with(&format!("{module}::")))
                .collect();
            (module.clone(), known)
        })
        .collect()
}

/// Files from which one comes back to them.
fn in_circles(graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    graph
        .keys()
        .filter(|start| {
            let mut reached = BTreeSet::new();
            let mut open: Vec<&String> = graph[*start].iter().collect();
            while let Some(next) = open.pop() {
                if reached.insert(next) {
                    open.extend(&graph[next]);
                }
            }
            reached.contains(start)
        })
        .cloned()
        .collect()
}

#[test]
fn no_files_know_each_other_in_a_circle_but_those_with_a_reason() {
    let circles = in_circles(&graph(&sources()));
    let unnamed: Vec<_> =
        circles.iter().filter(|file| !CIRCLES.iter().any(|(named, _)| file.starts_with(named))).collect();
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    for (named, reason) in CIRCLES {
        assert!(circles.iter().any(|file| file.starts_with(named)), "{named} is straight by now: {reason}");
    }
}

#[test]
fn what_is_bent_is_seen() {
    let file = |module: &str, code: &str| BTreeMap::from([(module.to_owned(), code.to_owned())]);
    let upwards = bent(&file("model::x", "use crate::port::store::{Stored, Work};"));
    assert!(upwards.contains(&"model::x imports port::store::Work".to_owned()), "{upwards:?}");
    assert_eq!(
        bent(&file("rules::x", "use crate::{model::ids, saga::plan};")),
        ["rules::x imports saga::plan"]
    );
    assert_eq!(bent(&file("engine::x", "fn f() { crate::service::Alm::new() }")).len(), 1);
    assert_eq!(bent(&file("saga::x", "use super::super::engine::run;")).len(), 1);
    assert!(bent(&file("service::x", "use super::unit::Unit;\nuse crate::saga::plan;")).is_empty());
    let files = BTreeMap::from([
        ("model::a".to_owned(), "use super::b::B;".to_owned()),
        ("model::b".to_owned(), "use super::{c::C};".to_owned()),
        ("model::c".to_owned(), "use crate::model::a::A;".to_owned()),
        ("model::d".to_owned(), "use super::a::A;".to_owned()),
    ]);
    assert_eq!(in_circles(&graph(&files)).len(), 3);
}
