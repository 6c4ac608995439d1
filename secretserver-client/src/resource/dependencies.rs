//! Dependencies: where the password of a secret is used, such as a Windows service, which is told when the password changes.

mod change;
mod groups;
mod model;
mod run;

use crate::client::Client;
use crate::error::Error;
use crate::ids::{DependencyGroupId, DependencyId, SecretId, SiteId};
use crate::page::Pager;
use crate::resource::Deleted;
pub use change::{
    CreateDependency, DeleteDependency, DependencyDraft, GetDependencyStub, ReplaceDependency, StubFor,
};
pub use groups::{CreateDependencyGroup, DependencyGroup, ListDependencyGroups};
pub use model::{
    Argument, Dependency, DependencyFilter, DependencySummary, DependencyTemplate, GetDependency, RunResult,
    RunScript, ScanItemField, SearchDependencies, Setting, TemplateOfDependency,
};
pub use run::{
    DependencyScript, GetRunProgress, ListDependencyScripts, ListDependencyTemplates, RunDependencies,
    RunError, RunProgress,
};

/// The operations on dependencies. See [`Client::dependencies`]. Since Secret Server 10.4.
///
/// For every method: dropping its future abandons the wait; what was sent may be carried out all the same. Errors are described at
/// [`ErrorKind`](crate::ErrorKind).
///
/// ```
/// # async fn run(client: &secretserver_client::Client, secret: secretserver_client::SecretId)
/// # -> Result<(), secretserver_client::Error> {
/// use futures_util::TryStreamExt as _;
/// use secretserver_client::resource::dependencies::DependencyFilter;
///
/// let all: Vec<_> = client.dependencies().search(DependencyFilter::of(secret)).try_collect().await?;
/// let task = client.dependencies().run(all.iter().map(|d| d.id).collect()).await?;
/// println!("{}", client.dependencies().progress(&task).await?.is_complete);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dependencies<'c>(pub(crate) &'c Client);

impl Dependencies<'_> {
    /// The dependencies of a secret, in order of their ids. The server wants to know of which secret, and refuses other searches.
    pub fn search(&self, filter: DependencyFilter) -> Pager<DependencySummary> {
        SearchDependencies::pager(self.0, filter)
    }

    /// Reads a dependency.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied): denied or absent.
    pub async fn get(&self, id: DependencyId) -> Result<Dependency, Error> {
        self.0.request(GetDependency { id }).await
    }

    /// A new dependency as the server would fill it in. Fill in the rest, and [`create`](Self::create) it.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn stub(&self, secret: SecretId, of: StubFor) -> Result<DependencyDraft, Error> {
        self.0.request(GetDependencyStub { secret, of }).await
    }

    /// Creates a dependency. Never sent twice: when the answer is lost, search for it first.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn create(&self, draft: DependencyDraft) -> Result<Dependency, Error> {
        self.0.request(CreateDependency(draft)).await
    }

    /// Replaces a dependency, and gives back what the server says it is now.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn replace(&self, id: DependencyId, draft: DependencyDraft) -> Result<DependencyDraft, Error> {
        self.0.request(ReplaceDependency { id, draft }).await
    }

    /// Deletes a dependency for good: it cannot be restored.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn delete(&self, id: DependencyId) -> Result<Deleted, Error> {
        self.0.request(DeleteDependency { id }).await
    }

    /// The groups of dependencies of a secret.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn groups(&self, secret: SecretId) -> Result<Vec<DependencyGroup>, Error> {
        self.0.request(ListDependencyGroups { secret }).await
    }

    /// Creates a group of dependencies. There is no operation that deletes one.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn create_group(
        &self,
        secret: SecretId,
        name: &str,
        site: Option<SiteId>,
    ) -> Result<DependencyGroup, Error> {
        self.0.request(CreateDependencyGroup { secret, name: name.to_owned(), site }).await
    }

    /// The templates that dependencies can be made from.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn templates(&self) -> Result<Vec<DependencyTemplate>, Error> {
        self.0.request(ListDependencyTemplates).await
    }

    /// The scripts that dependencies can run.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn scripts(&self) -> Result<Vec<DependencyScript>, Error> {
        self.0.request(ListDependencyScripts).await
    }

    /// Tells these places the password again. Gives back the name of the task; it cannot be found out later. Never sent twice.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn run(&self, ids: Vec<DependencyId>) -> Result<String, Error> {
        self.0.request(RunDependencies { ids }).await
    }

    /// How far a task is.
    ///
    /// # Errors
    /// As for [`Dependencies::get`].
    pub async fn progress(&self, task: &str) -> Result<RunProgress, Error> {
        self.0.request(GetRunProgress { task: task.to_owned() }).await
    }
}

/// No group: what the server takes for "the default one".
const NO_GROUP: u32 = 0;

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn group_or_none<S: serde::Serializer>(group: &Option<DependencyGroupId>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(group.map_or(NO_GROUP, DependencyGroupId::get))
}
