//! Owners who leave without anybody changing the owners: through a group, or because they are disabled (W-4).

use std::collections::BTreeSet;

use serde_json::json;

use super::owners::owners_to_tell;
use super::remaining::{After, active_owners, touched};
use super::stored::{index, owner_key};
use super::unit::Unit;
use crate::error::Result;
use crate::model::account::{Account, AccountStatus, Owner};
use crate::model::event::EventKind;
use crate::model::people::EVERYONE;
use crate::model::template::TemplateVersion;

/// Tells the owners who remain of each account that somebody knows its password and owns it no longer, and has it rotated where the template
/// says so. To be asked before the change is staged: what the store has is taken for what was before.
pub(super) async fn tell_of_leavers(unit: &mut Unit<'_>, after: After<'_>) -> Result<()> {
    let mut owners = touched(unit, after).await?;
    if matches!(after, After::Person(_)) {
        owners.push(Owner::Group(EVERYONE));
    }
    let mut seen = BTreeSet::new();
    for owner in owners {
        for mut account in unit.find_by::<Account>(index::OWNER, &owner_key(owner)).await? {
            if account.status == AccountStatus::Deleted || !seen.insert(account.id) {
                continue;
            }
            let before = owners_to_tell(unit, &account.owners).await?;
            let remain = active_owners(unit, &account.owners, after).await?;
            let left: Vec<_> = before.difference(&remain).copied().collect();
            if left.is_empty() {
                continue;
            }
            let version: TemplateVersion = unit.get(account.template_version.uuid()).await?;
            let rotates = version.body.rotation.when_owner_leaves && account.secret.is_some();
            let text = if rotates {
                account.rotates_at = Some(unit.now);
                unit.put(&account, format!("rotate {}, which lost an owner", account.name))?;
                format!("the owners of {} changed; it gets another password", account.name)
            } else {
                format!("the owners of {} changed; who left knows its password still", account.name)
            };
            unit.audit(
                "account.owner_left",
                format!("account {}", account.id),
                json!({ "left": left, "rotates": rotates }),
            );
            // W-3
            unit.event(EventKind::AccountOwnerChanged, text, remain, |event| {
                event.account = Some(account.id);
            })?;
        }
    }
    Ok(())
}
