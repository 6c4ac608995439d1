//! Every case of the suite says what it rests on.

use ad_directory::conformance::NAMES;

/// A document, a rule of the project, or what a controller was seen to answer.
const GROUNDS: &[&str] = &[
    "RFC ",
    "MS-",
    "rule",
    "Microsoft",
    "invariant",
    "(`data ",
    "(`0000",
    "New-ADServiceAccount",
    "measured",
];

#[test]
fn every_case_cites_what_it_rests_on() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
    let mut cases = 0;
    let mut uncited = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut comment = String::new();
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("///") {
                comment.push_str(words);
                continue;
            }
            let name = line.strip_prefix("pub async fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|name| NAMES.contains(name)) {
                cases += 1;
                if !GROUNDS.iter().any(|ground| comment.contains(ground)) {
                    uncited.push(format!("{name}:{comment}"));
                }
            }
            comment.clear();
        }
    }
    assert_eq!(cases, NAMES.len(), "a case is not where it was looked for");
    assert!(uncited.is_empty(), "{uncited:#?}");
}
