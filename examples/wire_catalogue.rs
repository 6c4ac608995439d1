//! Prints one JSON line for each operation that the client can send, from sample values: operation, verb, path, query, headers without
//! secrets, body.
//!
//! ```text
//! cargo run --example wire_catalogue
//! ```

use std::error::Error;
use std::io::{self, Write as _};

use secretserver_client::testing::{catalogue, token_requests};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut out = io::stdout().lock();
    let entries = token_requests().await?.into_iter().chain(catalogue()?);
    for entry in entries {
        let line = serde_json::to_string(&entry)?;
        match writeln!(out, "{line}") {
            // Whoever reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            result => result?,
        }
    }
    Ok(())
}
