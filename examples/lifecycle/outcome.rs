//! What exists where in the end.

use ad_directory::{AccountExpires, AccountKey, Dn, FindOptions};
use alm_core::Caller;
use alm_core::model::account::Account;
use alm_core::model::doctor::{Examination, Examined, Finding, FindingKind, Remedy};
use alm_core::model::ids::AccountId;
use alm_core::model::managed::AccountKind;
use alm_core::port::vault::SecretId;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::teller::Teller;
use crate::world::World;

/// Asks record, directory and vault, verifies the audit chain, and prints the table.
pub async fn show(
    world: &World,
    admin: &Caller,
    accounts: &[AccountId],
    teller: &Teller,
) -> Result<(), Fault> {
    let mut rows = Vec::new();
    let mut data = Vec::new();
    for id in accounts {
        let view = world.alm.account(admin, *id).await?;
        let (row, value) = look(world, &view.account).await?;
        rows.push(row);
        data.push(value);
    }
    let chain = world.alm.verify_audit().await?;
    let examined = examine(world, admin, accounts).await?;
    teller.chapter("What exists where");
    print(teller, &rows);
    teller.people("");
    match &chain.fault {
        None => {
            teller.people(format!("  audit chain: {} records, intact, head {}", chain.records, chain.head))
        }
        Some(fault) => teller.people(format!("  audit chain: BROKEN: {fault}")),
    }
    let wrong: Vec<_> =
        examined.findings.iter().map(ToString::to_string).chain(examined.unseen.iter().cloned()).collect();
    teller.people(format!(
        "  doctor: {} managed accounts among {} of the domain, {} secrets; {}",
        examined.accounts,
        examined.objects,
        examined.secrets,
        if wrong.is_empty() { "everything fits".to_owned() } else { wrong.join("; ") }
    ));
    teller.data(&json!({
        "event": "result",
        "accounts": data,
        "audit": { "records": chain.records, "intact": chain.is_intact(), "head": chain.head },
        "doctor": examined,
    }));
    match (chain.fault, wrong.is_empty()) {
        (None, true) => Ok(()),
        (Some(fault), _) => Err(Fault::new(format!(
            "the audit chain does not hold: {fault}; restore a backup of the state file"
        ))),
        (None, false) => {
            Err(Fault::new(format!("record, directory and vault do not fit: {}", wrong.join("; "))))
        }
    }
}

/// Lays record, directory and vault side by side.
async fn examine(world: &World, admin: &Caller, accounts: &[AccountId]) -> Result<Examined, Fault> {
    let Some(first) = accounts.first() else { return Ok(Examined::default()) };
    let domain = world.alm.account(admin, *first).await?.account.domain;
    let mut examined = world.alm.doctor(admin, &Examination::of(domain)).await?;
    // A controller whose clock is ahead of the story's says of every password that somebody set it later.
    let by_clock = |finding: &Finding| {
        world.is_back
            && finding.kind == FindingKind::Drift
            && matches!(finding.remedy, Some(Remedy::Rotate { .. }))
    };
    examined.findings.retain(|finding| !by_clock(finding));
    Ok(examined)
}

type Row = [String; 6];

/// What the directory has of an account, whatever its kind.
struct There {
    dn: Dn,
    name: String,
    enabled: bool,
    expires: AccountExpires,
}

async fn there(world: &World, account: &Account) -> Result<Option<There>, Fault> {
    let key = AccountKey::Guid(account.object_guid);
    if account.kind == AccountKind::GroupManaged {
        let found = world.directory.find_managed_account(&key, FindOptions::new()).await?;
        return Ok(found.map(|found| There {
            name: found.sam_account_name.to_string(),
            enabled: found.is_enabled(),
            expires: found.expires,
            dn: found.dn,
        }));
    }
    let found = world.directory.find_account(&key, FindOptions::new()).await?;
    Ok(found.map(|found| There {
        name: found.sam_account_name.to_string(),
        enabled: found.is_enabled(),
        expires: found.expires,
        dn: found.dn,
    }))
}

async fn look(world: &World, account: &Account) -> Result<(Row, Value), Fault> {
    let there = there(world, account).await?;
    let secret = match &account.secret {
        Some(id) => {
            let id = SecretId::new(id.clone());
            world.vault.describe(&id).await.map_err(|error| Fault::new(error.to_string()))?
        }
        None => None,
    };
    let active = secret.is_some_and(|secret| secret.active);
    let status = if account.erased_at.is_some() {
        "Deleted, erased".to_owned()
    } else {
        format!("{:?}", account.status)
    };
    let (place, state, expires) = match &there {
        None => ("-".to_owned(), "gone".to_owned(), "-".to_owned()),
        Some(there) => (
            there.dn.parent().map_or_else(String::new, |parent| parent.name().to_owned()),
            format!("{} {}", there.name, if there.enabled { "enabled" } else { "disabled" }),
            there.expires.to_string(),
        ),
    };
    let row = [
        account.name.clone(),
        status,
        account.eol.strftime("%Y-%m-%d").to_string(),
        format!("{state} in {place}"),
        expires.trim_end_matches("T00:00:00Z").to_owned(),
        match &account.secret {
            Some(id) => format!("{id} {}", if active { "active" } else { "inactive" }),
            None => "none".to_owned(),
        },
    ];
    let value = json!({
        "name": account.name,
        "status": account.status,
        "erased": account.erased_at.is_some(),
        "eol": account.eol,
        "eol_action": account.eol_action,
        "object_guid": account.object_guid,
        "exists": there.is_some(),
        "kind": account.kind,
        "enabled": there.as_ref().is_some_and(|there| there.enabled),
        "dn": there.as_ref().map(|there| there.dn.to_string()),
        "sam_account_name": there.as_ref().map(|there| there.name.clone()),
        "account_expires": there.as_ref().map(|there| there.expires.to_string()),
        "secret": account.secret,
        "secret_active": active,
    });
    Ok((row, value))
}

fn print(teller: &Teller, rows: &[Row]) {
    let head =
        ["account", "record", "end of life", "directory", "expires there", "secret"].map(str::to_owned);
    let mut widths = head.each_ref().map(String::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Row| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {}", cells.join("  ").trim_end())
    };
    teller.people(line(&head));
    teller.people(format!("  {}", widths.map(|width| "-".repeat(width)).join("  ")));
    for row in rows {
        teller.people(line(row));
    }
}
