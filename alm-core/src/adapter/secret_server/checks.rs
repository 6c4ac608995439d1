//! What is looked at before Secret Server is trusted with a template's credentials (section V): the client's own preflight, in our terms.

use secretserver_client::preflight::{Check, CheckResult, PreflightOptions, Rule};
use secretserver_client::{Client, Error, FolderId, SecretTemplateId};

use crate::error::Refusal;

/// The checks that failed. What could not be found out, or failed because the server is not there, is an error: it says nothing about the place.
pub(super) async fn preflight(
    client: &Client,
    folder: FolderId,
    template: SecretTemplateId,
) -> Result<Vec<Refusal>, Error> {
    let report = client.preflight(PreflightOptions::new(folder, template)).await;
    let mut refusals = Vec::new();
    for check in report.checks() {
        match (check.result, &check.error) {
            (CheckResult::Failed | CheckResult::Unknown, Some(error)) => return Err(error.clone()),
            (CheckResult::Failed, None) => refusals.push(refusal(check)),
            // Unknown without an error rests on a check that failed, which is told already.
            _ => {}
        }
    }
    Ok(refusals)
}

fn refusal(check: &Check) -> Refusal {
    let field = match check.rule {
        Rule::Folder => "folder",
        Rule::Template | Rule::Restrictions => "secret_template",
        _ => "vault",
    };
    Refusal::new(check.rule.code(), field, format!("{}; to do: {}", check.seen, check.to_do))
}
