//! Over all operations: what is secret in a request or an answer is in no log, error or `Debug`; and an answer of any other shape is an error that
//! quotes nothing.
#![allow(clippy::print_stdout, reason = "it says how much was checked")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use secretserver_client::auth::StaticToken;
use secretserver_client::testing::{CatalogueCall, SECRET, catalogue_calls};
use secretserver_client::transport::{Body, Transport, TransportError, TransportErrorKind};
use secretserver_client::{Client, Error, ErrorKind};
use serde_json::{Map, Value, json};

use crate::it::document::{document_path, find, resolve, types};
use crate::it::marks::{Marks, traces};

/// Answers everything alike; without a status, not at all.
#[derive(Debug)]
struct Always(Option<u16>, String);

#[async_trait]
impl Transport for Always {
    async fn send(&self, _: http::Request<Body>) -> Result<http::Response<Body>, TransportError> {
        let Some(status) = self.0 else {
            return Err(TransportError::new(TransportErrorKind::Interrupted, None));
        };
        Ok(http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(self.1.clone()))
            .unwrap())
    }
}

fn client(status: Option<u16>, body: String) -> Client {
    Client::builder("https://vault.example")
        .transport(Arc::new(Always(status, body)))
        .credential(StaticToken::new("T0ken-of-the-test".to_owned().into()))
        .attempts(1)
        .build()
        .unwrap()
}

/// Everything that an error shows.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {} {:?}", error.advice(), error.restriction());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(text, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}

/// Each operation once, with the first of its sets of arguments.
fn each_operation() -> Vec<CatalogueCall> {
    let mut seen = BTreeSet::new();
    let mut all = catalogue_calls().unwrap();
    all.retain(|call| seen.insert((call.entry.operation, call.entry.template.clone())));
    all
}

#[tokio::test]
async fn what_is_sent_in_secret_is_shown_nowhere() {
    drop(traces());
    let marks = Marks::of(SECRET, "S4mple");
    let token = Marks::of("T0ken-of-the-test", "T0ken");
    let calls = catalogue_calls().unwrap();
    let mut carrying = 0;
    for call in &calls {
        let name = call.entry.operation;
        assert_eq!(marks.found_in(&call.arguments), None, "{name}: {}", call.arguments);
        assert_eq!(
            marks.found_in(&format!("{} {:?}", call.entry.path, call.entry.query)),
            None,
            "{name} has a secret in its address"
        );
        let sent = call.entry.body.as_ref().map(Value::to_string).unwrap_or_default();
        carrying += usize::from(marks.found_in(&sent).is_some());
        // A server that quotes what it was sent, in every way that servers have.
        let echo = json!({ "message": format!("The value '{SECRET}' is wrong"), "messageDetail": SECRET, "errorCode": "API_X",
            "modelState": { "password": [SECRET] }, "exceptionMessage": SECRET, "exceptionType": SECRET, "stackTrace": sent })
        .to_string();
        for status in
            [Some(200), Some(302), Some(400), Some(403), Some(404), Some(409), Some(429), Some(500), None]
        {
            let text = match call.call(&client(status, echo.clone())).await {
                Err(error) => shown(&error),
                Ok(_) => continue, // Read as an answer: that is what the next test is about.
            };
            assert_eq!(marks.found_in(&text), None, "{name} {status:?}: {text}");
            assert_eq!(token.found_in(&text), None, "{name} {status:?}: {text}");
        }
    }
    assert!(carrying >= 15, "only {carrying} requests carry a secret");
    let traces = traces();
    assert!(traces.contains("secrets.restricted_field") && traces.contains("users.reset_password"));
    assert_eq!((marks.found_in(&traces), token.found_in(&traces)), (None, None), "in the traces");
    println!("{} requests, of which {carrying} carry a secret", calls.len());
}

/// A value of the shape that the document describes. Every text is made by `text`, from the name of its field.
fn sample(document: &Value, schema: &Value, name: &str, depth: u32, text: &dyn Fn(&str) -> String) -> Value {
    let schema = resolve(document, schema);
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    if schema["properties"].is_object() {
        if depth == 0 {
            return Value::Null;
        }
        let fields = schema["properties"].as_object().unwrap();
        return Value::Object(
            fields
                .iter()
                .map(|(name, inner)| (name.clone(), sample(document, inner, name, depth - 1, text)))
                .collect::<Map<_, _>>(),
        );
    }
    let likely = schema["x-likely"].as_array().and_then(|types| types.iter().find(|t| *t != "null"));
    match likely.and_then(Value::as_str).or_else(|| types(schema).into_iter().find(|t| *t != "null")) {
        Some("array") if depth == 0 => json!([]),
        Some("array") => json!([sample(document, &schema["items"], name, depth - 1, text)]),
        Some("integer" | "number") => json!(7),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date-time" => json!("2024-01-02T03:04:05"),
        Some("string") if schema["format"] == "uuid" => json!("0f8fad5b-d9cb-469f-a165-70867728950e"),
        Some("string") => json!(text(name)),
        _ => Value::Null,
    }
}

/// An answer to an operation, of the shape that the document describes; nothing where it describes none.
fn answer(document: &Value, call: &CatalogueCall, text: &dyn Fn(&str) -> String) -> Option<Value> {
    let (operation, _) = find(document, &call.entry)?;
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    if schema.is_null() {
        return None;
    }
    let mut value = sample(document, schema, "", 5, text);
    // What the document calls a text without saying more, and is none.
    match call.entry.operation {
        "system.version" => value = json!({ "model": { "version": "11.2.000002" } }),
        "secrets.search_total" => value = json!("7"),
        _ => {}
    }
    Some(value)
}

fn document() -> Option<Value> {
    let path = document_path()?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// The fields of answers that hold secrets.
fn is_secret(operation: &str, field: &str) -> bool {
    const FIELDS: [&str; 9] = [
        "itemValue",
        "autoChangeNextPassword",
        "clientSecret",
        "onboardingKey",
        "password",
        "newPassword",
        "doubleLockPassword",
        "accessToken",
        "refreshToken",
    ];
    const WHOLE: [&str; 4] =
        ["secrets.field", "secrets.restricted_field", "secrets.update_field", "templates.generate_password"];
    FIELDS.contains(&field) || (field.is_empty() && WHOLE.contains(&operation))
}

#[tokio::test]
async fn what_is_read_in_secret_is_shown_nowhere() {
    const MARK: &str = "R3ad<&\"\\>é+ %/";
    let Some(document) = document() else { return };
    drop(traces());
    let marks = Marks::of(MARK, "R3ad");
    let (mut read, mut carrying, mut unread) = (0, 0, Vec::new());
    for call in each_operation() {
        let name = call.entry.operation;
        let secret = |field: &str| if is_secret(name, field) { MARK.to_owned() } else { "text".to_owned() };
        let Some(body) = answer(&document, &call, &secret) else { continue };
        carrying += usize::from(body.to_string().contains("R3ad"));
        match call.call(&client(Some(200), body.to_string())).await {
            Ok(debug) => {
                read += 1;
                assert_eq!(marks.found_in(&debug), None, "{name}: {debug}");
            }
            Err(error) => unread.push(format!("{error} {body}")),
        }
        // Every text is one that must not be seen, in logs and errors: also in an answer that cannot be read.
        let all = answer(&document, &call, &|_| MARK.to_owned()).unwrap().to_string();
        for body in [all.clone(), all[..all.len() - 1].to_owned(), format!("[{all}]"), format!("{all}{all}")]
        {
            if body.is_char_boundary(body.len())
                && let Err(error) = call.call(&client(Some(200), body)).await
            {
                assert_eq!(marks.found_in(&shown(&error)), None, "{name}: {}", shown(&error));
            }
        }
    }
    assert!(unread.is_empty(), "answers of the documented shape that are not read:\n{}", unread.join("\n"));
    assert!(read > 100 && carrying >= 6, "{read} read, {carrying} carry a secret");
    assert_eq!(marks.found_in(&traces()), None, "in the traces");
    println!("{read} answers read, of which {carrying} carry a secret");
}

pub(crate) const WRONG: &str = "W7ong";

/// Operations with a field that is read in either form because the document only guesses at its type (`x-likely`): a text that comes in the place of
/// a number is its value then, and no secret.
const READ_IN_EITHER_FORM: &[(&str, &str)] = &[("system.configuration", "server_time_zone_id")];

/// What cannot stand where this value stood, each with a mark that must not be seen.
fn wrong_types(value: &Value) -> Vec<Value> {
    let text = json!(WRONG);
    let list = json!([WRONG, { WRONG: WRONG }]);
    let object = json!({ "a": WRONG });
    let mut nested = json!(WRONG);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    let numbers = [json!(1e300), json!(u64::MAX), json!(i64::MIN), json!(0.5)];
    let mut wrong = match value {
        Value::String(_) => vec![list, object, json!(true)],
        Value::Array(_) => vec![text, object, json!(true)],
        Value::Object(_) => vec![text, list, json!(true)],
        Value::Bool(_) => vec![text, list, object],
        Value::Number(_) | Value::Null => vec![text, list, object, json!(true)],
    };
    wrong.extend(numbers);
    wrong.extend([nested, Value::Null]);
    wrong
}

/// The value with each of its parts, itself among them, replaced by each wrong thing.
pub(crate) fn mutations(value: &Value) -> Vec<Value> {
    let mut all = wrong_types(value);
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                for wrong in mutations(inner) {
                    let mut map = map.clone();
                    map.insert(key.clone(), wrong);
                    all.push(Value::Object(map));
                }
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                for wrong in mutations(inner) {
                    let mut items = items.clone();
                    items[i] = wrong;
                    all.push(Value::Array(items));
                }
            }
        }
        _ => {}
    }
    all
}

#[tokio::test]
async fn every_answer_with_every_part_of_another_type_is_read_or_refused_and_never_quoted() {
    let Some(document) = document() else { return };
    drop(traces());
    let marks = Marks::of(WRONG, WRONG);
    let (mut tried, mut refused) = (0, 0);
    for call in each_operation() {
        let Some(good) = answer(&document, &call, &|_| "text".to_owned()) else { continue };
        for wrong in mutations(&good) {
            tried += 1;
            match call.call(&client(Some(200), wrong.to_string())).await {
                Ok(debug) => {
                    let operation = call.entry.operation;
                    let excused = READ_IN_EITHER_FORM.iter().find(|(name, _)| *name == operation);
                    let debug = match excused {
                        Some((_, field)) => debug.replace(&format!("{field}: Some(\"{WRONG}\")"), ""),
                        None => debug,
                    };
                    assert!(!debug.contains(WRONG), "{operation}: {debug}");
                }
                Err(error) => {
                    refused += 1;
                    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
                    assert_eq!(error.operation(), call.entry.operation);
                    assert!(!shown(&error).contains(WRONG), "{}", shown(&error));
                }
            }
        }
    }
    assert!(tried > 10_000 && refused > tried / 4, "{refused} of {tried} refused");
    assert_eq!(marks.found_in(&traces()), None, "in the traces");
    println!("{tried} wrong answers, of which {refused} are refused");
}
