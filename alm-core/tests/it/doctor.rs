//! Finding what does not fit, explaining it, and mending it (X-18, X-21, I-1 to I-3).

use std::collections::BTreeMap;

use ad_directory::{
    AccountExpires, AccountUpdate, CreateOptions, DeleteOptions, Directory as _, GroupKey, MarkerChange,
    MemberOptions, MoveOptions, NewAccount, ObjectGuid, RestoreOptions, SetPasswordOptions, UpdateOptions,
};
use alm_core::ErrorKind;
use alm_core::engine::SagaMarker;
use alm_core::model::account::{Account, AccountStatus, Owner, PendingSecret};
use alm_core::model::discovery::DiscoveryOrder;
use alm_core::model::doctor::{Examination, Examined, Finding, FindingKind, Remedy};
use alm_core::model::ids::{AccountId, SagaId, SecretId};
use alm_core::model::period::Period;
use alm_core::model::request::{Request, RequestStatus};
use alm_core::model::template::{EolAction, VaultPlace};
use alm_core::port::store::{Commit, RecordKind, Remove};
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{AbandonOperation, DeleteAccount, DisableAccount};
use alm_core::service::adoption::{AdoptAccounts, Adoptee};
use alm_core::service::repair::Repair;
use alm_core::testing::VaultFault;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::rules::proves;
use super::world::{OU, READERS, WRITERS, World};

/// How many faults of each kind are planted.
const PLANTED: usize = 10;

async fn doctor(w: &World) -> Examined {
    w.alm.doctor(&w.admin, &Examination::of(w.domain).passwords()).await.unwrap()
}

fn marker(w: &World, saga: SagaId) -> String {
    let marker = SagaMarker::new(w.alm.instance(), saga, 1);
    marker.write(&super::world::key()).unwrap().to_string()
}

async fn account(w: &World, id: AccountId) -> Account {
    w.document(id.uuid()).await
}

/// Accounts that are as they should be.
async fn accounts(w: &World, action: EolAction) -> Vec<AccountId> {
    let template = w.template(action).await;
    let mut made = Vec::new();
    for n in 0..PLANTED {
        made.push(w.provisioned(template, &format!("app{n}")).await);
    }
    made
}

/// An object that nobody's record knows.
async fn object(w: &World, name: &str, saga: SagaId) -> ObjectGuid {
    let mut new = NewAccount::new(OU.parse().unwrap(), name.parse().unwrap());
    new.marker = Some(marker(w, saga).parse().unwrap());
    w.directory.create_account(&new, CreateOptions::new()).await.unwrap().guid
}

/// As somebody with a tool of their own does.
async fn enable(w: &World, object: ObjectGuid) {
    let password = SecretString::from("Set-by-hand-2026");
    w.directory.set_password(object, &password, SetPasswordOptions::new()).await.unwrap();
    let update = AccountUpdate::new().enabled(true);
    w.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
}

/// A saga that was to make an account and gave up, because the name is taken in the directory.
async fn failed_saga(w: &World, template: alm_core::model::ids::TemplateId, n: usize) -> SagaId {
    let taken = NewAccount::new(OU.parse().unwrap(), format!("svc-gone{n}").parse().unwrap());
    w.directory.create_account(&taken, CreateOptions::new()).await.unwrap();
    let request = w.approved(template, &format!("gone{n}")).await;
    w.run_until_quiet().await;
    let request: Request = w.document(request.uuid()).await;
    assert_eq!(request.status, RequestStatus::ProvisioningFailed);
    let saga: SagaRecord = w.document(request.saga.unwrap().uuid()).await;
    assert!(matches!(saga.status, SagaStatus::Ended { ending: Ending::Compensated { .. } }));
    saga.id
}

async fn disable(w: &World, id: AccountId) {
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.run().await;
}

async fn last_saga(w: &World, id: AccountId) -> SagaId {
    *account(w, id).await.sagas.last().unwrap()
}

async fn unmark(w: &World, object: ObjectGuid) {
    let there = super::world::found(&w.directory, object).await.unwrap();
    let update = AccountUpdate::new().marker(MarkerChange::release(there.marker.unwrap()));
    w.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
}

/// Each remedy that is offered, carried out.
async fn mend(w: &World, findings: &[Finding]) {
    for finding in findings {
        if let Some(remedy) = &finding.remedy {
            let plan = w.alm.plan(&w.admin, &Repair::new(remedy.clone())).await.unwrap();
            assert!(plan.refusals.is_empty() && !plan.changes.is_empty(), "{plan:?}");
            w.execute(&w.admin, Repair::new(remedy.clone())).await.unwrap();
        }
    }
    let report = w.run_until_quiet().await;
    assert!(report.notes.is_empty(), "{report:?}");
}

/// All ten are found, nothing else is; then what can be mended is, and found no more.
async fn found(w: &World, kind: FindingKind, mends: bool) {
    let report = doctor(w).await;
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, vec![kind; PLANTED], "{:#?}", report.findings);
    assert!(report.unseen.is_empty(), "{:?}", report.unseen);
    // A second look says the same: looking changes nothing.
    assert_eq!(doctor(w).await.findings, report.findings);
    assert_eq!(
        report.findings.iter().all(|finding| finding.remedy.is_some()),
        mends,
        "{:#?}",
        report.findings
    );
    if mends {
        mend(w, &report.findings).await;
        assert_eq!(doctor(w).await.findings, []);
    }
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn x_18_nothing_is_found_where_everything_fits() {
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Disable).await;
    let report = doctor(&w).await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!((report.accounts, report.secrets), (10, 10));
    assert!(report.objects >= 10);
    // Disabled, retired and erased ones fit as well.
    disable(&w, ids[0]).await;
    for times in 0..2 {
        for id in &ids[1..3 - times] {
            w.execute(&w.admin, DeleteAccount::new(*id).confirmed()).await.unwrap();
        }
        w.run_until_quiet().await;
    }
    let report = doctor(&w).await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.accounts, 9);
    // What is under way is not judged.
    w.execute(&w.requester, DisableAccount::new(ids[5])).await.unwrap();
    let report = doctor(&w).await;
    assert!(report.findings.is_empty() && report.under_way == [ids[5]]);

    let refused = w.alm.doctor(&w.requester, &Examination::of(w.domain)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let remedy = Remedy::Mark { account: ids[0] };
    w.refused(&w.requester, Repair::new(remedy), "P-1").await;
}

#[tokio::test]
async fn x_21_accounts_that_were_deleted_are_written_off() {
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Disable).await;
    let mut secrets = Vec::new();
    for id in &ids {
        let account = account(&w, *id).await;
        secrets.push(SecretId::new(account.secret.unwrap()));
        w.directory.delete_account(account.object_guid, DeleteOptions::new()).await.unwrap();
    }
    found(&w, FindingKind::AccountMissing, true).await;
    for id in ids {
        let account = account(&w, id).await;
        assert!(account.status == AccountStatus::Deleted && account.erased_at.is_some());
    }
    assert!(w.vault.secrets().iter().all(|(_, secret)| !secret.active));
}

/// Between the look and the repair somebody restored it: its secret stays.
#[tokio::test]
async fn x_21_what_is_there_is_not_written_off() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let id = w.provisioned(template, "payroll").await;
    w.execute(&w.admin, Repair::new(Remedy::WriteOff { account: id })).await.unwrap();
    w.run().await;
    let report = doctor(&w).await;
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::Parked]);
    w.execute(&w.admin, AbandonOperation::new(id)).await.unwrap();
    w.run().await;
    assert!(doctor(&w).await.is_clean());
    assert_eq!(account(&w, id).await.status, AccountStatus::Active);
}

#[tokio::test]
async fn i_3_accounts_without_our_marker_get_it_back() {
    let w = World::new().await;
    for id in accounts(&w, EolAction::Disable).await {
        unmark(&w, account(&w, id).await.object_guid).await;
    }
    found(&w, FindingKind::AccountUnmarked, true).await;
}

#[tokio::test]
async fn s_6_accounts_that_differ_are_corrected() {
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Expire).await;
    disable(&w, ids[9]).await;
    for (n, id) in ids.iter().enumerate() {
        let object = account(&w, *id).await.object_guid;
        let update = AccountUpdate::new();
        let update = match n % 5 {
            0 => update.enabled(false),
            1 => update.expires(AccountExpires::Never),
            4 if n == 9 => update.enabled(true),
            _ => update,
        };
        if n % 5 < 2 || n == 9 {
            w.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
        } else if n % 5 < 4 {
            let to = if n % 5 == 2 { OU } else { super::world::MOVED }.parse().unwrap();
            let options = MoveOptions::new().new_cn(format!("elsewhere{n}"));
            w.directory.move_account(object, &to, options).await.unwrap();
        } else {
            let group = |name: &str| GroupKey::Dn(name.parse().unwrap());
            w.directory.remove_member(&group(READERS), object, MemberOptions::new()).await.unwrap();
            w.directory.add_member(&group(WRITERS), object, MemberOptions::new()).await.unwrap();
        }
    }
    found(&w, FindingKind::Drift, true).await;
}

#[tokio::test]
async fn x_18_what_a_saga_left_in_the_directory_is_disabled_and_removed() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let mut left = Vec::new();
    for n in 0..PLANTED {
        let saga = failed_saga(&w, template, n).await;
        left.push(object(&w, &format!("left{n}"), saga).await);
    }
    // One that was enabled meanwhile is disabled first, and one that is in a group is a person's business.
    enable(&w, left[0]).await;
    let group = GroupKey::Dn(READERS.parse().unwrap());
    w.directory.add_member(&group, left[1], MemberOptions::new()).await.unwrap();
    let report = doctor(&w).await;
    assert_eq!(report.findings.len(), PLANTED);
    assert!(report.findings.iter().all(|finding| finding.kind == FindingKind::LeftoverAccount));
    mend(&w, &report.findings).await;
    let again = doctor(&w).await;
    assert_eq!(again.findings.len(), 2, "{:#?}", again.findings);
    let remedies: BTreeMap<_, _> =
        again.findings.iter().map(|finding| (finding.name.as_str(), finding.remedy.is_some())).collect();
    assert_eq!(remedies, BTreeMap::from([("left0", true), ("left1", false)]));
    w.directory.remove_member(&group, left[1], MemberOptions::new()).await.unwrap();
    found_and_mended(&w).await;
    // What had the name before is nobody's of ours.
    assert!(!w.found_none("svc-gone3").await);
}

async fn found_and_mended(w: &World) {
    let report = doctor(w).await;
    mend(w, &report.findings).await;
    assert_eq!(doctor(w).await.findings, []);
}

#[tokio::test]
async fn x_18_nothing_that_is_in_use_by_now_is_removed() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let saga = failed_saga(&w, template, 1).await;
    let left = object(&w, "left", saga).await;
    let report = doctor(&w).await;
    let [Finding { remedy: Some(remedy @ Remedy::RemoveLeftover(_)), .. }] = report.findings.as_slice()
    else {
        panic!("{:#?}", report.findings);
    };
    enable(&w, left).await;
    w.execute(&w.admin, Repair::new(remedy.clone())).await.unwrap();
    w.run_until_quiet().await;
    assert!(!w.found_none("left").await, "it was left alone");
    assert!(matches!(doctor(&w).await.findings[0].remedy, Some(Remedy::DisableLeftover(_))));
    // An account that is managed is nothing that was left, whoever says so.
    let id = w.provisioned(template, "payroll").await;
    let Remedy::RemoveLeftover(mut lie) = remedy.clone() else { unreachable!() };
    lie.object = account(&w, id).await.object_guid;
    w.refused(&w.admin, Repair::new(Remedy::RemoveLeftover(lie.clone())), "X-18").await;
    // A marker of another saga is none that this one may touch.
    lie.object = object(&w, "foreign", SagaId::new(Uuid::from_u128(99))).await;
    w.execute(&w.admin, Repair::new(Remedy::RemoveLeftover(lie))).await.unwrap();
    w.run_until_quiet().await;
    assert!(!w.found_none("foreign").await, "I-3");
}

#[tokio::test]
async fn x_10_a_second_account_of_a_saga_is_removed_and_the_recorded_one_stays() {
    let _proof = proves(&["X-10"]);
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Disable).await;
    for (n, id) in ids.iter().enumerate() {
        let saga = last_saga(&w, *id).await;
        object(&w, &format!("conflict{n}"), saga).await;
    }
    found(&w, FindingKind::DuplicateAccount, true).await;
    for id in ids {
        assert!(w.there(&account(&w, id).await).await.is_some());
    }
}

#[tokio::test]
async fn what_is_unknown_is_listed_and_never_touched() {
    let w = World::new().await;
    for n in 0..PLANTED {
        object(&w, &format!("unknown{n}"), SagaId::new(Uuid::from_u128(n as u128 + 1))).await;
    }
    found(&w, FindingKind::UnknownAccount, false).await;

    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    w.provisioned(template, "payroll").await;
    for n in 0..PLANTED {
        let saga = SagaId::new(Uuid::from_u128(n as u128 + 1));
        w.vault.plant("12", &format!("unknown{n}"), &marker(&w, saga), "secret");
    }
    found(&w, FindingKind::UnknownSecret, false).await;
}

#[tokio::test]
async fn i_1_secrets_that_are_missing_are_found() {
    let w = World::new().await;
    for (n, id) in accounts(&w, EolAction::Disable).await.into_iter().enumerate() {
        let secret = SecretId::new(account(&w, id).await.secret.unwrap());
        if n % 2 == 0 {
            w.vault.erase(&secret);
        } else {
            w.vault.edit(&secret, |secret| secret.active = false);
        }
    }
    found(&w, FindingKind::SecretMissing, false).await;

    let w = World::new().await;
    for id in accounts(&w, EolAction::Disable).await {
        w.rewrite::<Account>(id.uuid(), |account| account.secret = None).await;
    }
    found(&w, FindingKind::SecretUnlinked, false).await;
}

#[tokio::test]
async fn x_18_secrets_of_retired_accounts_are_deactivated() {
    let w = World::new().await;
    for id in accounts(&w, EolAction::Disable).await {
        w.execute(&w.admin, DeleteAccount::new(id).confirmed()).await.unwrap();
        w.run_until_quiet().await;
        w.vault.reactivate(&SecretId::new(account(&w, id).await.secret.unwrap()));
    }
    found(&w, FindingKind::SecretActive, true).await;
}

#[tokio::test]
async fn i_1_passwords_that_are_not_the_accounts_are_found_and_replaced() {
    let w = World::new().await;
    for id in accounts(&w, EolAction::Disable).await {
        let secret = SecretId::new(account(&w, id).await.secret.unwrap());
        w.vault.edit(&secret, |secret| secret.password = SecretString::from("not this one"));
    }
    // Nobody signs in unless that was asked for.
    let report = w.alm.doctor(&w.admin, &Examination::of(w.domain)).await.unwrap();
    assert!(report.is_clean(), "{report:#?}");
    let report = doctor(&w).await;
    assert_eq!(report.findings.len(), PLANTED);
    assert!(report.findings.iter().all(|finding| finding.kind == FindingKind::PasswordWrong));
    mend(&w, &report.findings).await;
    assert!(doctor(&w).await.is_clean());
}

#[tokio::test]
async fn i_2_second_secrets_are_deactivated_and_the_accounts_own_stays() {
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Disable).await;
    for (n, id) in ids.iter().enumerate() {
        let saga = last_saga(&w, *id).await;
        // As a reply that came late leaves it: under the same name.
        let own = account(&w, *id).await.secret.unwrap();
        let name = w.vault.secrets().into_iter().find(|(id, _)| id.as_str() == own).unwrap().1.name;
        let name = if n % 2 == 0 { name } else { format!("twice{n}") };
        w.vault.plant("12", &name, &marker(&w, saga), "secret");
    }
    found(&w, FindingKind::DuplicateSecret, true).await;
    for id in ids {
        let secret = account(&w, id).await.secret;
        assert!(
            w.vault.secrets().iter().any(|(id, kept)| Some(id.as_str()) == secret.as_deref() && kept.active)
        );
    }
}

#[tokio::test]
async fn x_18_secrets_that_a_saga_left_are_deactivated() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    for n in 0..PLANTED {
        let saga = failed_saga(&w, template, n).await;
        w.vault.plant("12", &format!("left{n}"), &marker(&w, saga), "secret");
    }
    found(&w, FindingKind::LeftoverSecret, true).await;
}

#[tokio::test]
async fn what_an_interrupted_rotation_left_is_found_and_gone_on_with() {
    let w = World::new().await;
    for (n, id) in accounts(&w, EolAction::Disable).await.into_iter().enumerate() {
        let place = VaultPlace::new(w.vault_id, "12", "6001");
        w.rewrite::<Account>(id.uuid(), |account| {
            account.pending = Some(PendingSecret::new(place, format!("app{n} [pending]")));
        })
        .await;
    }
    found(&w, FindingKind::PendingSecret, true).await;
}

#[tokio::test]
async fn i_9_what_stopped_is_found_with_its_reason() {
    let w = World::new().await;
    let ids = accounts(&w, EolAction::Disable).await;
    for id in &ids {
        unmark(&w, account(&w, *id).await.object_guid).await;
        w.execute(&w.requester, DisableAccount::new(*id)).await.unwrap();
    }
    w.run_until_quiet().await;
    let report = doctor(&w).await;
    assert_eq!(report.findings.len(), PLANTED, "{:#?}", report.findings);
    for finding in &report.findings {
        assert!(
            finding.kind == FindingKind::Parked && finding.text.contains("no marker of ours"),
            "{finding}"
        );
    }
    let remedy = Remedy::Mark { account: ids[0] };
    w.refused(&w.admin, Repair::new(remedy), "L-31").await;
}

#[tokio::test]
async fn records_that_lost_their_operation_are_found() {
    let w = World::new().await;
    for (n, id) in accounts(&w, EolAction::Disable).await.into_iter().enumerate() {
        let ended = last_saga(&w, id).await;
        let saga = if n % 2 == 0 { ended } else { SagaId::new(Uuid::from_u128(7)) };
        let open = json!({ "saga": saga, "kind": "disable", "failed": false });
        w.rewrite::<Account>(id.uuid(), |account| account.operation = serde_json::from_value(open).unwrap())
            .await;
    }
    found(&w, FindingKind::OperationLost, false).await;
}

/// What cannot be looked at is said, and not taken for nothing.
#[tokio::test]
async fn what_could_not_be_seen_is_said() {
    let w = World::new().await;
    accounts(&w, EolAction::Disable).await;
    w.vault.close("12");
    let report = doctor(&w).await;
    assert!(!report.is_clean() && report.findings.is_empty(), "{report:#?}");
    assert!(report.unseen[0].contains("folder 12"), "{:?}", report.unseen);

    // A vault that goes away in the middle ends nothing.
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let saga = failed_saga(&w, template, 1).await;
    w.vault.plant("12", "left", &marker(&w, saga), "secret");
    w.vault.fault("describe", VaultFault::Unreachable);
    let report = doctor(&w).await;
    assert!(report.findings.is_empty() && report.unseen.len() == 1, "{report:#?}");
    assert!(report.unseen[0].contains("of left"), "{:?}", report.unseen);
    assert_eq!(doctor(&w).await.findings.len(), 1);
}

#[tokio::test]
async fn x_18_a_remedy_is_no_permission_for_anything_else() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let id = w.provisioned(template, "payroll").await;
    let nothing = Remedy::Correct { account: id, differences: Vec::new(), leave: Vec::new() };
    w.refused(&w.admin, Repair::new(nothing), "X-18").await;
    let leave = vec![READERS.parse().unwrap()];
    let differences = vec![alm_core::model::drift::DriftKind::Groups];
    w.refused(&w.admin, Repair::new(Remedy::Correct { account: id, differences, leave }), "X-18").await;
    w.refused(&w.admin, Repair::new(Remedy::DeactivateSecret { account: id }), "X-18").await;
    let request = w.approved(template, "other").await;
    let request: Request = w.document(request.uuid()).await;
    let saga = request.saga.unwrap();
    let own = SecretId::new(account(&w, id).await.secret.unwrap());
    let leftover = |saga, secret| Repair::new(Remedy::DeactivateLeftover { saga, vault: w.vault_id, secret });
    w.refused(&w.admin, leftover(saga, own.clone()), "L-31").await;
    w.run().await;
    w.refused(&w.admin, leftover(saga, own.clone()), "X-18").await;
    // One that carries no marker of that saga is left alone.
    let foreign = w.vault.plant("12", "by hand", "nobody's", "secret");
    w.execute(&w.admin, leftover(saga, foreign.clone())).await.unwrap();
    w.run_until_quiet().await;
    assert!(w.vault.secrets().iter().any(|(id, secret)| *id == foreign && secret.active), "I-3");
    w.execute(&w.admin, DeleteAccount::new(id).confirmed()).await.unwrap();
    w.run().await;
    w.execute(&w.admin, DeleteAccount::new(id).confirmed()).await.unwrap();
    w.run().await;
    w.refused(&w.admin, Repair::new(Remedy::WriteOff { account: id }), "X-18").await;
    w.refused(&w.admin, Repair::new(Remedy::Mark { account: id }), "X-18").await;
    // Its secret is another account's by now.
    w.refused(&w.admin, Repair::new(Remedy::DeactivateSecret { account: id }), "X-18").await;
    w.vault.reactivate(&own);
    assert!(doctor(&w).await.findings.iter().all(|finding| finding.kind != FindingKind::SecretActive));
}

/// M-1: it was there before us, and what was made for it may hold its only password.
#[tokio::test]
async fn m_1_what_an_adoption_left_is_never_cleared_away() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let new = NewAccount::new(OU.parse().unwrap(), "svc-old".parse().unwrap());
    let object = w.directory.create_account(&new, CreateOptions::new()).await.unwrap().guid;
    let order = DiscoveryOrder::new(w.domain).everything();
    let found = w.alm.discover(&w.admin, &order).await.unwrap();
    let mut adopt = AdoptAccounts::new(template, Period::Days(90), [Adoptee::from(&found[0])]);
    adopt.owners.insert(Owner::Person(w.requester.person));
    let id = w.execute(&w.admin, adopt).await.unwrap()[0];
    let saga = account(&w, id).await.operation.unwrap().saga;
    w.rewrite::<SagaRecord>(saga.uuid(), |saga| {
        saga.status = SagaStatus::Ended { ending: Ending::Abandoned }
    })
    .await;
    let record = w.store.load(RecordKind::Account, id.uuid()).await.unwrap().unwrap();
    let remove = Remove { kind: RecordKind::Account, id: id.uuid(), expected: record.version };
    w.store.commit(Commit { removes: vec![remove], ..Commit::default() }).await.unwrap();
    let update = AccountUpdate::new().marker(MarkerChange::adopt(marker(&w, saga).parse().unwrap()));
    w.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
    let secret = w.vault.plant("12", "svc-old", &marker(&w, saga), "its only password");
    let report = doctor(&w).await;
    let kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::LeftoverAccount, FindingKind::LeftoverSecret], "{:#?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.remedy.is_none()), "{:#?}", report.findings);
    let leftover = Remedy::DeactivateLeftover { saga, vault: w.vault_id, secret };
    w.refused(&w.admin, Repair::new(leftover), "X-18").await;
}

/// Marked again or written off although the clock waits: it could do nothing without.
#[tokio::test]
async fn x_18_what_the_clock_needs_does_not_wait_for_the_clock() {
    for gone in [false, true] {
        let w = World::new().await;
        let template = w.template(EolAction::Delete).await;
        let id = w.provisioned(template, "payroll").await;
        let object = account(&w, id).await.object_guid;
        if gone {
            w.directory.delete_account(object, DeleteOptions::new()).await.unwrap();
        } else {
            unmark(&w, object).await;
        }
        w.advance_days(91);
        assert_eq!(w.sweep().await.ended, [id]);
        w.run_until_quiet().await;
        w.execute(&w.admin, AbandonOperation::new(id)).await.unwrap();
        w.run_until_quiet().await;
        let report = doctor(&w).await;
        let Some(remedy) = report.findings.iter().find_map(|finding| finding.remedy.clone()) else {
            panic!("{report:#?}");
        };
        w.execute(&w.admin, Repair::new(remedy)).await.unwrap();
        w.run_until_quiet().await;
        w.sweep().await;
        w.run_until_quiet().await;
        assert_eq!(account(&w, id).await.status, AccountStatus::Deleted);
        assert!(doctor(&w).await.is_clean());
    }
}

/// Restored after it was erased: disabled, then removed.
#[tokio::test]
async fn x_18_what_was_erased_and_is_there_again_is_cleared_away() {
    let w = World::new().await;
    let template = w.template(EolAction::Disable).await;
    let id = w.provisioned(template, "payroll").await;
    let object = account(&w, id).await.object_guid;
    for _ in 0..2 {
        w.execute(&w.admin, DeleteAccount::new(id).confirmed()).await.unwrap();
        w.run_until_quiet().await;
    }
    w.directory.restore_account(object, RestoreOptions::new()).await.unwrap();
    let group = GroupKey::Dn(READERS.parse().unwrap());
    w.directory.remove_member(&group, object, MemberOptions::new()).await.unwrap();
    enable(&w, object).await;
    let marked = super::world::found(&w.directory, object).await.unwrap().marker;
    if marked.is_none() {
        let saga = last_saga(&w, id).await;
        let update = AccountUpdate::new().marker(MarkerChange::adopt(marker(&w, saga).parse().unwrap()));
        w.directory.update_account(object, &update, UpdateOptions::new()).await.unwrap();
    }
    for step in 0..2 {
        let report = doctor(&w).await;
        assert_eq!(report.findings.len(), 1, "{step}: {:#?}", report.findings);
        assert_eq!(report.findings[0].kind, FindingKind::LeftoverAccount);
        mend(&w, &report.findings).await;
    }
    assert!(doctor(&w).await.is_clean());
}
