//! What goes wrong, on one line that names the thing and what to do.

use std::fmt;

/// One line for the person at the terminal.
#[derive(Debug)]
pub struct Fault(String);

impl Fault {
    pub fn new(text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Says which flags it is about, for a fault that knows only the operation.
    pub fn concerning(self, flags: &str) -> Self {
        Self(format!("{flags}: {}", self.0))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<alm_core::Error> for Fault {
    fn from(error: alm_core::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ad_directory::Error> for Fault {
    fn from(error: ad_directory::Error) -> Self {
        Self::new(format!("{error}; {}", error.advice()))
    }
}

impl From<secretserver_client::Error> for Fault {
    fn from(error: secretserver_client::Error) -> Self {
        Self::new(format!("{error}; {}", error.advice()))
    }
}
