//! I-11: no password is in the store, the journal, the queue, an event, a log line, an error or a Debug output.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use alm_core::model::audit::Personal;
use alm_core::model::event::Event;
use alm_core::model::ids::SagaId;
use alm_core::model::managed::AccountKind;
use alm_core::model::request::Request;
use alm_core::port::store::{Commit, JournalEntry, RecordKind, Remembered, Store};
use alm_core::service::accounts::DisableAccount;
use secrecy::ExposeSecret;
use tracing::field::{Field, Visit};
use tracing::span;
use uuid::Uuid;

use super::chaos::Mishap;
use super::stage::{Case, Stage};
use super::world::World;

/// Writes down everything that is logged, at every level.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut text = self.0.lock().unwrap();
        text.push_str(span.metadata().name());
        span.record(&mut Line(&mut text));
        text.push('\n');
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.0.lock().unwrap();
        event.record(&mut Line(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn base64(bytes: &[u8], marks: [char; 2]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(marks).collect();
    bytes
        .chunks_exact(3)
        .flat_map(|three| {
            let all = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [18, 12, 6, 0].map(|shift| digits[(all >> shift & 63) as usize])
        })
        .collect()
}

fn percent(text: &str, lower: bool, all: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' if !all => {
                char::from(byte).to_string()
            }
            byte if lower => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A secret in every form in which it could get out.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        ("plain", secret.to_owned()),
        ("UTF-16LE", secret.chars().flat_map(|c| [c, '\0']).collect()),
        ("UTF-16LE, shown", secret.chars().map(|c| format!("{c}\\0")).collect()),
        ("hex", bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        ("HEX", bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
        ("bytes, shown", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
        ("bytes, in JSON", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",")),
        ("percent", percent(secret, false, false)),
        ("percent, lower", percent(secret, true, false)),
        ("percent, all", percent(secret, false, true)),
        ("JSON, escaped", bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect()),
    ];
    // Wherever in a longer text it begins, one of the three is in it whole.
    for start in 0..3 {
        let part = &bytes[start..start + (bytes.len() - start) / 3 * 3];
        forms.push(("base64", base64(part, ['+', '/'])));
        forms.push(("base64url", base64(part, ['-', '_'])));
        let wide: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
        let part = &wide[start..start + (wide.len() - start) / 3 * 3];
        forms.push(("base64 of UTF-16LE", base64(part, ['+', '/'])));
    }
    forms
}

/// Where and in which form a secret is in a text.
fn leaks(secrets: &[String], places: &[(String, String)]) -> Vec<String> {
    let mut leaks = Vec::new();
    for secret in secrets {
        for (form, needle) in forms(secret) {
            for (place, text) in places {
                if text.contains(&needle) {
                    leaks.push(format!("{place} ({form})"));
                }
            }
        }
    }
    leaks
}

/// Everything that a store gives out, and everything that it shows of itself.
async fn stored(store: &dyn Store, keys: &[(Uuid, String)]) -> Vec<(String, String)> {
    let mut places = vec![("the store's Debug".to_owned(), format!("{store:?}"))];
    for kind in RecordKind::ALL {
        for document in store.list(kind, None, u32::MAX).await.unwrap() {
            if kind == RecordKind::Saga {
                let journal = store.journal(SagaId::new(document.id)).await.unwrap();
                places.push(("journal".to_owned(), journal.into_iter().map(|entry| entry.body).collect()));
            }
            places.push((format!("document {}", kind.name()), document.body));
        }
    }
    for record in store.audit(1, u32::MAX).await.unwrap() {
        places.push(("audit".to_owned(), record.body.clone()));
        places.push(("audit, personal".to_owned(), format!("{:?}", record.personal)));
    }
    for event in store.undelivered(u32::MAX).await.unwrap() {
        places.push(("outbox".to_owned(), serde_json::to_string(&event).unwrap()));
    }
    for (actor, key) in keys {
        if let Some(first) = store.remembered(*actor, key).await.unwrap() {
            places.push(("remembered".to_owned(), first.result));
        }
    }
    places
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn i_11_no_password_is_anywhere_but_in_vault_and_directory() {
    let log = Log::default();
    let searched = tracing::subscriber::with_default(log.clone(), || {
        block_on(async {
            let (mut passwords, mut searched, mut errors) = (0, 0, 0);
            for case in Case::ALL {
                let points = {
                    let stage = Stage::new(case, []).await;
                    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
                    stage.chaos.points()
                };
                // A line that another test came upon first, while nobody listened, may be marked as one that nobody wants.
                tracing::callsite::rebuild_interest_cache();
                // Undisturbed, and with every call's answer lost: what is written about failures is what leaks.
                let plans = (0..points.len())
                    .filter(|at| !points[*at].starts_with("at "))
                    .map(|at| vec![(at, Mishap::LoseReply)]);
                for plan in std::iter::once(Vec::new()).chain(plans) {
                    let stage = Stage::new(case, plan).await;
                    let engine = stage.engine(1, &stage.chaos, stage.world.clock.clone());
                    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
                    let secrets: Vec<String> =
                        stage.world.vault.passwords().iter().map(|p| p.expose_secret().to_owned()).collect();
                    // Of a gMSA there is none, and an adopted account keeps the one it has unless somebody asked for another.
                    let makes = case.kind() == AccountKind::User && (!case.adopts() || case.resets());
                    assert!(secrets.is_empty() != makes && secrets.iter().all(|secret| secret.len() >= 20));
                    let mut places = stored(stage.world.store.as_ref(), &[]).await;
                    errors += stage.chaos.errors().len();
                    places
                        .extend(stage.chaos.errors().into_iter().map(|error| ("an error".to_owned(), error)));
                    for (what, shown) in [
                        ("the engine's Debug", format!("{engine:?}")),
                        ("the service's Debug", format!("{:?}", stage.world.alm)),
                        ("the vault's Debug", format!("{:?}", stage.world.vault)),
                        ("the directory's Debug", format!("{:?}", stage.world.directory)),
                    ] {
                        places.push((what.to_owned(), shown));
                    }
                    places.push(("the log".to_owned(), std::mem::take(&mut *log.0.lock().unwrap())));
                    // A few big texts are searched faster than thousands of small ones; names of places are asked for only when needed.
                    let whole = vec![(
                        "all".to_owned(),
                        places.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n"),
                    )];
                    assert!(leaks(&secrets, &whole).is_empty(), "{case:?}: {:#?}", leaks(&secrets, &places));
                    passwords += secrets.len();
                    searched += whole[0].1.len();
                }
            }
            println!(
                "{passwords} passwords searched for in {} kB, {errors} errors among it",
                searched / 1_000
            );
            (passwords, searched, errors)
        })
    });
    assert!(searched.0 > 100 && searched.1 > 1_000_000 && searched.2 > 50, "{searched:?}");
}

/// The search is worth something: what is planted is found, in every place and every form.
#[test]
fn i_11_a_planted_secret_is_found_wherever_it_is_and_however_it_is_written() {
    let secret = "Canary-7.+=,:@#xQz8_planted-Kw".to_owned();
    for (form, text) in forms(&secret) {
        let places = [("a log".to_owned(), format!("before {text} after"))];
        assert!(!leaks(std::slice::from_ref(&secret), &places).is_empty(), "{form}");
    }
    // base64 of a longer text, at each of the three places where it can begin.
    for before in ["", "a", "ab"] {
        let text = base64(format!("{before}{secret}and more behind it").as_bytes(), ['+', '/']);
        assert!(!leaks(std::slice::from_ref(&secret), &[("b".to_owned(), text)]).is_empty(), "{before:?}");
    }

    let log = Log::default();
    let places = tracing::subscriber::with_default(log.clone(), || {
        block_on(async {
            let world = World::new().await;
            let template = world.template(alm_core::model::template::EolAction::Review).await;
            world.provisioned(template, "before").await;
            tracing::callsite::rebuild_interest_cache();
            let id = world.provisioned(template, "payroll").await;
            let saga = world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
            let request = world.submitted(template, "other").await;
            world.rewrite::<Request>(request.uuid(), |request| request.failure = Some(secret.clone())).await;
            let mut event: Event = world.store.undelivered(1).await.unwrap().remove(0);
            event.id = Uuid::new_v4().into();
            event.text.clone_from(&secret);
            let now = event.at;
            let mut entry = world.store.audit(1, 1).await.unwrap()[0].entry().unwrap();
            entry.facts = serde_json::json!({ "leaked": secret });
            entry.personal = Some(Personal::new([1; 16], secret.clone()));
            let actor = Uuid::from_u128(5);
            let commit = Commit {
                journal: vec![JournalEntry { saga, seq: 1, body: secret.clone() }],
                audit: vec![entry],
                events: vec![event],
                remember: Some(Remembered {
                    actor,
                    key: "k".into(),
                    command: "c".into(),
                    result: secret.clone(),
                    at: now,
                }),
                ..Commit::default()
            };
            world.store.commit(commit).await.unwrap();
            let span = tracing::trace_span!("planted", in_a_span = secret.as_str());
            span.in_scope(|| tracing::trace!(in_an_event = ?secret, "planted"));
            stored(world.store.as_ref(), &[(actor, "k".to_owned())]).await
        })
    });
    let found = leaks(std::slice::from_ref(&secret), &places).join("\n");
    for place in [
        "document request",
        "journal",
        "audit (",
        "audit, personal",
        "outbox",
        "remembered",
        "the store's Debug",
    ] {
        assert!(found.contains(place), "not found in {place}:\n{found}");
    }
    let text = log.0.lock().unwrap().clone();
    for field in ["in_a_span", "in_an_event"] {
        let line: String = text.lines().filter(|line| line.contains(field)).collect();
        assert!(line.contains(&secret), "{field}");
    }
    assert!(text.contains("effect"), "the engine's own lines are in it");
}
