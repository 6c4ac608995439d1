//! What a webhook must be like, and what it says (H-1 to H-3).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};
use url::{Host, Url};

use crate::model::delivery::Delivery;
use crate::model::ids::InstanceId;
use crate::model::refusal::Refusal;
use crate::model::webhook::{Authorization, OAuth, Webhook};
use crate::rules::text;

/// What a body's texts may have in `${…}`, each with what it stands for.
pub const PARAMETERS: [(&str, &str); 11] = [
    ("id", "the event's id, the same with every attempt"),
    ("type", "what happened, such as account_provisioned"),
    ("time", "when it happened, RFC 3339 in UTC"),
    ("text", "what happened, in one line"),
    ("instance", "whose event it is"),
    ("account_id", "the account it is about, or nothing"),
    ("account_version", "where it stands among the events of its account, or nothing"),
    ("request_id", "the request it is about, or nothing"),
    ("template_id", "the template it is about, or nothing"),
    ("attempt", "how often it was tried, from 1"),
    ("after_gap", "true where an earlier event of its account could not be delivered, otherwise false"),
];

/// Headers that are ours or the protocol's.
const RESERVED: [&str; 14] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "te",
    "upgrade",
    "expect",
    "trailer",
    "keep-alive",
];

/// Everything that is wrong with a webhook.
pub fn check(webhook: &Webhook) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(url("H-1", "url", &webhook.url).err());
    refusals.extend(credential("H-3", "signing_key", &webhook.signing_key).err());
    match &webhook.authorization {
        Authorization::None => {}
        Authorization::Basic { credential: name } => {
            refusals.extend(credential("H-2", "authorization", name).err());
        }
        Authorization::OAuth(oauth) => refusals.extend(token_request(oauth)),
    }
    if webhook.headers.len() > 20 {
        refusals.push(Refusal::new("H-1", "headers", "there are more than 20"));
    }
    for (name, value) in &webhook.headers {
        refusals.extend(header(name, value).err());
    }
    if let Some(body) = &webhook.body {
        refusals.extend(body_problems(body));
    }
    refusals
}

/// Reads the URL of a receiver.
///
/// # Errors
/// Why it cannot be one.
pub fn url(rule: &'static str, field: &'static str, text: &str) -> Result<Url, Refusal> {
    let wrong = |why: &str| Refusal::new(rule, field, why);
    text::check(rule, field, text, 2_000, true, false)?;
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    // Before anything that would show it: a password may be in it.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has a user or a password in it; name a credential instead"));
    }
    if url.fragment().is_some() {
        return Err(wrong("has a fragment, which is never sent"));
    }
    let local = match url.host() {
        None => return Err(wrong("names no host")),
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err(wrong("must begin with https://")),
    }
}

/// Whether an address is one that nobody outside this machine or its link has: loopback, link-local, unspecified, multicast, reserved, where clouds
/// keep their metadata, also in IPv6 clothes. `private` counts those of private networks among them.
pub fn is_inner(address: IpAddr, private: bool) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            let [a, b, ..] = octets;
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || a >= 240
                // Protocol assignments (RFC 6890).
                || octets.starts_with(&[192, 0, 0])
                // The metadata address of one cloud is a shared one.
                || octets == [100, 100, 100, 200]
                || (private && (v4.is_private() || (a == 100 && (64..128).contains(&b))))
        }
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            let [first, second, .., before, last] = segments;
            let embedded = || {
                let [a, b] = before.to_be_bytes();
                let [c, d] = last.to_be_bytes();
                IpAddr::from([a, b, c, d])
            };
            // IPv4 mapped, and through NAT64 (RFC 6052): what counts is the address inside.
            if v6.to_ipv4_mapped().is_some() || segments.starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) {
                return is_inner(embedded(), private);
            }
            v6.is_multicast()
                || v6.is_unicast_link_local()
                // Unspecified, loopback, IPv4-compatible, and what is reserved beside them (RFC 4291).
                || first == 0
                // NAT64 of a network's own (RFC 8215), and 6to4 (RFC 3056): the address inside is not to be known, or not to be trusted.
                || (first == 0x64 && second == 0xff9b)
                || first == 0x2002
                // Site-local (RFC 3879).
                || first & 0xffc0 == 0xfec0
                // The metadata addresses of two clouds are unique local ones.
                || (first == 0xfd00 && second == 0x0ec2)
                || segments == [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
                || (private && v6.is_unique_local())
        }
    }
}

/// The name of a credential on the host that delivers.
///
/// # Errors
/// Why it cannot be one.
pub fn credential(rule: &'static str, field: &'static str, name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Refusal::new(rule, field, "the name of a credential has 1 to 64 letters, digits, _ and -"))
}

fn header(name: &str, value: &str) -> Result<(), Refusal> {
    let wrong = |why: String| Err(Refusal::new("H-1", "headers", why));
    // RFC 9110, section 5.6.2.
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(token) {
        return wrong(format!("{:?} is no name of a header", name.chars().take(100).collect::<String>()));
    }
    let lower = name.to_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        return wrong(format!("{name} is not to be chosen"));
    }
    if value.len() > 1_000 || !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return wrong(format!(
            "the value of {name} has more than 1,000 characters, or others than visible ASCII"
        ));
    }
    Ok(())
}

fn token_request(oauth: &OAuth) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(url("H-2", "token_url", &oauth.token_url).err());
    refusals.extend(credential("H-2", "authorization", &oauth.credential).err());
    if oauth.fields.is_empty() || oauth.fields.len() > 20 {
        refusals.push(Refusal::new("H-2", "fields", "1 to 20 fields are needed"));
    }
    for (name, value) in &oauth.fields {
        for text in [name, value] {
            refusals.extend(text::check("H-2", "fields", text, 1_000, text == name, false).err());
        }
        if unknown(value, &["auth_id", "auth_secret"]).is_some() {
            // Not what it is: it may be a secret that somebody put there.
            let message =
                format!("{name} has another parameter than auth_id and auth_secret, or an unclosed one");
            refusals.push(Refusal::new("H-2", "fields", message));
        }
    }
    if !oauth.token.starts_with('/') || oauth.token.len() > 200 {
        refusals.push(Refusal::new("H-2", "token", "is no JSON pointer, such as /access_token"));
    }
    refusals
}

/// What is wrong with the first parameter of a text that is none.
fn unknown(text: &str, known: &[&str]) -> Option<String> {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else {
            return Some("a parameter is opened with ${ and not closed with }".to_owned());
        };
        if !known.contains(&name) {
            // What somebody wrote by mistake may be long.
            let name: String = name.chars().take(50).collect();
            return Some(format!("there is no parameter {name:?}, only {}", known.join(", ")));
        }
        rest = after;
    }
    None
}

/// Fills in a text, once: what a value says is never read as a parameter.
pub fn fill(text: &str, value: impl Fn(&str) -> String) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&value(name));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn each_text<'a>(value: &'a Value, see: &mut impl FnMut(&'a str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(values) => values.iter().for_each(|value| each_text(value, see)),
        Value::Object(fields) => fields.values().for_each(|value| each_text(value, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn body_problems(body: &Value) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if body.to_string().len() > 20_000 {
        refusals.push(Refusal::new("H-3", "body", "is longer than 20,000 bytes"));
    }
    let known = PARAMETERS.map(|(name, _)| name);
    let mut texts = Vec::new();
    each_text(body, &mut |text| texts.push(text));
    let wrong = texts.iter().filter_map(|text| unknown(text, &known));
    refusals.extend(wrong.map(|message| Refusal::new("H-3", "body", message)));
    for needed in ["${id}", "${type}", "${time}"] {
        if !texts.iter().any(|text| text.contains(needed)) {
            refusals.push(Refusal::new("H-3", "body", format!("must have {needed} somewhere")));
        }
    }
    refusals
}

/// What is sent, as JSON.
pub fn body(webhook: &Webhook, instance: InstanceId, delivery: &Delivery) -> Value {
    let event = &delivery.event;
    let text = |id: Option<String>| id.unwrap_or_default();
    let values: BTreeMap<&str, String> = BTreeMap::from([
        ("id", event.id.to_string()),
        ("type", event.kind.name().to_owned()),
        ("time", event.at.to_string()),
        ("text", event.text.clone()),
        ("instance", instance.to_string()),
        ("account_id", text(event.account.map(|id| id.to_string()))),
        ("account_version", text(event.account_version.map(|version| version.to_string()))),
        ("request_id", text(event.request.map(|id| id.to_string()))),
        ("template_id", text(event.template.map(|id| id.to_string()))),
        ("attempt", delivery.attempts.to_string()),
        ("after_gap", delivery.after_gap.to_string()),
    ]);
    if let Some(template) = &webhook.body {
        return filled(template, &|name| values.get(name).cloned().unwrap_or_default());
    }
    json!({
        "type": event.kind.name(),
        "timestamp": event.at,
        "data": {
            "id": event.id,
            "instance": instance,
            "text": event.text,
            "account": event.account,
            "account_version": event.account_version,
            "request": event.request,
            "template": event.template,
            "saga": event.saga,
            "to": event.to,
            "attempt": delivery.attempts,
            "after_gap": delivery.after_gap,
            "audit": event.audit,
        },
    })
}

fn filled(template: &Value, value: &impl Fn(&str) -> String) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text, value)),
        Value::Array(values) => values.iter().map(|one| filled(one, value)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, one)| (name.clone(), filled(one, value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
