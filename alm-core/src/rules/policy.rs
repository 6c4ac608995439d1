//! Policy files (section F, which is ours: DESIGN.md): from a template's fields with names to its body, back, and what differs.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::model::ids::{DomainId, VaultId};
use crate::model::managed::ManagedTemplate;
use crate::model::refusal::Refusal;
use crate::model::template::{DirectoryPlace, EolAction, TemplateBody, VaultPlace};

/// What a name in a file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the type of the model with the same name")]
pub enum Reference {
    Vault,
    Domain,
    Group,
    Person,
}

/// Goes through every place of a template's fields where a file has a name and the model an identifier, and says where that is.
pub fn references(body: &mut Map<String, Value>, mut visit: impl FnMut(Reference, &str, &mut String)) {
    let mut each = |reference, path: &str, value: Option<&mut Value>| match value {
        Some(Value::String(text)) => visit(reference, path, text),
        Some(Value::Array(all)) => {
            for (at, value) in all.iter_mut().enumerate() {
                if let Value::String(text) = value {
                    visit(reference, &format!("{path}[{at}]"), text);
                }
            }
        }
        _ => {}
    };
    each(Reference::Group, "requesters", body.get_mut("requesters"));
    each(Reference::Vault, "vault.vault", body.get_mut("vault").and_then(|place| place.get_mut("vault")));
    let domain = body.get_mut("directory").and_then(|place| place.get_mut("domain"));
    each(Reference::Domain, "directory.domain", domain);
    for (at, step) in body.get_mut("approval").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        each(Reference::Group, &format!("approval[{at}].groups"), step.get_mut("groups"));
        each(Reference::Person, &format!("approval[{at}].people"), step.get_mut("people"));
    }
}

/// The fields that a file must say, which have no default: by path.
const REQUIRED: [&[&str]; 6] = [
    &["eol_action"],
    &["vault", "vault"],
    &["vault", "folder"],
    &["vault", "secret_template"],
    &["directory", "domain"],
    &["directory", "ous"],
];

/// How much of what a decoder says is repeated: it quotes values.
const LONGEST_ECHO: usize = 200;

/// The steps of approval have defaults of their own.
fn step() -> Map<String, Value> {
    object(json!({ "people": [], "groups": [], "required": 1 }))
}

/// And attributes, but for those that are a value alone.
fn attribute() -> Map<String, Value> {
    object(json!({ "default": null, "required": false, "read_only": false }))
}

/// And so have managed accounts, but for who may read their password.
fn managed() -> Map<String, Value> {
    let mut fields = object(serde_json::to_value(ManagedTemplate::new([])).unwrap_or_default());
    fields.remove("readers");
    fields
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The fields that need not be said, each with its default.
fn defaults() -> Map<String, Value> {
    let vault = VaultPlace::new(VaultId::new(Uuid::nil()), "", "");
    let directory = DirectoryPlace::nowhere(DomainId::new(Uuid::nil()));
    let body = TemplateBody::new(EolAction::Review, vault, directory);
    let mut fields = object(serde_json::to_value(body).unwrap_or_default());
    for path in REQUIRED {
        remove(&mut fields, path);
    }
    fields
}

fn remove(fields: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            fields.remove(*last);
        }
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = fields.get_mut(*first) {
                remove(inner, rest);
            }
        }
    }
}

/// `over` on top of `under`, object by object. `false` takes away a default that is no flag, since TOML has no word for nothing.
fn merge(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => merge(under, over),
            (Some(default), Value::Bool(false)) if !default.is_boolean() => *default = Value::Null,
            _ => {
                under.insert(key.clone(), value.clone());
            }
        }
    }
}

/// A template's body from its fields, in which names have been replaced by identifiers (F-1).
///
/// # Errors
/// Every field that there is none of; else the first that is missing or has a wrong value.
pub fn body(name: &str, fields: &Map<String, Value>) -> Result<TemplateBody, Vec<Refusal>> {
    let mut whole = defaults();
    // Managed accounts have none (T-11).
    if !fields.contains_key("vault") {
        whole.remove("vault");
    }
    if fields.get("managed").is_some_and(Value::is_object) {
        whole.insert("managed".to_owned(), Value::Object(managed()));
    }
    merge(&mut whole, fields);
    for one in whole.get_mut("approval").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(said) = one {
            let mut full = step();
            merge(&mut full, said);
            *said = full;
        }
    }
    for one in
        whole.get_mut("attributes").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if let Value::Object(said) = one {
            let mut full = attribute();
            merge(&mut full, said);
            *said = full;
        }
    }
    let body: TemplateBody =
        serde_path_to_error::deserialize(Value::Object(whole.clone())).map_err(|error| {
            let why: String = error.inner().to_string().chars().take(LONGEST_ECHO).collect();
            let message = format!("{name}: {}: {why}", error.path());
            vec![Refusal::new("F-1", "template", message)]
        })?;
    let read = serde_json::to_value(&body).unwrap_or_default();
    let mut unknown = Vec::new();
    unread(&Value::Object(whole), &read, "", &mut unknown);
    if unknown.is_empty() {
        return Ok(body);
    }
    let refusals = unknown
        .iter()
        .map(|path| Refusal::new("F-1", "template", format!("{name}: there is no field {path}")));
    Err(refusals.collect())
}

/// Keys of what was given that are not in what was read of it.
fn unread(given: &Value, read: &Value, path: &str, unknown: &mut Vec<String>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (key, value) in given {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match read.get(key) {
                    Some(read) => unread(value, read, &path, unknown),
                    None if value.is_null() => {}
                    None => unknown.push(path),
                }
            }
        }
        // As a list, the fields of a part would have no names, and what they refer to would not be looked up.
        (Value::Array(_), Value::Object(_)) => unknown.push(format!("{path} as a list")),
        (Value::Array(given), Value::Array(read)) => {
            for (at, (given, read)) in given.iter().zip(read).enumerate() {
                unread(given, read, &format!("{path}[{at}]"), unknown);
            }
        }
        _ => {}
    }
}

/// A body's fields without those that have their defaults, still with identifiers.
pub fn fields(body: &TemplateBody) -> Map<String, Value> {
    let mut fields = object(serde_json::to_value(body).unwrap_or_default());
    prune(&mut fields, &defaults());
    if let Some(Value::Object(said)) = fields.get_mut("managed") {
        prune(said, &managed());
    }
    for one in
        fields.get_mut("attributes").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if let Value::Object(one) = one {
            prune(one, &attribute());
        }
    }
    for one in fields.get_mut("approval").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(one) = one {
            prune(one, &step());
            // Said even where it is the default: it is what people look for.
            one.entry("required").or_insert(json!(1));
        }
    }
    fields
}

fn prune(fields: &mut Map<String, Value>, defaults: &Map<String, Value>) {
    fields.retain(|key, value| {
        if let (Value::Object(inner), Some(Value::Object(default))) = (&mut *value, defaults.get(key)) {
            prune(inner, default);
            return !inner.is_empty();
        }
        let default = defaults.get(key).unwrap_or(&Value::Null);
        if value == default {
            return false;
        }
        if value.is_null() {
            *value = Value::Bool(false);
        }
        true
    });
}

/// What differs between the fields of two templates, a line each: `renewal_lead_days: 15 → 30`.
pub fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    differ(&Value::Object(before.clone()), &Value::Object(after.clone()), "", &mut lines);
    lines
}

/// A file does not say what has its default.
fn shown(value: &Value) -> String {
    if value.is_null() { "default".to_owned() } else { value.to_string() }
}

fn differ(before: &Value, after: &Value, path: &str, lines: &mut Vec<String>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(one), Value::Object(two)) => {
            let keys: std::collections::BTreeSet<_> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let (one, two) = (one.get(key).unwrap_or(&Value::Null), two.get(key).unwrap_or(&Value::Null));
                differ(one, two, &path, lines);
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (at, (one, two)) in one.iter().zip(two).enumerate() {
                differ(one, two, &format!("{path}[{at}]"), lines);
            }
        }
        (Value::Null, Value::Object(after)) => {
            for (key, after) in after {
                differ(&Value::Null, after, &format!("{path}.{key}"), lines);
            }
        }
        (before, after) => lines.push(format!("{path}: {} → {}", shown(before), shown(after))),
    }
}

#[cfg(test)]
mod tests;
