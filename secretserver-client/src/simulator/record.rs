//! What was answered, for whoever holds it against the published document: which operation, which status, and the shape of the body.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::lock;

/// A file of JSON lines to which several processes may append.
#[derive(Debug)]
pub(super) struct Record {
    file: Mutex<File>,
    known: Mutex<HashSet<String>>,
}

impl Record {
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: Mutex::new(options.open(path)?), known: Mutex::default() })
    }

    /// Appends the answer, unless one of the same shape was there before.
    pub(super) fn note(&self, method: &str, template: &str, status: StatusCode, body: &Value) {
        let status = status.as_u16();
        let line = json!({"method": method, "path": template, "status": status, "body": shape(body, "")})
            .to_string();
        if lock(&self.known).insert(line.clone()) {
            // One write for each line, so that lines of several processes do not mix. A full disk is noticed by whoever counts the lines.
            drop(lock(&self.file).write_all(format!("{line}\n").as_bytes()));
        }
    }
}

/// Members, and envelopes of members, that may hold a secret.
const HIDDEN: &[&str] = &[
    "itemValue",
    "password",
    "clientSecret",
    "extendedFields",
    "scriptArguments",
    "arguments",
    "odbcConnectionArguments",
    "dependencyScanItemFields",
    "settings",
    "fields",
];

/// The body without what makes it this one: of numbers only their kind is kept, of texts only single words, which may be words of an enumeration.
fn shape(value: &Value, name: &str) -> Value {
    match value {
        Value::String(text) => {
            let word = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
            let secret = name.is_empty() || HIDDEN.contains(&name);
            json!(if word && !secret { text } else { "…" })
        }
        Value::Number(n) if n.is_f64() => json!(0.5),
        Value::Number(n) => json!(if n.as_i64().is_some_and(|n| n < 0) { -1 } else { 1 }),
        Value::Array(entries) => {
            let mut shapes: Vec<Value> = Vec::new();
            for entry in entries {
                let shape = shape(entry, name);
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            Value::Array(shapes)
        }
        Value::Object(members) => {
            // A value in an envelope is of the kind that the envelope's name says.
            let of = |key: &'_ String| if key == "value" { name.to_owned() } else { key.clone() };
            let members = members.iter().map(|(key, value)| (key.clone(), shape(value, &of(key))));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_shapes_and_no_values() {
        let body = json!({"id": 7, "state": "None", "itemValue": "Geheim", "name": "a b", "x": [1, 2, -1], "n": null, "b": true,
            "status": {"value": "Pending"}, "fields": [{"value": "Geheim"}]});
        let wanted = json!({"id": 1, "state": "None", "itemValue": "…", "name": "…", "x": [1, -1], "n": null, "b": true,
            "status": {"value": "Pending"}, "fields": [{"value": "…"}]});
        assert_eq!(shape(&body, ""), wanted);
        assert_eq!(shape(&json!("Geheim"), ""), json!("…"));
    }
}
