//! What should be looked at before a server is trusted with the passwords of a program that nobody watches: one call, one report.
//!
//! [`Client::preflight`] carries out eight checks in their order. It changes nothing, writes nothing, reads no value of a secret, and never fails itself:
//! what could not be found out is [`Unknown`](CheckResult::Unknown), with the reason.
//!
//! | check | passes when |
//! |---|---|
//! | V-1 | what answers is Secret Server, and it is well |
//! | V-2 | web services are on and the credential is accepted; the two cannot always be told apart |
//! | V-3 | the version is new enough; hidden: a warning; the cloud is always |
//! | V-4 | the user has the role permissions, and is an application account, else a warning |
//! | V-5 | the folder is visible, and secrets from the template may be added |
//! | V-6 | the template has the fields, and requires no other |
//! | V-7 | nothing stands before secrets there (check-out, comment, approval, second factor), and no unknown pattern is set for names |
//! | V-8 | the passwords are changed by the side that is meant to; a check of the password (heartbeat) is a warning |

mod account;
mod place;
mod report;
mod server;

use crate::client::Client;
use crate::ids::{FolderId, SecretId, SecretTemplateId};
pub use report::{Check, CheckResult, PreflightReport, Rule};

/// Who is to change the passwords that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rotation {
    /// The program that asks: then the server must not do it by itself.
    #[default]
    Caller,
    /// The server.
    Server,
}

/// What the preflight is about.
///
/// ```
/// # async fn run(client: &secretserver_client::Client) -> Result<(), secretserver_client::InvalidId> {
/// use secretserver_client::preflight::{CheckResult, PreflightOptions};
/// use secretserver_client::{FolderId, SecretTemplateId};
///
/// let place = PreflightOptions::new(FolderId::new(7)?, SecretTemplateId::new(6001)?);
/// let report = client.preflight(place).await;
/// for check in report.checks() {
///     println!("{check}");
/// }
/// assert!(report.is_usable());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct PreflightOptions {
    /// Where secrets shall be made.
    pub folder: FolderId,
    /// From what.
    pub template: SecretTemplateId,
    /// A secret that is there already and stands for those to come: what stands before it is looked at too. Its values are not read.
    pub secret: Option<SecretId>,
    /// Whether dependencies will be used, which wants a newer server and one more permission.
    pub dependencies: bool,
    /// Who is to change the passwords.
    pub rotation: Rotation,
    /// The fields that will be written, by their names in addresses, compared without case. `domain`, `username`, `password`, `notes` unless set.
    pub fields: Vec<String>,
    /// The pattern for names that the caller knows its names to meet. If the template has another one, the check fails: whether
    /// names meet a pattern is for whoever makes them to say.
    pub name_pattern: Option<String>,
}

impl PreflightOptions {
    /// For secrets from this template in this folder.
    pub fn new(folder: FolderId, template: SecretTemplateId) -> Self {
        Self {
            folder,
            template,
            secret: None,
            dependencies: false,
            rotation: Rotation::default(),
            fields: ["domain", "username", "password", "notes"].map(str::to_owned).to_vec(),
            name_pattern: None,
        }
    }

    /// Also looks at this secret.
    pub fn like_secret(mut self, secret: SecretId) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Dependencies will be used.
    pub fn with_dependencies(mut self) -> Self {
        self.dependencies = true;
        self
    }

    /// These passwords are changed so.
    pub fn rotated_by(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// These fields will be written.
    pub fn fields(mut self, slugs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fields = slugs.into_iter().map(Into::into).collect();
        self
    }

    /// Names are known to meet this pattern.
    pub fn name_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.name_pattern = Some(pattern.into());
        self
    }
}

impl Client {
    /// Looks whether this server, credential, folder and template will do. See [`preflight`](crate::preflight). Dropping the future changes nothing.
    pub async fn preflight(&self, options: PreflightOptions) -> PreflightReport {
        let mut report = PreflightReport::default();
        report.add(server::reachable(self).await);
        if report.stops_at(Rule::Reachable) {
            return report.rest_unknown("the server was not reached (V-1)");
        }
        report.add(server::signed_in(self).await);
        if report.stops_at(Rule::SignIn) {
            return report.rest_unknown("the client could not sign in (V-2)");
        }
        report.add(server::version(self, options.dependencies).await);
        report.add(account::permissions(self, options.dependencies).await);
        let (check, folder) = place::folder(self, options.folder, options.template).await;
        report.add(check);
        report.add(place::template(self, options.template, &options.fields).await);
        let policy = place::policy(self, folder.as_ref()).await;
        report.add(place::restrictions(self, &options, &policy).await);
        report.add(place::rotation(self, &options, &policy).await);
        report
    }
}
