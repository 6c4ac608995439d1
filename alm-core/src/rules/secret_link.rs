//! Which secret is an account's (S-5), and when a vault is synchronized (O-8).

use jiff::{SignedDuration, Timestamp};

use crate::model::account::{Account, AccountStatus};
use crate::model::drift::AccountDrift;
use crate::model::ids::SecretId;
use crate::model::managed::AccountKind;
use crate::model::refusal::Refusal;
use crate::model::secret_link::{
    ClaimVerdict, Dependency, SecretFinding, SecretFindingKind, SecretProof, SecretState,
};
use crate::model::vault_sync::VaultSync;

/// The longest time between two syncs, in hours.
const MOST_HOURS: u32 = 168;
/// After how long a sync that could not be done is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// How long the password of a secret is not tried again once it was refused: a secret that somebody planted must not lock an account out.
const NOT_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// How many dependencies of an account are kept.
const MOST_DEPENDENCIES: usize = 100;
/// How many characters of what a vault calls them.
const LONGEST: usize = 200;

/// Checks how a vault is to be synchronized.
pub fn check(sync: VaultSync) -> Vec<Refusal> {
    let wrong = sync.every_hours.filter(|hours| !(1..=MOST_HOURS).contains(hours));
    let message = |hours| format!("every {hours} hours cannot be done; 1 to {MOST_HOURS} can");
    wrong.map(|hours| Refusal::new("O-8", "every_hours", message(hours))).into_iter().collect()
}

/// When the next one begins by itself after one at `now`; a sync that could not be done is tried again earlier.
pub fn next_at(sync: VaultSync, now: Timestamp, failed: bool) -> Option<Timestamp> {
    let every = SignedDuration::from_hours(i64::from(sync.every_hours?));
    now.checked_add(if failed { every.min(AGAIN) } else { every }).ok()
}

/// Whether what a secret says of its domain means the domain with this DNS name: that name, or its first part, which is how domains are called in
/// `CORP\name`. A name before Windows 2000 that is another one does not match, and a secret like it is linked by hand.
pub fn is_domain(said: &str, dns: &str) -> bool {
    let said = said.trim().trim_end_matches('.');
    let first = dns.split('.').next().unwrap_or(dns);
    !said.is_empty() && (said.eq_ignore_ascii_case(dns) || said.eq_ignore_ascii_case(first))
}

/// Whether the secret of a finding is to be left alone at `now`, because its password was refused not long ago.
pub fn is_spared(finding: &SecretFinding, now: Timestamp) -> bool {
    finding.tried.is_some_and(|tried| now.duration_since(tried) < NOT_AGAIN)
}

/// The same of the secret that an account has, while another password is reported of it.
pub fn is_refused(drift: &AccountDrift, secret: &SecretId, now: Timestamp) -> bool {
    let refused = drift.refused.as_ref().filter(|refused| refused.secret == *secret);
    refused.is_some_and(|refused| now.duration_since(refused.at) < NOT_AGAIN)
}

/// What is kept of an account's dependencies: the first 100, in an order that does not depend on the vault's, their texts cut and without what cannot
/// be seen.
pub fn kept(mut dependencies: Vec<Dependency>) -> Vec<Dependency> {
    for one in &mut dependencies {
        for text in [&mut one.name, &mut one.machine, &mut one.kind] {
            *text = text.chars().filter(|c| !super::text::is_hidden(*c)).take(LONGEST).collect();
        }
    }
    dependencies.sort_by(|a, b| (&a.machine, &a.name, &a.kind).cmp(&(&b.machine, &b.name, &b.kind)));
    dependencies.truncate(MOST_DEPENDENCIES);
    dependencies
}

/// What there is to report of how an account's secret stands, if there is anything.
pub fn report(account: &Account, state: &SecretState) -> Option<(SecretFindingKind, String)> {
    let (name, secret) = (&account.name, account.secret.as_deref().unwrap_or_default());
    match state {
        SecretState::Active => None,
        SecretState::Inactive => Some((
            SecretFindingKind::Inactive,
            format!("secret {secret} of {name} is inactive: activate it, or link another one"),
        )),
        SecretState::Gone => Some((
            SecretFindingKind::Gone,
            format!("secret {secret} of {name} is not there, or may not be seen any more"),
        )),
        SecretState::Unclear(why) => Some((
            SecretFindingKind::Unclear,
            format!("secret {secret} of {name} cannot be looked at: {why}"),
        )),
    }
}

/// Whether an account may get a link to a secret now, by hand.
///
/// # Errors
/// T-11 for a gMSA, whose password is in no vault; I-4 for a deleted account; L-31 while an operation is open; S-5 while a rotation has left open which
/// of two secrets holds its password.
pub fn require(account: &Account) -> Result<(), Refusal> {
    let name = &account.name;
    if account.kind == AccountKind::GroupManaged {
        return Err(Refusal::new("T-11", "account", format!("no vault keeps the password of {name}")));
    }
    if account.status == AccountStatus::Deleted {
        return Err(Refusal::new("I-4", "account", format!("{name} is deleted")));
    }
    if let Some(open) = account.operation {
        let what = if open.failed { "failed and must be retried or abandoned" } else { "must end" };
        let message = format!("its operation {:?} {what} before {name} gets another secret", open.kind);
        return Err(Refusal::new("L-31", "account", message));
    }
    if account.pending.is_some() {
        let message =
            format!("a rotation of {name} left a second secret; rotate it once more, which ends that");
        return Err(Refusal::new("S-5", "account", message));
    }
    Ok(())
}

/// Whether what became of a claim makes the secret the account's.
///
/// # Errors
/// S-5, with what stands against it.
pub fn judge(account: &str, secret: &str, verdict: &ClaimVerdict) -> Result<(), Refusal> {
    let message = match verdict {
        ClaimVerdict::Tried(SecretProof::Right) => return Ok(()),
        ClaimVerdict::Tried(SecretProof::Wrong) => {
            format!("the password in secret {secret} is not that of {account}")
        }
        ClaimVerdict::Tried(SecretProof::Later(why)) => {
            format!(
                "whether secret {secret} holds the password of {account} cannot be said now: {why}; try later"
            )
        }
        ClaimVerdict::Tried(SecretProof::Untried) => format!("the password in secret {secret} was not tried"),
        ClaimVerdict::Elsewhere => {
            format!("secret {secret} is not in the folder of the template of {account}; move it there")
        }
        ClaimVerdict::Unusable(SecretState::Inactive) => format!("secret {secret} is inactive"),
        ClaimVerdict::Unusable(SecretState::Unclear(why)) => {
            format!("secret {secret} cannot be looked at: {why}")
        }
        ClaimVerdict::Unusable(_) => format!("secret {secret} is not there, or may not be seen"),
    };
    Err(Refusal::new("S-5", "secret", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{OperationKind, PendingSecret};
    use crate::model::drift::RefusedSecret;
    use crate::model::secret_link::DependencyResult;
    use crate::model::template::VaultPlace;
    use crate::rules::fixture::{SECOND, account, now, operation};

    #[test]
    fn a_domain_is_said_by_its_name_or_the_first_part_of_it() {
        for said in ["corp.example.com", "CORP.Example.com", "corp.example.com.", " CORP "] {
            assert!(is_domain(said, "corp.example.com"), "{said}");
        }
        for said in ["", "example.com", "corp.example", "other", "corp.example.com.evil"] {
            assert!(!is_domain(said, "corp.example.com"), "{said}");
        }
    }

    #[test]
    fn o_7_dependencies_are_kept_in_one_order_and_within_bounds() {
        let many = (0..150).rev().map(|n| Dependency::new(format!("s{n:03}"), "web", "Windows Service"));
        let mut many: Vec<_> = many.collect();
        many[0].name = format!("a\u{202E}{}", "x".repeat(300));
        let kept = kept(many);
        assert_eq!(kept.len(), MOST_DEPENDENCIES);
        assert!(kept[0].name.starts_with("ax") && kept[0].name.chars().count() == LONGEST);
        assert_eq!((kept[1].name.as_str(), kept[1].last), ("s000", DependencyResult::NotRun));
    }

    #[test]
    fn o_8_a_schedule_is_one_that_can_be_kept() {
        let every = |hours| VaultSync { every_hours: hours };
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        assert_eq!(check(every(Some(0)))[0].rule(), "O-8");
        assert_eq!(check(every(Some(169))).len(), 1);
        assert!(check(every(Some(168))).is_empty() && check(every(None)).is_empty());
        assert_eq!(next_at(every(None), now, true), None);
        let after = |hours, failed| next_at(every(Some(hours)), now, failed).unwrap().duration_since(now);
        assert_eq!(after(6, false), SignedDuration::from_hours(6));
        assert_eq!(after(6, true), AGAIN);
    }

    #[test]
    fn s_5_a_password_that_was_refused_is_not_tried_again_for_a_day() {
        let it = account(1);
        let secret = SecretId::new("7");
        let kind = SecretFindingKind::Unproved;
        let vault = it.vault.unwrap();
        let mut finding = SecretFinding::new(it.id, "svc_1", vault, kind, "its password is another", now());
        let mut drift = AccountDrift::new(it.id, it.name.clone(), it.domain);
        assert!(!is_spared(&finding, now()) && !is_refused(&drift, &secret, now()));
        for (age, expected) in [(SECOND, true), (NOT_AGAIN - SECOND, true), (NOT_AGAIN, false)] {
            finding.tried = Some(now() - age);
            drift.refused = Some(RefusedSecret::new(secret.clone(), now() - age));
            assert_eq!(is_spared(&finding, now()), expected, "{age}");
            assert_eq!(is_refused(&drift, &secret, now()), expected, "{age}");
            assert!(!is_refused(&drift, &SecretId::new("8"), now()), "another secret");
        }
    }

    #[test]
    fn s_5_what_is_not_well_with_a_secret_is_reported() {
        let it = account(1);
        let reported = |state: SecretState| report(&it, &state);
        assert_eq!(reported(SecretState::Active), None);
        for (state, kind, words) in [
            (SecretState::Inactive, SecretFindingKind::Inactive, "secret 1 of svc_1 is inactive"),
            (SecretState::Gone, SecretFindingKind::Gone, "secret 1 of svc_1 is not there"),
            (
                SecretState::Unclear("locked".into()),
                SecretFindingKind::Unclear,
                "cannot be looked at: locked",
            ),
        ] {
            let (said, text) = reported(state).unwrap();
            assert!(said == kind && text.contains(words), "{said}: {text}");
        }
    }

    #[test]
    fn s_5_an_account_gets_a_secret_while_nothing_stands_against_it() {
        let rule = |change: &dyn Fn(&mut Account)| {
            let mut it = account(1);
            change(&mut it);
            require(&it).err().map(|refusal| refusal.rule())
        };
        assert_eq!(rule(&|_| ()), None);
        assert_eq!(rule(&|it| it.kind = AccountKind::GroupManaged), Some("T-11"));
        assert_eq!(rule(&|it| it.status = AccountStatus::Deleted), Some("I-4"));
        assert_eq!(rule(&|it| it.operation = Some(operation(OperationKind::Renew, false))), Some("L-31"));
        let place = VaultPlace::new(account(1).vault.unwrap(), "12", "6001");
        let pending = PendingSecret::new(place, "svc_1".into());
        assert_eq!(rule(&|it| it.pending = Some(pending.clone())), Some("S-5"));
    }

    #[test]
    fn s_5_only_the_right_password_makes_a_secret_the_accounts() {
        let judged = |verdict| judge("svc_1", "7", &verdict).map_err(|refusal| refusal.message().to_owned());
        assert_eq!(judged(ClaimVerdict::Tried(SecretProof::Right)), Ok(()));
        for (verdict, words) in [
            (ClaimVerdict::Tried(SecretProof::Wrong), "is not that of svc_1"),
            (ClaimVerdict::Tried(SecretProof::Later("no controller".into())), "no controller; try later"),
            (ClaimVerdict::Tried(SecretProof::Untried), "was not tried"),
            (ClaimVerdict::Elsewhere, "is not in the folder"),
            (ClaimVerdict::Unusable(SecretState::Inactive), "is inactive"),
            (ClaimVerdict::Unusable(SecretState::Unclear("locked".into())), "cannot be looked at: locked"),
            (ClaimVerdict::Unusable(SecretState::Gone), "is not there"),
        ] {
            let said = judged(verdict).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
