//! V-5 to V-8: the folder, the template, and what is set for secrets there.

use futures_util::TryStreamExt as _;

use crate::client::Client;
use crate::compat::is_hidden;
use crate::error::Error;
use crate::ids::{FolderId, SecretTemplateId};
use crate::preflight::{Check, CheckResult, PreflightOptions, Rotation, Rule};
use crate::resource::folders::{Folder, FolderAction, FolderFilter, FolderPermission};
use crate::resource::policies::SecretPolicy;
use crate::resource::secrets::Access;

pub(super) async fn folder(
    client: &Client,
    id: FolderId,
    template: SecretTemplateId,
) -> (Check, Option<Folder>) {
    let rule = Rule::Folder;
    let folder = match client.folders().get(id).await {
        Ok(folder) => folder,
        Err(error) if error.is_denied_or_absent() => {
            let check = Check::failed(
                rule,
                format!("folder {id} does not exist, or the user may not see it"),
                "correct the folder's number, or give the user the role View on it",
            );
            return (check, None);
        }
        Err(error) => return (Check::unknown(rule, &error), None),
    };
    let path = &folder.folder_path;
    let denied = || {
        Check::failed(
            rule,
            format!("the user may not add secrets to folder {id} ({path})"),
            "give the user the folder role Add Secret",
        )
    };
    let check = match may_add(client, &folder, template).await {
        Ok(Add::Yes) => Check::passed(rule, format!("secrets can be added to folder {id} ({path})")),
        Ok(Add::No) => denied(),
        Ok(Add::NotFromTemplate) => Check::failed(
            rule,
            format!("folder {id} ({path}) does not allow secrets from template {template}"),
            "allow the template in the folder, or choose another",
        ),
        Err(error) => Check::unknown(rule, &error),
    };
    (check, Some(folder))
}

enum Add {
    Yes,
    No,
    NotFromTemplate,
}

/// Newer servers say what may be done in a folder; older ones list the folders in which it may.
async fn may_add(client: &Client, folder: &Folder, template: SecretTemplateId) -> Result<Add, Error> {
    match client.folders().details(folder.id).await {
        Ok(details) => {
            let allowed = &details.allowed_templates;
            return Ok(if !details.may(&FolderAction::AddSecret) {
                Add::No
            } else if !allowed.is_empty() && !allowed.iter().any(|t| t.id == template) {
                Add::NotFromTemplate
            } else {
                Add::Yes
            });
        }
        Err(error) if is_hidden(&error) => {}
        Err(error) => return Err(error),
    }
    let filter = FolderFilter::text(&folder.folder_name).requiring(FolderPermission::AddSecret);
    let mut found = client.folders().lookup(filter);
    while let Some(hit) = found.try_next().await? {
        if hit.id == folder.id {
            return Ok(Add::Yes);
        }
    }
    Ok(Add::No)
}

pub(super) async fn template(client: &Client, id: SecretTemplateId, fields: &[String]) -> Check {
    let rule = Rule::Template;
    let template = match client.templates().get(id).await {
        Ok(template) => template,
        Err(error) if error.is_denied_or_absent() => {
            return Check::failed(
                rule,
                format!("secret template {id} does not exist, or the user may not see it"),
                "correct the template's number, or let the user see templates",
            );
        }
        Err(error) => return Check::unknown(rule, &error),
    };
    let mut wrong = Vec::new();
    for slug in fields {
        match template.field(slug) {
            None => wrong.push(format!("has no field {slug}")),
            Some(field) if slug.eq_ignore_ascii_case("password") && !field.is_password => {
                wrong.push("has a field password that is not marked as a password".to_owned());
            }
            Some(field) if field.is_file => {
                wrong.push(format!("has a file in the place of the field {slug}"));
            }
            Some(_) => {}
        }
    }
    for field in &template.fields {
        let slug = &field.field_slug_name;
        if field.is_required && !fields.iter().any(|known| known.eq_ignore_ascii_case(slug)) {
            wrong.push(format!("requires the field {slug}, which nobody would fill in"));
        }
    }
    let name = &template.name;
    if wrong.is_empty() {
        return Check::passed(
            rule,
            format!("secret template {id} ({name}) has the fields {}", fields.join(", ")),
        );
    }
    Check::failed(
        rule,
        format!("secret template {id} ({name}) {}", wrong.join(", ")),
        format!("choose a template with the fields {}, and no other that is required", fields.join(", ")),
    )
}

/// What is known of the folder's policy.
pub(super) enum Policy {
    /// The folder could not be read.
    NoFolder,
    /// There is none.
    None,
    /// This one.
    Known(Box<SecretPolicy>),
    /// There is one, and it cannot be read.
    Hidden(String),
}

pub(super) async fn policy(client: &Client, folder: Option<&Folder>) -> Policy {
    let Some(folder) = folder else { return Policy::NoFolder };
    let Some(id) = folder.secret_policy_id else { return Policy::None };
    match client.policies().get(id).await {
        Ok(policy) if policy.active => Policy::Known(Box::new(policy)),
        Ok(_) => Policy::None,
        Err(error) => Policy::Hidden(format!("secret policy {id} of the folder cannot be read: {error}")),
    }
}

/// What speaks against a place, and what could not be seen.
#[derive(Default)]
struct Findings {
    against: Vec<String>,
    unseen: Vec<String>,
}

pub(super) async fn restrictions(client: &Client, options: &PreflightOptions, policy: &Policy) -> Check {
    let rule = Rule::Restrictions;
    let mut found = Findings::default();
    match policy {
        Policy::NoFolder => found.unseen.push("the folder could not be read (V-5)".to_owned()),
        Policy::None => {}
        Policy::Hidden(why) => found.unseen.push(why.clone()),
        Policy::Known(policy) => {
            let items = &policy.security_items;
            for (item, what) in [
                (&items.check_out_enabled, "a check-out"),
                (&items.require_view_comment, "a comment"),
                (&items.require_approval_for_access, "an approval"),
                (&items.is_multi_factor_authentication_required, "a second factor"),
            ] {
                if item.applies() {
                    let name = &policy.secret_policy_name;
                    found.against.push(format!("secret policy {name} wants {what} before a secret is read"));
                }
            }
        }
    }
    name_pattern(client, options, &mut found).await;
    existing_secret(client, options, &mut found).await;
    if !found.against.is_empty() {
        return Check::failed(
            rule,
            found.against.join("; "),
            "use a folder, policy and template without them: a program that nobody watches could not read its secrets back",
        );
    }
    if !found.unseen.is_empty() {
        let result = match policy {
            Policy::NoFolder => CheckResult::Unknown,
            _ => CheckResult::Warning,
        };
        return Check::new(
            rule,
            result,
            found.unseen.join("; "),
            "make sure that secrets there need no check-out, comment, approval or second lock",
        );
    }
    Check::passed(rule, "nothing stands before secrets there, and names are free")
}

async fn name_pattern(client: &Client, options: &PreflightOptions, found: &mut Findings) {
    match client.templates().details(options.template).await {
        Ok(details) => match details.name_pattern.filter(|pattern| !pattern.is_empty()) {
            Some(pattern) if options.name_pattern.as_ref() != Some(&pattern) => found.against.push(format!(
                "the template wants names that fit {pattern:?}, which these are not known to do"
            )),
            _ => {}
        },
        // Only newer servers say it, and no permission shows it on others.
        Err(error) if is_hidden(&error) => {
            found
                .unseen
                .push("the server does not say whether the template has a pattern for names".to_owned());
        }
        Err(error) => found.unseen.push(error.to_string()),
    }
}

async fn existing_secret(client: &Client, options: &PreflightOptions, found: &mut Findings) {
    let Some(id) = options.secret else { return };
    match client.secrets().access(id).await {
        Ok(Access::Open) => {}
        Ok(access) => found.against.push(format!("secret {id} cannot be read as it is: {}", access.advice())),
        Err(error) => found.unseen.push(error.to_string()),
    }
}

pub(super) async fn rotation(client: &Client, options: &PreflightOptions, policy: &Policy) -> Check {
    const ONE_SIDE: &str =
        "let one side alone change passwords: here, or the server's remote password changing";
    let rule = Rule::Rotation;
    let mut changes = Vec::new();
    let mut checks = Vec::new();
    let mut unseen = Vec::new();
    match policy {
        Policy::NoFolder => {
            let seen = "not looked at: the folder could not be read (V-5)";
            return Check::new(rule, CheckResult::Unknown, seen, "correct that first");
        }
        Policy::None => {}
        Policy::Hidden(why) => unseen.push(why.clone()),
        Policy::Known(policy) => {
            let name = &policy.secret_policy_name;
            if policy.rpc_items.auto_change_on_expiration.applies() {
                changes.push(format!("secret policy {name} changes passwords when secrets expire"));
            }
            if policy.security_items.check_out_change_password.applies() {
                changes.push(format!("secret policy {name} changes passwords when secrets are checked in"));
            }
            if policy.rpc_items.heart_beat_enabled.applies() {
                checks.push(format!("secret policy {name} checks passwords now and then (heartbeat)"));
            }
        }
    }
    if let Some(id) = options.secret {
        match client.secrets().summary(id).await {
            Ok(summary) if summary.auto_change_enabled => {
                changes.push(format!("the server changes the password of secret {id}"));
            }
            Ok(_) => {}
            Err(error) => unseen.push(error.to_string()),
        }
    }
    match options.rotation {
        Rotation::Caller if !changes.is_empty() => return Check::failed(rule, changes.join("; "), ONE_SIDE),
        Rotation::Server if changes.is_empty() && unseen.is_empty() => {
            let seen = "the server is meant to change the passwords, and neither folder nor policy says that it does";
            return Check::warning(
                rule,
                seen,
                "switch on remote password changing in template, policy or secret",
            );
        }
        Rotation::Caller | Rotation::Server => {}
    }
    if !checks.is_empty() {
        return Check::warning(
            rule,
            checks.join("; "),
            "expect sign-ins of the server: a locked account then says nothing about its password",
        );
    }
    if !unseen.is_empty() {
        return Check::warning(rule, unseen.join("; "), "make sure that only one side changes the passwords");
    }
    Check::passed(
        rule,
        "the passwords are changed by the side that is meant to, as far as folder and policy say",
    )
}
