//! Prints one JSON line for each operation that the client can send, from sample values: operation, verb, path, query, headers without
//! secrets, body.
//!
//! ```text
//! cargo run --example wire_catalogue
//! ```

use std::error::Error;
use std::io::{self, Write as _};

use secretserver_client::testing::catalogue;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut out = io::stdout().lock();
    for entry in catalogue()? {
        let line = serde_json::to_string(&entry)?;
        match writeln!(out, "{line}") {
            // Whoever reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            result => result?,
        }
    }
    Ok(())
}
