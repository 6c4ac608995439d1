//! How the story is told: for people, or as JSON lines.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

#[derive(Debug)]
pub struct Teller {
    json: bool,
    colour: bool,
    brief: AtomicBool,
}

impl Teller {
    pub fn new(json: bool) -> Self {
        let colour = !json && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour, brief: AtomicBool::new(false) }
    }

    /// From now on people are not told what they have seen before; programs still are.
    pub fn brief(&self, brief: bool) {
        self.brief.store(brief, Ordering::Relaxed);
    }

    /// One thing that people have seen before.
    pub fn detail(&self, text: impl AsRef<str>, event: Value) {
        if self.json || !self.brief.load(Ordering::Relaxed) {
            self.event(text, event);
        }
    }

    /// A new chapter.
    pub fn chapter(&self, title: &str) {
        if self.json {
            self.line(&json!({ "event": "chapter", "title": title }));
        } else if self.colour {
            self.print(&format!("\n\u{1b}[1m{title}\u{1b}[0m"));
        } else {
            self.print(&format!("\n{title}"));
        }
    }

    /// One thing that happened.
    pub fn say(&self, text: impl AsRef<str>) {
        if self.json {
            self.line(&json!({ "event": "say", "text": text.as_ref() }));
        } else {
            self.print(&format!("  {}", text.as_ref()));
        }
    }

    /// One thing that happened, with its data for programs.
    pub fn event(&self, text: impl AsRef<str>, event: Value) {
        if self.json {
            self.line(&event);
        } else {
            self.print(&format!("  {}", text.as_ref()));
        }
    }

    /// For programs alone.
    pub fn data(&self, event: &Value) {
        if self.json {
            self.line(event);
        }
    }

    /// For people alone.
    pub fn people(&self, text: impl AsRef<str>) {
        if !self.json {
            self.print(text.as_ref());
        }
    }

    fn line(&self, value: &Value) {
        self.print(&value.to_string());
    }

    fn print(&self, text: &str) {
        // Whoever closed the pipe does not want to hear more; the story goes on.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}
