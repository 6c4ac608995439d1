//! What is looked at before Secret Server is trusted with a template's credentials (section V): the client's own preflight, in our terms.

use secretserver_client::preflight::{Check, CheckResult, PreflightOptions, Rule};
use secretserver_client::{Client, Error, FolderId, SecretTemplateId};

use crate::error::Refusal;
use crate::model::template::Rotator;

/// What is wrong with a place whose passwords the server is to change and does not.
const UNCHANGED: &str = "the server is to change the passwords, and no policy of the folder says that it does; to do: give the folder a secret policy with remote password changing on expiration";

/// How deep a folder may lie: no tree of folders is that deep, and one that went round would never end.
const DEEPEST: usize = 64;

/// The checks that failed. What could not be found out, or failed because the server is not there, is an error: it says nothing about the place.
pub(super) async fn preflight(
    client: &Client,
    folder: FolderId,
    within: Option<FolderId>,
    template: SecretTemplateId,
    rotator: Rotator,
) -> Result<Vec<Refusal>, Error> {
    let report = client.preflight(PreflightOptions::new(folder, template)).await;
    let mut refusals = Vec::new();
    for check in report.checks() {
        match (check.result, &check.error) {
            (CheckResult::Failed | CheckResult::Unknown, Some(error)) => return Err(error.clone()),
            // Asked as one who changes the passwords, the client calls it a failure that the server does: where that is wanted, it is the only right answer.
            (CheckResult::Failed, None) if check.rule == Rule::Rotation && rotator == Rotator::Vault => {}
            (CheckResult::Passed | CheckResult::Warning, None)
                if check.rule == Rule::Rotation && rotator == Rotator::Vault =>
            {
                refusals.push(Refusal::new("V-8", "vault", UNCHANGED));
            }
            (CheckResult::Failed, None) => refusals.push(refusal(check)),
            // Unknown without an error rests on a check that failed, which is told already.
            _ => {}
        }
    }
    if let Some(root) = within {
        refusals.extend(below(client, folder, root).await?);
    }
    Ok(refusals)
}

/// NM-4. A folder that may not be seen is not known to lie anywhere.
async fn below(client: &Client, folder: FolderId, root: FolderId) -> Result<Option<Refusal>, Error> {
    let refusal = || {
        let message = format!("folder {folder} does not lie below the template's folder {root}");
        Ok(Some(Refusal::new("NM-4", "folder", message)))
    };
    let mut at = folder;
    for _ in 0..DEEPEST {
        if at == root {
            return Ok(None);
        }
        match client.folders().get(at).await {
            Ok(found) => match found.parent_folder_id {
                Some(parent) => at = parent,
                None => return refusal(),
            },
            Err(error) if error.is_denied_or_absent() => return refusal(),
            Err(error) => return Err(error),
        }
    }
    refusal()
}

fn refusal(check: &Check) -> Refusal {
    let field = match check.rule {
        Rule::Folder => "folder",
        Rule::Template | Rule::Restrictions => "secret_template",
        _ => "vault",
    };
    Refusal::new(check.rule.code(), field, format!("{}; to do: {}", check.seen, check.to_do))
}
