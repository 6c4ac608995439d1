//! The connection that hears what other processes announce (LISTEN).

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Executor as _, PgPool};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::options::PostgresOptions;
use crate::adapter::sql::signal::Signal;

/// How long it waits before it tries again to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a word it asks whether the server is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// A task that listens until this is dropped.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listening {
    /// Raises the signal for whatever processes other than `own` announce, and whenever something may have been missed.
    pub(super) fn start(
        runtime: &Handle,
        connecting: PgConnectOptions,
        options: &PostgresOptions,
        own: Uuid,
        signal: Signal,
    ) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.connect_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(connecting);
        let (channel, own) = (options.schema.clone(), own.to_string());
        Self(runtime.spawn(async move {
            loop {
                if let Err(error) = hear(&pool, &channel, &own, &signal).await {
                    // Engines go on without it, with every pause of theirs.
                    tracing::debug!(%error, "nothing is heard from the database");
                }
                sleep(PAUSE).await;
            }
        }))
    }
}

/// Hears until the connection is lost.
async fn hear(pool: &PgPool, channel: &str, own: &str, signal: &Signal) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(channel).await?;
    // What was announced before is for nobody.
    signal.raise();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(told))) => {
                if told.payload() != own {
                    signal.raise();
                }
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let asked = timeout(SILENCE, listener.execute("SELECT 1")).await;
                asked.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
            }
        }
    }
}
