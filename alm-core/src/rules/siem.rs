//! Events as collectors read them: syslog (RFC 5424), CEF, JSON (H-4, H-5).

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use crate::model::audit::{Actor, AuditResult};
use crate::model::delivery::Delivery;
use crate::model::event::{Event, EventKind};
use crate::model::ids::InstanceId;
use crate::model::refusal::Refusal;
use crate::model::siem::{SiemFormat, SiemTarget};
use crate::rules::text;

/// The events of the table (H-5), each with the kinds that are told as it.
pub const EVENTS: &[(&str, &[EventKind])] = &[
    ("Account Owner Changed", &[EventKind::AccountOwnerChanged]),
    ("Account Provisioned", &[EventKind::AccountProvisioned]),
    (
        "Account Requires Renewal",
        &[EventKind::RenewalAvailable, EventKind::RenewalReminder, EventKind::RenewalUrgent],
    ),
    ("Account Secret ID Changed", &[EventKind::AccountSecretChanged]),
    ("End of Life Notification", &[EventKind::EndOfLife]),
    ("External Groups Disabled", &[EventKind::ExternalGroupsDisabled]),
    ("New External User", &[EventKind::NewExternalUser]),
    ("New Synced User", &[EventKind::NewSyncedUser]),
    (
        "Provision Approval Step Changed",
        &[EventKind::ApprovalRequired, EventKind::ApprovalEscalated, EventKind::ApprovalDelegated],
    ),
    ("Provision State Changed", &[EventKind::ProvisioningFailed, EventKind::OperationParked]),
    (
        "Provision Template State Changed",
        &[EventKind::TemplateStateChanged, EventKind::TemplateNeedsApproval],
    ),
    ("Remote Worker Integration Access Error", &[EventKind::DomainUnreachable, EventKind::VaultUnreachable]),
    ("Request State Changed", &[EventKind::RequestStateChanged]),
    ("User Disabled by AD User Sync", &[EventKind::UserDisabledBySync]),
    ("Any Audit Record", &[EventKind::AuditRecord]),
];

/// What a kind is called there; kinds of our own by their own names.
pub fn title(kind: EventKind) -> String {
    let listed = EVENTS.iter().find(|(_, kinds)| kinds.contains(&kind));
    listed.map_or_else(|| kind.to_string(), |(title, _)| (*title).to_owned())
}

/// Everything that is wrong with a target.
pub fn check(target: &SiemTarget) -> Vec<Refusal> {
    let mut refusals: Vec<_> =
        text::check("H-4", "server", &target.server, 253, true, false).err().into_iter().collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if !target.server.chars().all(fits) {
        refusals.push(Refusal::new("H-4", "server", "is neither the name of a host nor an address"));
    }
    if target.port == 0 {
        refusals.push(Refusal::new("H-4", "port", "must be 1 to 65535"));
    }
    refusals
}

/// Who sends, and when.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sender<'a> {
    /// Whose events they are.
    pub instance: InstanceId,
    /// The name of the host that sends.
    pub host: &'a str,
    /// The process that sends.
    pub process: u32,
}

impl<'a> Sender<'a> {
    /// From this host, by this process.
    pub const fn new(instance: InstanceId, host: &'a str, process: u32) -> Self {
        Self { instance, host, process }
    }
}

/// Facility 13 (log audit), RFC 5424 section 6.2.1.
const FACILITY: u8 = 13;
/// The number that RFC 5612 keeps for documentation; a structured-data id needs some enterprise's.
const SD_ID: &str = "alm@32473";

/// How bad it is, as syslog counts (3 error to 6 informational) and as CEF does (0 to 10).
fn severity(event: &Event) -> (u8, u8) {
    match event.kind {
        EventKind::AuditRecord => match event.audit.as_ref().map(|told| told.entry.result) {
            Some(AuditResult::Failed) => (3, 8),
            Some(AuditResult::Refused) => (4, 6),
            Some(AuditResult::Done | AuditResult::Intended) | None => (6, 3),
        },
        EventKind::AuditChainBroken
        | EventKind::ProvisioningFailed
        | EventKind::OperationParked
        | EventKind::DomainUnreachable
        | EventKind::VaultUnreachable
        | EventKind::DeliveryFailed => (3, 8),
        EventKind::SweepHeld
        | EventKind::SyncHeld
        | EventKind::SyncNeedsAttention
        | EventKind::AccountDrifted
        | EventKind::RenewalUrgent => (4, 6),
        EventKind::AccountOwnerChanged
        | EventKind::EndOfLife
        | EventKind::AccountStateChanged
        | EventKind::ExternalGroupsDisabled
        | EventKind::UserDisabledBySync => (5, 5),
        _ => (6, 3),
    }
}

/// One event, without anything that a transport puts around it; no line breaks in it, and no byte of control.
pub fn record(format: SiemFormat, sender: Sender<'_>, delivery: &Delivery) -> Vec<u8> {
    match format {
        SiemFormat::Syslog => {
            // What may be long comes last: a datagram is cut at its end (section 6.1).
            let facts = delivery.event.audit.as_ref().map(|told| format!(" {}", told.entry.facts));
            let message = delivery.event.text.clone() + &facts.unwrap_or_default();
            syslog(sender, delivery, &structured(sender, delivery), &one_line(&message))
        }
        SiemFormat::Cef => syslog(sender, delivery, "-", &cef(sender, delivery)),
        SiemFormat::Json => json(sender, delivery).into_bytes(),
    }
}

/// The facts, in their order; what an event does not have is not there.
fn facts(sender: Sender<'_>, delivery: &Delivery) -> Vec<(&'static str, String)> {
    let event = &delivery.event;
    let mut facts = vec![("eventId", event.id.to_string()), ("instance", sender.instance.to_string())];
    let more = [
        ("account", event.account.map(|id| id.to_string())),
        ("accountVersion", event.account_version.map(|version| version.to_string())),
        ("request", event.request.map(|id| id.to_string())),
        ("template", event.template.map(|id| id.to_string())),
        ("saga", event.saga.map(|id| id.to_string())),
        ("afterGap", delivery.after_gap.then(|| "true".to_owned())),
        ("auditSeq", event.audit.as_ref().map(|told| told.seq.to_string())),
        ("auditHash", event.audit.as_ref().map(|told| told.hash.to_string())),
        ("actor", event.audit.as_ref().map(|told| actor(told.entry.actor))),
        ("source", event.audit.as_ref().map(|told| told.entry.source.clone())),
        ("action", event.audit.as_ref().map(|told| told.entry.action.clone())),
        ("subject", event.audit.as_ref().map(|told| told.entry.subject.clone())),
        ("outcome", event.audit.as_ref().map(|told| outcome(told.entry.result).to_owned())),
    ];
    facts.extend(more.into_iter().filter_map(|(name, value)| Some((name, shortened(value?, MOST)))));
    facts
}

/// The longest value of one fact, in characters.
const MOST: usize = 200;

fn shortened(text: String, most: usize) -> String {
    if text.chars().nth(most).is_some() { text.chars().take(most).collect() } else { text }
}

fn actor(actor: Actor) -> String {
    match actor {
        Actor::Person(id) => id.to_string(),
        Actor::Clock => "clock".to_owned(),
        Actor::System => "system".to_owned(),
    }
}

const fn outcome(result: AuditResult) -> &'static str {
    match result {
        AuditResult::Done => "success",
        AuditResult::Intended => "intended",
        AuditResult::Refused => "refused",
        AuditResult::Failed => "failure",
    }
}

/// Nobody's text begins a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if text::is_hidden(c) { ' ' } else { c }).collect()
}

fn syslog(sender: Sender<'_>, delivery: &Delivery, structured: &str, message: &str) -> Vec<u8> {
    let event = &delivery.event;
    let priority = FACILITY * 8 + severity(event).0;
    let head = format!(
        "<{priority}>1 {} {} alm {} {} {structured} ",
        instant(event.at),
        header(sender.host, 255),
        sender.process,
        header(event.kind.name(), 32),
    );
    // A byte order mark says that the message is UTF-8 (section 6.4).
    [head.as_bytes(), &[0xef, 0xbb, 0xbf], message.as_bytes()].concat()
}

/// Milliseconds, in UTC (section 6.2.3).
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Printable ASCII without spaces, at most so long; `-` when nothing is left.
fn header(text: &str, most: usize) -> String {
    let fit: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).take(most).collect();
    if fit.is_empty() { "-".to_owned() } else { fit }
}

fn structured(sender: Sender<'_>, delivery: &Delivery) -> String {
    let mut element = format!("[{SD_ID}");
    for (name, value) in facts(sender, delivery) {
        // Writing to a String cannot fail.
        let _ = write!(element, " {name}=\"{}\"", parameter(&one_line(&value)));
    }
    element.push(']');
    element
}

/// Section 6.3.3: these three are escaped, and nothing else.
fn parameter(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn cef(sender: Sender<'_>, delivery: &Delivery) -> String {
    let event = &delivery.event;
    let mut text = format!(
        "CEF:0|alm|alm-core|{}|{}|{}|{}|rt={} externalId={} msg={}",
        cef_header(env!("CARGO_PKG_VERSION")),
        cef_header(event.kind.name()),
        cef_header(&title(event.kind)),
        severity(event).1,
        event.at.as_millisecond(),
        event.id,
        cef_value(&one_line(&event.text)),
    );
    let mut custom = Vec::new();
    for (name, value) in facts(sender, delivery) {
        let key = match name {
            // Said above.
            "eventId" => continue,
            "actor" => "suid",
            "action" => "act",
            "outcome" => "outcome",
            // Numbers have keys of their own.
            "accountVersion" | "auditSeq" => "cn1",
            _ => {
                custom.push((name, value));
                continue;
            }
        };
        let _ = write!(text, " {key}={}", cef_value(&one_line(&value)));
        if key == "cn1" {
            let _ = write!(text, " cn1Label={name}");
        }
    }
    custom.extend(event.audit.as_ref().map(|told| ("facts", told.entry.facts.to_string())));
    // There are six of these keys, and no event has more than that left: an audit record has no account of its own.
    for (number, (name, value)) in (1..=6).zip(custom) {
        let value = shortened(one_line(&value), CUSTOM);
        let _ = write!(text, " cs{number}={} cs{number}Label={name}", cef_value(&value));
    }
    text
}

/// The longest value of a custom text, in characters.
const CUSTOM: usize = 4_000;

/// In the header a pipe ends a field.
fn cef_header(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// In the extension an equals sign ends a key; spaces at the end would belong to nobody.
fn cef_value(text: &str) -> String {
    text.trim_end().replace('\\', "\\\\").replace('=', "\\=")
}

fn json(sender: Sender<'_>, delivery: &Delivery) -> String {
    let event = &delivery.event;
    json!({
        "schema": 1,
        "id": event.id,
        "type": event.kind.name(),
        "title": title(event.kind),
        "time": event.at,
        "severity": severity(event).1,
        "instance": sender.instance,
        "host": sender.host,
        "text": event.text,
        "account": event.account,
        "account_version": event.account_version,
        "request": event.request,
        "template": event.template,
        "saga": event.saga,
        "after_gap": delivery.after_gap,
        "audit": event.audit,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::audit::{AuditEntry, AuditRecord, ChainHash};
    use crate::model::siem::SiemTransport;
    use crate::rules::fixture::delivery;

    fn sender() -> Sender<'static> {
        Sender::new(Uuid::from_u128(9).into(), "alm.example.com", 42)
    }

    fn text(format: SiemFormat, said: &str) -> String {
        String::from_utf8(record(format, sender(), &delivery(said))).unwrap()
    }

    const NINE: &str = "00000000-0000-0000-0000-000000000009";

    #[test]
    fn h_4_syslog_is_as_rfc_5424_has_it() {
        assert_eq!(
            text(SiemFormat::Syslog, "svc is there\n<13>1 forged"),
            format!(
                "<110>1 2026-01-02T03:04:05.678Z alm.example.com alm 42 account_provisioned \
                 [alm@32473 eventId=\"00000000-0000-0000-0000-000000000007\" instance=\"{NINE}\" \
                 account=\"00000000-0000-0000-0000-000000000008\" afterGap=\"true\"] \u{feff}svc is there <13>1 forged"
            )
        );
        assert_eq!(parameter("a\"b\\c]d[e"), "a\\\"b\\\\c\\]d[e");
        assert_eq!(
            (header("", 9), header("h\u{f6}st x", 9), header("abc", 2)),
            ("-".into(), "h?st?x".into(), "ab".into())
        );
    }

    #[test]
    fn h_4_cef_escapes_each_part_as_it_wants() {
        let said = text(SiemFormat::Cef, "a=b|c\\d\r\nx  ");
        let body = said.split('\u{feff}').nth(1).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert!(
            body.starts_with(&format!(
                "CEF:0|alm|alm-core|{version}|account_provisioned|Account Provisioned|3|rt=1767323045678 "
            )),
            "{body}"
        );
        assert!(body.contains(" msg=a\\=b|c\\\\d  x cs1="), "{body}");
        assert!(body.contains(&format!(" cs1={NINE} cs1Label=instance cs2=")), "{body}");
        assert_eq!(cef_header("a|b\\c=d\n"), "a\\|b\\\\c=d ");
    }

    #[test]
    fn h_5_an_audit_record_is_told_with_its_place_in_each_format() {
        let entry: AuditEntry = serde_json::from_value(json!({
            "at": "2026-01-02T03:04:05Z", "actor": "clock", "source": "engine \"a\"", "action": "account.expire", "subject": "account 8",
            "result": "refused", "facts": { "why": "x".repeat(5_000) }, "personal": null,
        }))
        .unwrap();
        let record = AuditRecord::link(7, ChainHash::GENESIS, entry).unwrap();
        let mut one = delivery("said");
        one.event.account = None;
        one.event.kind = EventKind::AuditRecord;
        one.event.audit = Some(Box::new(record.told().unwrap()));
        let said = |format| String::from_utf8(super::record(format, sender(), &one)).unwrap();
        let hash = record.hash;
        let syslog = said(SiemFormat::Syslog);
        assert!(syslog.starts_with("<108>1 "), "a refusal is a warning: {syslog}");
        let element = format!(
            "afterGap=\"true\" auditSeq=\"7\" auditHash=\"{hash}\" actor=\"clock\" source=\"engine \\\"a\\\"\" \
             action=\"account.expire\" subject=\"account 8\" outcome=\"refused\"] \u{feff}said {{\"why\":\"xxx"
        );
        assert!(syslog.contains(&element), "{syslog}");
        let cef = said(SiemFormat::Cef);
        assert!(cef.contains("|audit_record|Any Audit Record|6|"), "{cef}");
        for part in [
            " cn1=7 cn1Label=auditSeq",
            " suid=clock act=account.expire outcome=refused ",
            &format!(" cs3={hash} cs3Label=auditHash"),
            " cs4Label=source",
            " cs5=account 8 cs5Label=subject",
            " cs6Label=facts",
        ] {
            assert!(cef.contains(part), "{part}: {cef}");
        }
        assert!(cef.len() < 5_000);
        let json: serde_json::Value = serde_json::from_str(&said(SiemFormat::Json)).unwrap();
        assert_eq!((&json["audit"]["seq"], &json["audit"]["action"]), (&json!(7), &json!("account.expire")));
        assert_eq!(json["audit"]["facts"]["why"].as_str().unwrap().len(), 5_000);
    }

    #[test]
    fn h_4_json_is_one_line() {
        let said = text(SiemFormat::Json, "two\nlines \"quoted\"");
        assert!(!said.contains('\n'));
        let read: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(read["text"], "two\nlines \"quoted\"");
        assert_eq!((&read["type"], &read["after_gap"]), (&json!("account_provisioned"), &json!(true)));
    }

    #[test]
    fn h_4_a_collector_is_a_host_and_a_port() {
        for (server, port, expected) in [
            ("siem-1.example_x.com", 1, 0),
            ("2001:db8::1", 514, 0),
            (&"x".repeat(253), 514, 0),
            (&"x".repeat(254), 514, 1),
            ("siem.example.com", 0, 1),
            ("siem example", 514, 1),
            ("siem/x", 0, 2),
            ("", 514, 1),
        ] {
            let target = SiemTarget::new(server, SiemTransport::Tcp).port(port);
            assert_eq!(check(&target).len(), expected, "{server:?} {port}");
        }
    }

    #[test]
    fn h_4_what_is_broken_is_worse_than_what_changed() {
        for (kind, expected) in [
            (EventKind::VaultUnreachable, (3, 8)),
            (EventKind::SyncHeld, (4, 6)),
            (EventKind::EndOfLife, (5, 5)),
            (EventKind::AccountProvisioned, (6, 3)),
        ] {
            assert_eq!(
                severity(&Event::new(Uuid::nil().into(), Timestamp::UNIX_EPOCH, kind, "x")),
                expected,
                "{kind}"
            );
        }
    }

    #[test]
    fn h_5_kinds_of_our_own_go_by_their_own_names() {
        assert_eq!(title(EventKind::RenewalUrgent), "Account Requires Renewal");
        assert_eq!(title(EventKind::DeliveryFailed), EventKind::DeliveryFailed.to_string());
    }

    #[test]
    fn h_5_every_event_of_the_table_is_told_by_some_kind_and_each_kind_once() {
        assert_eq!(EVENTS.len(), 15);
        let kinds: Vec<_> = EVENTS.iter().flat_map(|(_, kinds)| *kinds).collect();
        let once: std::collections::BTreeSet<_> = kinds.iter().collect();
        assert!(EVENTS.iter().all(|(_, kinds)| !kinds.is_empty()) && once.len() == kinds.len());
    }
}
