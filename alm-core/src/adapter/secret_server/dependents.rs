//! What depends on a secret, such as Windows services: Secret Server tells it itself, as a task that is asked after (facts: dependencies since 10.4).

use std::time::Duration;

use futures_util::TryStreamExt as _;
use secretserver_client::resource::dependencies::{DependencyFilter, DependencySummary, RunResult};
use secretserver_client::{Client, Error, ErrorKind, SecretId};

use crate::model::secret_link::{Dependency, DependencyResult};

/// How long to wait between two looks at the task.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs all of them and waits until that has ended; the names of those whose run failed. The engine's time limit ends the wait: running them
/// again is harmless, and the task cannot be found again by anything else than its name.
pub(super) async fn tell(client: &Client, secret: SecretId) -> Result<Vec<String>, Error> {
    let all = match list(client, secret).await {
        Ok(all) => all,
        // A server before 10.4 has none to tell.
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let ids: Vec<_> = all.iter().filter(|one| one.enabled).map(|one| one.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let task = client.dependencies().run(ids.clone()).await?;
    while !client.dependencies().progress(&task).await?.is_complete {
        tokio::time::sleep(PAUSE).await;
    }
    let after = list(client, secret).await?;
    let failed = |one: &DependencySummary| ids.contains(&one.id) && one.run_result == Some(RunResult::Failed);
    Ok(after.iter().filter(|one| failed(one)).map(name).collect())
}

/// All that the server keeps, those that are switched off too.
pub(super) async fn all(client: &Client, secret: SecretId) -> Result<Vec<Dependency>, Error> {
    let filter = DependencyFilter::of(secret).with_inactive();
    let found: Vec<DependencySummary> = match client.dependencies().search(filter).try_collect().await {
        Ok(found) => found,
        // A server before 10.4 keeps none.
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(found.into_iter().map(described).collect())
}

fn described(one: DependencySummary) -> Dependency {
    let label = if one.service_name.is_empty() { format!("dependency {}", one.id) } else { one.service_name };
    let mut dependency = Dependency::new(label, one.machine_name, one.type_name);
    dependency.enabled = one.enabled;
    dependency.last = match one.run_result {
        Some(RunResult::Success) => DependencyResult::Succeeded,
        Some(RunResult::Failed) => DependencyResult::Failed,
        _ => DependencyResult::NotRun,
    };
    dependency
}

async fn list(client: &Client, secret: SecretId) -> Result<Vec<DependencySummary>, Error> {
    client.dependencies().search(DependencyFilter::of(secret)).try_collect().await
}

fn name(one: &DependencySummary) -> String {
    match (one.service_name.is_empty(), one.machine_name.is_empty()) {
        (false, false) => format!("{} on {}", one.service_name, one.machine_name),
        (false, true) => one.service_name.clone(),
        _ => format!("dependency {}", one.id),
    }
}
