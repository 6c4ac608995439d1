//! V-1 to V-3: the server itself.

use crate::client::Client;
use crate::compat::{Feature, is_hidden, is_unknown_address};
use crate::error::ErrorKind;
use crate::preflight::{Check, Rule};

pub(super) async fn reachable(client: &Client) -> Check {
    let rule = Rule::Reachable;
    match client.system().health().await {
        Ok(health) if !health.healthy => Check::failed(
            rule,
            "Secret Server answers that it is not well",
            "see the server's own diagnostics",
        ),
        Ok(health) if health.read_only => Check::failed(
            rule,
            "Secret Server is in read-only mode, so nothing can be stored",
            "wait until the maintenance is over",
        ),
        Ok(_) => Check::passed(rule, format!("Secret Server is well at {}", client.base_url())),
        Err(error) if error.kind() == ErrorKind::Decode => Check::failed(
            rule,
            format!(
                "what answers at {} is not Secret Server, or a proxy answers for it: {error}",
                client.base_url()
            ),
            "correct the base address, such as https://host/SecretServer",
        )
        .because(&error),
        // Only a server that lacks the address says so; the sign-in will tell whether it is one.
        Err(error) if is_unknown_address(&error) && error.api().is_some() => Check::warning(
            rule,
            "the server does not know the address that tells how it is",
            "check the base address if signing in fails",
        ),
        Err(error) => Check::failed(rule, error.to_string(), error.advice()).because(&error),
    }
}

pub(super) async fn signed_in(client: &Client) -> Check {
    const BOTH: &str = "check that web services are enabled (Admin, Configuration) and that the credential is right, not locked and \
                        not disabled: the server does not always tell these apart";
    let rule = Rule::SignIn;
    if let Err(error) = client.sign_in().await {
        return match error.kind() {
            ErrorKind::Auth
            | ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::Unsupported
            | ErrorKind::Invalid
            | ErrorKind::Decode => Check::failed(
                rule,
                format!("the sign-in was refused, or web services are off: {error}"),
                BOTH,
            )
            .because(&error),
            _ => Check::failed(rule, error.to_string(), error.advice()).because(&error),
        };
    }
    // A token that was given from outside has not been shown to anybody yet.
    match client.users().current().await {
        Err(error) if error.kind() == ErrorKind::Auth => {
            Check::failed(rule, format!("the token is not accepted: {error}"), BOTH).because(&error)
        }
        Err(error) if error.kind() == ErrorKind::Decode => {
            Check::failed(rule, format!("web services do not answer as such: {error}"), BOTH).because(&error)
        }
        Ok(user) => Check::passed(rule, format!("signed in as {}", user.user_name)),
        Err(_) => Check::passed(rule, "signed in"),
    }
}

pub(super) async fn version(client: &Client, dependencies: bool) -> Check {
    let rule = Rule::Version;
    let needed = if dependencies { Feature::Dependencies } else { Feature::Baseline };
    if is_cloud(client.base_url()) {
        return Check::passed(rule, "the cloud always has the newest version");
    }
    match client.system().version().await {
        Ok(version) if needed.is_in(&version) => Check::passed(rule, format!("Secret Server {version}")),
        Ok(version) => Check::failed(
            rule,
            format!("Secret Server {version} is older than {}", needed.since()),
            format!("bring the server to {} or later", needed.since()),
        ),
        Err(error) if is_hidden(&error) => Check::warning(
            rule,
            "the server does not say its version",
            format!("make sure that it is {} or later", needed.since()),
        ),
        Err(error) => Check::unknown(rule, &error),
    }
}

/// The vendor's own domains, by region.
fn is_cloud(base: &str) -> bool {
    let host = url::Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let names = ["com", "eu", "com.au", "com.sg", "ca", "co.uk", "ae"];
    host.is_some_and(|host| names.iter().any(|name| host.ends_with(&format!(".secretservercloud.{name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_is_known_by_its_name() {
        assert!(
            is_cloud("https://tenant.secretservercloud.com/")
                && is_cloud("https://t.secretservercloud.co.uk")
        );
        assert!(
            !is_cloud("https://secretservercloud.com.evil.example")
                && !is_cloud("https://vault.corp.example")
        );
    }
}
