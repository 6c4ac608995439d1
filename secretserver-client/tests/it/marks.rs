//! A text that must not be seen, in all the forms in which it could be; and everything that was traced.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock};

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The forms of one text.
pub(crate) struct Marks(Vec<(&'static str, String)>);

impl Marks {
    /// The text, and its beginning, which no encoding changes.
    pub(crate) fn of(text: &str, beginning: &str) -> Self {
        let bytes = text.as_bytes();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let list = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
        let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
        let escaped: String = url::form_urlencoded::byte_serialize(bytes).collect();
        let json = serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let ascii_json: String = json
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        let html =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let mut forms = vec![
            ("beginning", beginning.to_owned()),
            ("text", text.to_owned()),
            ("form", escaped.clone()),
            ("form, small", escaped.to_ascii_lowercase()),
            ("percent", escaped.replace('+', "%20")),
            ("json", json),
            ("json, ascii", ascii_json),
            ("debug", format!("{text:?}").trim_matches('"').to_owned()),
            ("bytes", list(bytes)),
            ("hex", hex(bytes)),
            ("hex, large", hex(bytes).to_ascii_uppercase()),
            ("html", html),
            ("utf-16", beginning.chars().fold(String::new(), |all, c| format!("{all}{c}\0"))),
            ("utf-16 bytes", list(&wide)),
            ("utf-16 hex", hex(&wide)),
        ];
        for shift in 0..3 {
            for (name, bytes) in [("base64", bytes), ("base64 of utf-16", &wide)] {
                let standard = base64_inside(bytes, shift);
                forms.push((name, standard.replace('+', "-").replace('/', "_")));
                forms.push((name, standard));
            }
        }
        Self(forms)
    }

    pub(crate) fn found_in(&self, text: &str) -> Option<&'static str> {
        self.0.iter().find(|(_, form)| text.contains(form.as_str())).map(|(name, _)| *name)
    }
}

/// The characters of base64 that depend on these bytes alone, when `shift` others stand before them and any after.
fn base64_inside(bytes: &[u8], shift: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = Vec::new();
    for byte in std::iter::repeat_n(&0, shift).chain(bytes) {
        bits.extend((0..8).rev().map(|i| byte >> i & 1));
    }
    let first = (shift * 8).div_ceil(6);
    let last = bits.len() / 6;
    bits.chunks(6)
        .take(last)
        .skip(first)
        .map(|six| {
            let index = six.iter().fold(0_usize, |n, bit| n * 2 + usize::from(*bit));
            char::from(ALPHABET[index])
        })
        .collect()
}

#[test]
fn a_planted_mark_is_found_in_every_form() {
    let text = "M4rk<&\"\\>é+ %/";
    let marks = Marks::of(text, "M4rk");
    for (name, form) in &marks.0 {
        assert!(form.len() > 3, "{name}");
        assert!(marks.found_in(&format!("x{form}y")).is_some(), "{name}");
    }
    assert_eq!(marks.found_in("nothing"), None);
    // "a" and "ab" before "hello", as any encoder writes them.
    assert_eq!(base64_inside(b"hello", 0), "aGVsbG");
    assert!(
        "YWhlbGxv".contains(&base64_inside(b"hello", 1))
            && "YWJoZWxsbw".contains(&base64_inside(b"hello", 2))
    );
}

/// Collects the text of every span and event.
#[derive(Clone, Default)]
struct Collect(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl tracing::field::Visit for Text<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Collect {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let mut text = self.0.lock().unwrap();
        text.push_str(attributes.metadata().name());
        attributes.record(&mut Text(&mut text));
    }

    fn on_record(
        &self,
        _: &tracing::Id,
        values: &tracing::span::Record<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut text = self.0.lock().unwrap();
        text.push('\n');
        event.record(&mut Text(&mut text));
    }
}

/// Everything that was traced so far in this process: a subscriber of one thread misses what other threads met first. Records of the `log` crate, which
/// the HTTP library writes, are among it. The first call begins it.
pub(crate) fn traces() -> String {
    static COLLECTED: OnceLock<Collect> = OnceLock::new();
    let collected = COLLECTED.get_or_init(|| {
        let collected = Collect::default();
        tracing_subscriber::registry().with(collected.clone()).try_init().unwrap();
        collected
    });
    collected.0.lock().unwrap().clone()
}
