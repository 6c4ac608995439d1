//! What it means when record, directory and vault do not fit, and what would mend it (X-18, X-21, S-6, I-1 to I-3).

use ad_directory::{AccountExpires, Dn};
use jiff::Timestamp;

use super::drift::{self, Seen};
use crate::model::account::{Account, AccountStatus};
use crate::model::doctor::{
    Finding, FindingKind, KeptSecret, LeftAccount, MarkerSeen, Presence, Remedy, Surveyed,
};
use crate::model::drift::{DriftItem, DriftKind};
use crate::model::ids::{SagaId, VaultId};
use crate::model::managed::AccountKind;
use crate::model::mirror::MirrorKind;
use crate::model::secret_link::SecretState;

/// What the record knows of a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaKnown {
    /// An engine goes on with it, or a person is asked.
    Open,
    /// It is over.
    Ended,
    /// It is over, and was to take over what somebody else had made (M-1).
    Adopted,
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
    let mut findings: Vec<Finding> = unmarked(account, seen.marker).into_iter().collect();
    let marked = findings.is_empty();
    // Of memberships elsewhere a controller tells some and not others.
    let groups: Vec<Dn> = seen.groups.iter().filter(|group| group.is_below(base)).cloned().collect();
    let mut wanted = Seen::new(Some(&seen.entry), &groups, base, now);
    wanted.expires = expires;
    let mut differences = drift::differences(account, &wanted);
    // What an interrupted rotation left is a finding of its own.
    differences.retain(|item| item.kind != DriftKind::Password || account.pending.is_none());
    let (passwords, others): (Vec<_>, Vec<_>) =
        differences.into_iter().partition(|item| item.kind == DriftKind::Password);
    for (items, mends) in [(others, true), (passwords, false)] {
        if items.is_empty() {
            continue;
        }
        let finding = Finding::new(FindingKind::Drift, &account.name, described(&items)).of(account.id);
        let remedy = if mends { correct(account, &groups, &items) } else { rotate(account) };
        // Nothing may be done to what does not carry our marker (I-3).
        findings.push(match remedy.filter(|_| marked) {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
    }
    findings
}

/// Another password, unless its pair has to change places for it (BG-2, BG-3).
pub fn rotate(account: &Account) -> Option<Remedy> {
    account.pair.is_none().then_some(Remedy::Rotate { account: account.id })
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
fn correct(account: &Account, groups: &[Dn], items: &[DriftItem]) -> Option<Remedy> {
    let differences: Vec<_> = items.iter().filter(|item| is_known(item)).map(|item| item.kind).collect();
    let extra = |group: &&Dn| !account.groups.contains(group);
    let leave = if differences.contains(&DriftKind::Groups) {
        groups.iter().filter(extra).cloned().collect()
    } else {
        Vec::new()
    };
    (!differences.is_empty()).then_some(Remedy::Correct { account: account.id, differences, leave })
}

/// The names that people sign in with are more than the record knows of: whoever changed them changes them back.
fn is_known(item: &DriftItem) -> bool {
    can_correct(item.kind) && (item.kind != DriftKind::Renamed || item.expected.starts_with("CN="))
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
        (SagaKnown::Adopted, _) => {
            let text = format!(
                "{dn} carries the marker of saga {saga}, which was to take it over and did not: it was there before us; take the marker off by hand"
            );
            Some(Finding::new(FindingKind::LeftoverAccount, name, text))
        }
        (SagaKnown::Ended, Some(account)) if account.object_guid == seen.entry.guid => {
            let text =
                format!("the record of {} says that it was erased, and {dn} is there again", account.name);
            Some(left(Finding::new(FindingKind::LeftoverAccount, name, text).of(account.id), seen, saga))
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

/// An active secret with the marker of our saga, which no record has as its own. `recorded` is the account of the saga, if it came to be;
/// `object_is_there` says whether the saga left an account, whose password the secret may be.
pub fn stray_secret(
    secret: &KeptSecret,
    vault: VaultId,
    saga: SagaId,
    known: SagaKnown,
    recorded: Option<&Account>,
    object_is_there: bool,
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
    if known == SagaKnown::Adopted {
        let text = format!(
            "secret {id} was made by saga {saga}, which did not take its account over, and may hold the only password of that one"
        );
        return Some(Finding::new(FindingKind::LeftoverSecret, name, text));
    }
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
        None if object_is_there => {
            let text = format!(
                "secret {id} was made by saga {saga}, whose account is still there: clear that one away first [X-18]"
            );
            return Some(Finding::new(FindingKind::LeftoverSecret, name, text));
        }
        None => {
            let text =
                format!("secret {id} was made by saga {saga}, which has ended without an account [X-18]");
            Finding::new(FindingKind::LeftoverSecret, name, text)
        }
    };
    Some(finding.remedy(Remedy::DeactivateLeftover { saga, vault, secret: id.clone() }))
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
        (Some(_), _) => None,
    }
}

/// Of the sagas that marked a secret, the one that counts: what forbids most comes first. Open, then adopted, then ended, then unknown.
pub fn best(known: &[(SagaId, SagaKnown)]) -> Option<(SagaId, SagaKnown)> {
    let by = |wanted| known.iter().find(|(_, known)| *known == wanted).copied();
    by(SagaKnown::Open)
        .or_else(|| by(SagaKnown::Adopted))
        .or_else(|| by(SagaKnown::Ended))
        .or_else(|| by(SagaKnown::Unknown))
}

#[cfg(test)]
mod tests {
    use ad_directory::FileTime;
    use uuid::Uuid;

    use super::*;
    use crate::model::account::PendingSecret;
    use crate::model::ids::SecretId;
    use crate::model::mirror::MirrorEntry;
    use crate::model::template::VaultPlace;
    use crate::rules::fixture::{HOUR, account as fixture, dn, now, operation};

    const ON: &str = "512";
    const OFF: &str = "514";
    const VAULT: VaultId = VaultId::new(Uuid::from_u128(2));

    fn saga(n: u128) -> SagaId {
        SagaId::new(Uuid::from_u128(n))
    }

    /// An account that saga 7 made, and that is what its record says.
    fn ours() -> (Account, Surveyed) {
        let mut it = fixture(1);
        it.sagas = vec![saga(7)];
        let dn = dn(&format!("CN={},OU=Services,DC=x", it.name));
        let mut entry = MirrorEntry::new(it.domain, it.object_guid, MirrorKind::Account, dn);
        entry.attributes.insert("samaccountname".into(), vec![it.name.clone()]);
        entry.attributes.insert("useraccountcontrol".into(), vec![ON.into()]);
        let mut seen = Surveyed::new(entry);
        seen.marker = MarkerSeen::Ours { saga: saga(7) };
        (it, seen)
    }

    fn flags(seen: &mut Surveyed, flags: &str) {
        seen.entry.attributes.insert("useraccountcontrol".into(), vec![flags.into()]);
    }

    fn judged(it: &Account, presence: &Presence) -> Vec<Finding> {
        account(it, presence, AccountExpires::Never, &dn("DC=x"), now())
    }

    fn there(it: &Account, seen: &Surveyed) -> Vec<Finding> {
        judged(it, &Presence::There(Box::new(seen.clone())))
    }

    #[test]
    fn x_18_what_fits_is_no_finding() {
        let (it, seen) = ours();
        assert_eq!(there(&it, &seen), []);
    }

    #[test]
    fn x_21_only_a_known_deletion_is_written_off() {
        let (mut it, _) = ours();
        let found = judged(&it, &Presence::Deleted);
        assert_eq!((found[0].kind, found[0].account), (FindingKind::AccountMissing, Some(it.id)));
        assert_eq!(found[0].remedy, Some(Remedy::WriteOff { account: it.id }));
        let found = judged(&it, &Presence::NotSeen);
        assert_eq!((found[0].kind, &found[0].remedy), (FindingKind::AccountMissing, &None));
        assert_eq!(found.len(), 1);
        it.status = AccountStatus::Deleted;
        assert_eq!(judged(&it, &Presence::Deleted), []);
        assert_eq!(judged(&it, &Presence::NotSeen), []);
    }

    #[test]
    fn x_18_what_was_erased_and_is_there_again_was_left() {
        let (mut it, mut seen) = ours();
        flags(&mut seen, OFF);
        (it.status, it.erased_at) = (AccountStatus::Deleted, Some(now()));
        assert_eq!(there(&it, &seen), []);
        let found = stray_account(&seen, saga(9), SagaKnown::Ended, Some(&it)).unwrap();
        assert_eq!((found.kind, found.account), (FindingKind::LeftoverAccount, Some(it.id)));
        assert!(matches!(&found.remedy, Some(Remedy::RemoveLeftover(left)) if left.saga == saga(9)));
    }

    #[test]
    fn m_1_what_somebody_else_made_is_left_to_them() {
        let (it, mut seen) = ours();
        flags(&mut seen, OFF);
        let found = stray_account(&seen, saga(7), SagaKnown::Adopted, None).unwrap();
        assert_eq!((found.kind, &found.remedy), (FindingKind::LeftoverAccount, &None));
        let secret = KeptSecret::new(SecretId::new("99"), "svc_1");
        for recorded in [None, Some(&it)] {
            let found = stray_secret(&secret, VAULT, saga(7), SagaKnown::Adopted, recorded, false).unwrap();
            assert_eq!((found.kind, &found.remedy), (FindingKind::LeftoverSecret, &None));
        }
    }

    #[test]
    fn l_38_the_end_is_the_one_that_is_expected() {
        let (it, mut seen) = ours();
        let ticks = FileTime::from_timestamp(it.eol).to_string();
        seen.entry.attributes.insert("accountexpires".into(), vec![ticks]);
        let presence = Presence::There(Box::new(seen));
        let judged = |expires| account(&it, &presence, expires, &dn("DC=x"), now());
        assert_eq!(judged(AccountExpires::At(it.eol)), []);
        assert_eq!(judged(AccountExpires::Never).len(), 1);
    }

    #[test]
    fn bg_2_the_accounts_of_a_pair_change_places_first() {
        let (mut it, mut seen) = ours();
        let set = FileTime::from_timestamp(it.password_changed_at + HOUR).to_string();
        seen.entry.attributes.insert("pwdlastset".into(), vec![set]);
        it.pair = Some(crate::model::ids::PairId::new(Uuid::from_u128(5)));
        let found = there(&it, &seen);
        assert_eq!((found.len(), &found[0].remedy), (1, &None));
    }

    #[test]
    fn s_6_only_the_name_in_its_container_is_put_right() {
        let (it, mut seen) = ours();
        seen.entry.attributes.insert("samaccountname".into(), vec!["other".into()]);
        assert_eq!(there(&it, &seen)[0].remedy, None);
        let (_, mut seen) = ours();
        seen.entry.dn = dn("CN=other,OU=Services,DC=x");
        let differences = vec![DriftKind::Renamed];
        let correct = Remedy::Correct { account: it.id, differences, leave: vec![] };
        assert_eq!(there(&it, &seen)[0].remedy, Some(correct));
    }

    #[test]
    fn i_3_a_marker_that_is_gone_comes_back_and_a_foreign_one_stays() {
        let (it, mut seen) = ours();
        for (marker, says, mends) in [
            (MarkerSeen::None, "took our marker off", true),
            (MarkerSeen::Foreign, "not ours", false),
            (MarkerSeen::Ours { saga: saga(8) }, "knows nothing", false),
        ] {
            seen.marker = marker;
            let found = there(&it, &seen);
            assert_eq!((found.len(), found[0].kind), (1, FindingKind::AccountUnmarked));
            assert!(found[0].text.contains(says) && found[0].account == Some(it.id), "{}", found[0]);
            assert_eq!(found[0].remedy, mends.then_some(Remedy::Mark { account: it.id }));
        }
    }

    #[test]
    fn s_6_differences_are_one_finding_and_another_password_is_one_of_its_own() {
        let (it, mut seen) = ours();
        flags(&mut seen, OFF);
        seen.entry.attributes.insert("serviceprincipalname".into(), vec!["HTTP/x".into()]);
        let set = FileTime::from_timestamp(it.password_changed_at + HOUR).to_string();
        seen.entry.attributes.insert("pwdlastset".into(), vec![set]);
        seen.groups = vec![dn("CN=extra,DC=x"), dn("CN=elsewhere,DC=y")];
        let found = there(&it, &seen);
        let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::Drift, FindingKind::Drift]);
        assert_eq!(
            found[0].text,
            "disabled: Active expected, it is disabled found; groups: none expected, CN=extra,DC=x found"
        );
        let differences = vec![DriftKind::Disabled, DriftKind::Groups];
        let leave = vec![dn("CN=extra,DC=x")];
        assert_eq!(found[0].remedy, Some(Remedy::Correct { account: it.id, differences, leave }));
        assert_eq!(found[1].remedy, Some(Remedy::Rotate { account: it.id }));
        let place = VaultPlace::new(VAULT, "12", "6001");
        let rotated = Account { pending: Some(PendingSecret::new(place, "second".to_owned())), ..it.clone() };
        assert_eq!(there(&rotated, &seen), found[..1], "what a rotation left is told by itself");
        // Nothing is done to what is not marked.
        seen.marker = MarkerSeen::None;
        let found = there(&it, &seen);
        assert_eq!(found.len(), 3);
        assert!(found[1..].iter().all(|finding| finding.remedy.is_none()));
    }

    #[test]
    fn s_6_a_group_that_the_record_has_is_not_left_and_none_is_where_groups_fit() {
        let (mut it, mut seen) = ours();
        it.groups = vec![dn("CN=own,DC=x"), dn("CN=missing,DC=x")];
        seen.groups = vec![dn("CN=own,DC=x")];
        let correct = |differences, leave| Some(Remedy::Correct { account: it.id, differences, leave });
        assert_eq!(there(&it, &seen)[0].remedy, correct(vec![DriftKind::Groups], vec![]));
        // Groups elsewhere are no difference, and stay.
        seen.groups = vec![dn("CN=own,DC=x"), dn("CN=missing,DC=x"), dn("CN=elsewhere,DC=y")];
        flags(&mut seen, OFF);
        assert_eq!(there(&it, &seen)[0].remedy, correct(vec![DriftKind::Disabled], vec![]));
    }

    #[test]
    fn s_6_what_no_record_says_is_a_persons_business() {
        let (mut it, mut seen) = ours();
        it.kind = AccountKind::GroupManaged;
        seen.entry.attributes.insert("serviceprincipalname".into(), vec!["HTTP/x".into()]);
        let found = there(&it, &seen);
        assert_eq!((found.len(), found[0].kind, &found[0].remedy), (1, FindingKind::Drift, &None));
        for kind in [DriftKind::Enabled, DriftKind::Disabled, DriftKind::Moved, DriftKind::Renamed] {
            assert!(can_correct(kind));
        }
        for kind in [DriftKind::ServiceNames, DriftKind::Password, DriftKind::Inactive, DriftKind::Deleted] {
            assert!(!can_correct(kind));
        }
        assert!(can_correct(DriftKind::Groups) && can_correct(DriftKind::Expiry));
    }

    #[test]
    fn x_18_what_a_saga_left_is_disabled_before_it_is_removed() {
        let (it, mut seen) = ours();
        seen.entry.guid = fixture(2).object_guid;
        let stray = |seen: &Surveyed, known, recorded| stray_account(seen, saga(7), known, recorded);
        assert_eq!(stray(&seen, SagaKnown::Open, None), None);
        assert_eq!(stray(&seen, SagaKnown::Open, Some(&it)), None);
        let unknown = stray(&seen, SagaKnown::Unknown, None).unwrap();
        assert_eq!((unknown.kind, &unknown.remedy), (FindingKind::UnknownAccount, &None));
        assert_eq!(unknown.name, it.name);

        let left = LeftAccount::new(saga(7), seen.entry.guid, it.name.clone(), AccountKind::User);
        let found = stray(&seen, SagaKnown::Ended, None).unwrap();
        assert_eq!((found.kind, found.account), (FindingKind::LeftoverAccount, None));
        assert_eq!(found.remedy, Some(Remedy::DisableLeftover(left.clone())));
        let found = stray(&seen, SagaKnown::Ended, Some(&it)).unwrap();
        assert_eq!((found.kind, found.account), (FindingKind::DuplicateAccount, Some(it.id)));
        flags(&mut seen, OFF);
        let found = stray(&seen, SagaKnown::Ended, None).unwrap();
        assert_eq!(found.remedy, Some(Remedy::RemoveLeftover(left)));
        seen.entry.kind = MirrorKind::ManagedAccount;
        let found = stray(&seen, SagaKnown::Ended, None).unwrap();
        assert!(
            matches!(found.remedy, Some(Remedy::RemoveLeftover(left)) if left.kind == AccountKind::GroupManaged)
        );
        seen.groups = vec![dn("CN=some,DC=x")];
        assert_eq!(stray(&seen, SagaKnown::Ended, None).unwrap().remedy, None, "somebody gave it that");
        seen.groups.clear();
        seen.entry.attributes.remove("useraccountcontrol");
        assert_eq!(stray(&seen, SagaKnown::Ended, None).unwrap().remedy, None, "nobody knows");
    }

    #[test]
    fn i_2_x_18_second_secrets_and_those_that_a_saga_left() {
        let place = VaultPlace::new(VAULT, "12", "6001");
        let mut secret = KeptSecret::new(SecretId::new("99"), "svc_1.corp.00000007");
        let mut it = fixture(1);
        let stray = |secret: &KeptSecret, known, recorded: Option<&Account>| {
            stray_secret(secret, VAULT, saga(7), known, recorded, false)
        };
        assert_eq!(stray(&secret, SagaKnown::Open, None), None);
        let unknown = stray(&secret, SagaKnown::Unknown, None).unwrap();
        assert_eq!((unknown.kind, &unknown.remedy), (FindingKind::UnknownSecret, &None));
        let leftover = Remedy::DeactivateLeftover { saga: saga(7), vault: VAULT, secret: secret.id.clone() };
        let remedy = Some(leftover);
        let found = stray(&secret, SagaKnown::Ended, None).unwrap();
        assert_eq!((found.kind, &found.remedy, found.account), (FindingKind::LeftoverSecret, &remedy, None));
        let found = stray(&secret, SagaKnown::Ended, Some(&it)).unwrap();
        assert_eq!(
            (found.kind, &found.remedy, found.account),
            (FindingKind::DuplicateSecret, &remedy, Some(it.id))
        );
        let found = stray_secret(&secret, VAULT, saga(7), SagaKnown::Ended, None, true).unwrap();
        assert_eq!((found.kind, found.remedy), (FindingKind::LeftoverSecret, None), "its account is there");
        // What may hold the password is not offered to be deactivated.
        it.pending = Some(PendingSecret::new(place.clone(), secret.name.clone()));
        assert_eq!(stray(&secret, SagaKnown::Ended, Some(&it)), None);
        it.pending = Some(PendingSecret::new(place, "renamed".to_owned()));
        assert!(stray(&secret, SagaKnown::Ended, Some(&it)).is_some());
        it.pending.as_mut().unwrap().secret = Some(secret.id.clone());
        assert_eq!(stray(&secret, SagaKnown::Ended, Some(&it)), None);
        (it.pending, it.secret) = (None, None);
        assert_eq!(stray(&secret, SagaKnown::Ended, Some(&it)), None);
        it.status = AccountStatus::Deleted;
        assert!(stray(&secret, SagaKnown::Ended, Some(&it)).is_some());
        secret.active = false;
        assert_eq!(stray(&secret, SagaKnown::Ended, None), None);
        assert_eq!(stray(&secret, SagaKnown::Unknown, None), None);
    }

    #[test]
    fn i_1_how_a_secret_stands() {
        let mut it = fixture(1);
        it.operation = Some(operation(crate::model::account::OperationKind::Renew, false));
        let kind = |it: &Account, state: Option<SecretState>, wants| {
            secret(it, state.as_ref(), wants).map(|finding| (finding.kind, finding.remedy))
        };
        let unclear = || SecretState::Unclear("why".into());
        assert_eq!(kind(&it, None, true), None);
        assert_eq!(kind(&it, Some(SecretState::Active), true), None);
        assert_eq!(kind(&it, Some(unclear()), true), None);
        for state in [SecretState::Inactive, SecretState::Gone] {
            assert_eq!(kind(&it, Some(state), true), Some((FindingKind::SecretMissing, None)));
        }
        it.status = AccountStatus::Deleted;
        let remedy = Some(Remedy::DeactivateSecret { account: it.id });
        assert_eq!(kind(&it, Some(SecretState::Active), true), Some((FindingKind::SecretActive, remedy)));
        for state in [SecretState::Inactive, SecretState::Gone, unclear()] {
            assert_eq!(kind(&it, Some(state), true), None);
        }
        it.secret = None;
        assert_eq!(kind(&it, None, true), None);
        it.status = AccountStatus::Disabled;
        assert_eq!(kind(&it, None, true), Some((FindingKind::SecretUnlinked, None)));
        assert_eq!(kind(&it, None, false), None);
        it.kind = AccountKind::GroupManaged;
        assert_eq!(kind(&it, None, true), None);
    }

    #[test]
    fn what_is_known_best_counts() {
        use SagaKnown::{Adopted, Ended, Open, Unknown};
        assert_eq!(best(&[]), None);
        let all = [(saga(1), Unknown), (saga(2), Ended), (saga(4), Adopted), (saga(3), Open)];
        assert_eq!(best(&all), Some((saga(3), Open)));
        assert_eq!(best(&all[..3]), Some((saga(4), Adopted)));
        assert_eq!(best(&all[..2]), Some((saga(2), Ended)));
        assert_eq!(best(&all[..1]), Some((saga(1), Unknown)));
    }
}
