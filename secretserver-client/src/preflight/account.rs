//! V-4: who the client is.

use crate::client::Client;
use crate::compat::is_hidden;
use crate::preflight::{Check, Rule};

/// What the user must be allowed to do. Each with the other names that it has had, or that include it.
const PERMISSIONS: [&[&str]; 7] = [
    &["Add Secret"],
    &["View Secret"],
    &["Edit Secret"],
    &["View Folders", "Administer Folders"],
    &["View Secret Templates", "Administer Secret Templates"],
    &["Delete Secret", "Deactivate Secret"],
    &["View Deleted Secrets", "View Deleted Secret"],
];

/// For dependencies.
const ADVANCED: &[&str] = &["View Advanced Secret Options"];

pub(super) async fn permissions(client: &Client, dependencies: bool) -> Check {
    let rule = Rule::Permissions;
    let user = match client.users().current().await {
        Ok(user) => user,
        Err(error) if is_hidden(&error) => {
            return Check::warning(
                rule,
                "the server does not say what the user may do",
                "check the roles of the user in the server's own pages",
            );
        }
        Err(error) => return Check::unknown(rule, &error),
    };
    let wanted = PERMISSIONS.into_iter().chain(dependencies.then_some(ADVANCED));
    let missing: Vec<&str> = wanted
        .filter(|names| !names.iter().any(|name| user.may(name)))
        .filter_map(|names| names.first().copied())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Check::failed(
            rule,
            format!("the user {} lacks the role permissions {missing}", user.user_name),
            format!("give a role of the user the permissions {missing}"),
        );
    }
    match client.users().get(user.id).await {
        Ok(account) if account.is_application_account => Check::passed(
            rule,
            format!("the application account {} has all role permissions", user.user_name),
        ),
        Ok(_) => Check::warning(
            rule,
            format!("the user {} has all role permissions, and is a person's account", user.user_name),
            "use an application account, which nobody can sign in to pages with",
        ),
        Err(_) => Check::warning(
            rule,
            format!(
                "{} has all role permissions; whether it is an application account is not visible",
                user.user_name
            ),
            "make sure that it is an application account",
        ),
    }
}
