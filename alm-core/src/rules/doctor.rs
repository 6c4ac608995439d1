//! What it means when record, directory and vault do not fit, and what would mend it (X-18, X-21, S-6, I-1 to I-3).

use std::collections::BTreeSet;

use ad_directory::{AccountExpires, Dn};
use jiff::Timestamp;

use super::drift::{self, Seen};
use crate::model::account::{Account, AccountStatus};
use crate::model::doctor::{
    Finding, FindingKind, KeptSecret, LeftAccount, MarkerSeen, Presence, Remedy, Surveyed,
};
use crate::model::drift::{DriftItem, DriftKind};
use crate::model::ids::SagaId;
use crate::model::managed::AccountKind;
use crate::model::mirror::MirrorKind;
use crate::model::secret_link::SecretState;
use crate::model::template::VaultPlace;

/// What the record knows of a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaKnown {
    /// An engine goes on with it, or a person is asked.
    Open,
    /// It is over.
    Ended,
    /// The record has no such saga.
    Unknown,
}

/// What differs between the record of an account on which nothing is under way and the directory. `expires` is when its end date there should come,
/// `base` the naming context of its domain.
pub fn account(
    account: &Account,
    presence: &Presence,
    expires: AccountExpires,
    base: &Dn,
    now: Timestamp,
) -> Vec<Finding> {
    let gone = account.erased_at.is_some();
    let retired = account.status == AccountStatus::Deleted;
    let seen = match presence {
        Presence::There(seen) => seen,
        // Erased, or nothing of it is left to be erased.
        _ if retired => return Vec::new(),
        Presence::Deleted => {
            let text = "the directory has deleted it and its record has not; restore it there with its identity, or write it off";
            let finding = Finding::new(FindingKind::AccountMissing, &account.name, text);
            return vec![finding.of(account.id).remedy(Remedy::WriteOff { account: account.id })];
        }
        Presence::NotSeen => {
            let text = "the controller that was asked does not have it and does not say that it was deleted; ask the others before anything is done [X-21]";
            return vec![Finding::new(FindingKind::AccountMissing, &account.name, text).of(account.id)];
        }
    };
    if gone {
        let text = format!("its record says that it was erased, and {} is there again", seen.entry.dn);
        let finding = Finding::new(FindingKind::LeftoverAccount, &account.name, text).of(account.id);
        return vec![match seen.marker {
            MarkerSeen::Ours { saga } if account.sagas.contains(&saga) => left(finding, seen, saga),
            _ => finding,
        }];
    }
    let mut findings: Vec<Finding> = unmarked(account, seen.marker).into_iter().collect();
    let marked = findings.is_empty();
    let mut wanted = Seen::new(Some(&seen.entry), &seen.groups, base, now);
    wanted.expires = expires;
    let differences = drift::differences(account, &wanted);
    let (passwords, others): (Vec<_>, Vec<_>) =
        differences.into_iter().partition(|item| item.kind == DriftKind::Password);
    for (items, mends) in [(others, true), (passwords, false)] {
        if items.is_empty() {
            continue;
        }
        let finding = Finding::new(FindingKind::Drift, &account.name, described(&items)).of(account.id);
        let remedy = match mends {
            true => correct(account, seen, &items, base),
            false => Some(Remedy::Rotate { account: account.id }).filter(|_| !retired),
        };
        // Nothing may be done to what does not carry our marker (I-3).
        findings.push(match remedy.filter(|_| marked) {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
    }
    findings
}

fn described(items: &[DriftItem]) -> String {
    let items =
        items.iter().map(|item| format!("{}: {} expected, {} found", item.kind, item.expected, item.found));
    items.collect::<Vec<_>>().join("; ")
}

fn unmarked(account: &Account, marker: MarkerSeen) -> Option<Finding> {
    let (what, remedy) = match marker {
        MarkerSeen::Ours { saga } if account.sagas.contains(&saga) => return None,
        MarkerSeen::Ours { saga } => {
            (format!("it carries the marker of saga {saga}, of which its record knows nothing"), None)
        }
        MarkerSeen::Foreign => {
            ("it carries a marker that is not ours; find out whose it is".to_owned(), None)
        }
        MarkerSeen::None => {
            ("somebody took our marker off".to_owned(), Some(Remedy::Mark { account: account.id }))
        }
    };
    let text = format!("{what}: nothing can be done to it until it carries ours [I-3]");
    let finding = Finding::new(FindingKind::AccountUnmarked, &account.name, text).of(account.id);
    Some(match remedy {
        Some(remedy) => finding.remedy(remedy),
        None => finding,
    })
}

/// What brings the directory to the record; nothing where only a person can.
fn correct(account: &Account, seen: &Surveyed, items: &[DriftItem], base: &Dn) -> Option<Remedy> {
    let differences: Vec<_> = items.iter().map(|item| item.kind).filter(|kind| can_correct(*kind)).collect();
    let extra = |group: &&Dn| group.is_below(base) && !account.groups.contains(group);
    let leave = if differences.contains(&DriftKind::Groups) {
        seen.groups.iter().filter(extra).cloned().collect()
    } else {
        Vec::new()
    };
    (!differences.is_empty()).then_some(Remedy::Correct { account: account.id, differences, leave })
}

/// Whether the record says enough to bring the directory to it.
pub const fn can_correct(kind: DriftKind) -> bool {
    matches!(
        kind,
        DriftKind::Enabled
            | DriftKind::Disabled
            | DriftKind::Moved
            | DriftKind::Renamed
            | DriftKind::Groups
            | DriftKind::Expiry
    )
}

/// An account in the directory with the marker of our saga, which no record has as its own. `recorded` is the account of the saga, if it came to be.
pub fn stray_account(
    seen: &Surveyed,
    saga: SagaId,
    known: SagaKnown,
    recorded: Option<&Account>,
) -> Option<Finding> {
    let name = seen.entry.name().unwrap_or_else(|| seen.entry.dn.name());
    let dn = &seen.entry.dn;
    match (known, recorded) {
        (SagaKnown::Open, _) => None,
        (SagaKnown::Unknown, _) => {
            let text = format!(
                "{dn} carries our marker, of saga {saga}, which is in no record: the record is older than the account, or was lost; \
                 nothing unknown is ever deleted [X-19]"
            );
            Some(Finding::new(FindingKind::UnknownAccount, name, text))
        }
        (SagaKnown::Ended, Some(account)) => {
            let text = format!(
                "{dn} was made by the saga of {} and is not it: the recorded one is {} [X-10]",
                account.name, account.object_guid
            );
            Some(left(Finding::new(FindingKind::DuplicateAccount, name, text).of(account.id), seen, saga))
        }
        (SagaKnown::Ended, None) => {
            let text = format!("{dn} was made by saga {saga}, which has ended without it [X-18]");
            Some(left(Finding::new(FindingKind::LeftoverAccount, name, text), seen, saga))
        }
    }
}

/// What may be done about an account that a saga left: never more than one thing at a time, the harmless one first.
fn left(finding: Finding, seen: &Surveyed, saga: SagaId) -> Finding {
    let kind = match seen.entry.kind {
        MirrorKind::ManagedAccount => AccountKind::GroupManaged,
        _ => AccountKind::User,
    };
    let name = seen.entry.name().unwrap_or_else(|| seen.entry.dn.name()).to_owned();
    let account = LeftAccount::new(saga, seen.entry.guid, name, kind);
    match seen.entry.is_enabled() {
        Some(true) => finding.remedy(Remedy::DisableLeftover(account)),
        Some(false) if seen.groups.is_empty() => finding.remedy(Remedy::RemoveLeftover(account)),
        // It is in use, or was: a person looks who gave it its memberships.
        _ => finding,
    }
}

/// An active secret with the marker of our saga, which no record has as its own. `recorded` is the account of the saga, if it came to be.
pub fn stray_secret(
    secret: &KeptSecret,
    place: &VaultPlace,
    saga: SagaId,
    known: SagaKnown,
    recorded: Option<&Account>,
) -> Option<Finding> {
    if !secret.active || known == SagaKnown::Open {
        return None;
    }
    let (name, id) = (&secret.name, &secret.id);
    if known == SagaKnown::Unknown {
        let text = format!(
            "secret {id} carries our marker, of saga {saga}, which is in no record: the record is older than the secret, or was lost; \
             nothing unknown is ever deactivated [X-19]"
        );
        return Some(Finding::new(FindingKind::UnknownSecret, name, text));
    }
    let is_pending = |account: &&Account| {
        account
            .pending
            .as_ref()
            .is_some_and(|pending| pending.name == *name || pending.secret.as_ref() == Some(id))
    };
    let finding = match recorded {
        // What an interrupted rotation left is known.
        Some(account) if is_pending(&account) => return None,
        // It may be the one that its account misses: linking it is for whoever has proved its password.
        Some(account) if account.secret.is_none() && account.status != AccountStatus::Deleted => return None,
        Some(account) => {
            let text = format!(
                "secret {id} is another one of {}, whose own is {:?} [I-2]",
                account.name, account.secret
            );
            Finding::new(FindingKind::DuplicateSecret, name, text).of(account.id)
        }
        None => {
            let text =
                format!("secret {id} was made by saga {saga}, which has ended without an account [X-18]");
            Finding::new(FindingKind::LeftoverSecret, name, text)
        }
    };
    let (place, name) = (place.clone(), name.clone());
    Some(finding.remedy(Remedy::DeactivateLeftover { saga, place, name }))
}

/// How the secret of an account stands with it (I-1). `wants` says whether its template keeps passwords in a vault.
pub fn secret(account: &Account, state: Option<&SecretState>, wants: bool) -> Option<Finding> {
    let name = &account.name;
    let retired = account.status == AccountStatus::Deleted;
    let finding = |kind, text: String| Some(Finding::new(kind, name, text).of(account.id));
    match (account.secret.as_deref(), state) {
        (None, _) if retired || !wants || account.kind == AccountKind::GroupManaged => None,
        (None, _) => finding(
            FindingKind::SecretUnlinked,
            "no secret is known that holds its password; synchronize the vault, or name one".to_owned(),
        ),
        (Some(_), None) => None,
        (Some(secret), Some(SecretState::Active)) if retired => {
            let text = format!("it is retired, and its secret {secret} is still active");
            let remedy = Remedy::DeactivateSecret { account: account.id };
            finding(FindingKind::SecretActive, text).map(|finding| finding.remedy(remedy))
        }
        (Some(secret), Some(SecretState::Inactive)) if !retired => finding(
            FindingKind::SecretMissing,
            format!(
                "its secret {secret} is not active: activate it again, before the password in it is lost [I-1]"
            ),
        ),
        (Some(secret), Some(SecretState::Gone)) if !retired => finding(
            FindingKind::SecretMissing,
            format!(
                "its secret {secret} is not there, or may not be seen: nobody has its password then [I-1]"
            ),
        ),
        (Some(_), Some(_)) => None,
    }
}

/// The distinct sagas among those that marked a secret which the record knows best: one that is open counts before one that ended, and both before
/// one that is unknown.
pub fn best(known: &[(SagaId, SagaKnown)]) -> Option<(SagaId, SagaKnown)> {
    let by = |wanted| known.iter().find(|(_, known)| *known == wanted).copied();
    by(SagaKnown::Open).or_else(|| by(SagaKnown::Ended)).or_else(|| by(SagaKnown::Unknown))
}

/// The kinds of a list of findings, each once.
pub fn kinds(findings: &[Finding]) -> BTreeSet<FindingKind> {
    findings.iter().map(|finding| finding.kind).collect()
}
