//! One command for many accounts (M-4).

use std::collections::BTreeSet;

use alm_core::ErrorKind;
use alm_core::model::account::AccountStatus;
use alm_core::model::ids::AccountId;
use alm_core::model::template::EolAction;
use alm_core::service::accounts::{DisableAccount, EnableAccount};
use uuid::Uuid;

use super::rules::received;
use super::world::World;

async fn accounts(w: &World) -> Vec<AccountId> {
    let template = w.template(EolAction::Review).await;
    let mut accounts = Vec::new();
    for name in ["payroll", "billing", "mail", "print"] {
        accounts.push(w.provisioned(template, name).await);
    }
    accounts
}

fn disable(accounts: &[AccountId]) -> impl Iterator<Item = DisableAccount> {
    accounts.iter().copied().map(DisableAccount::new)
}

#[tokio::test]
async fn m_4_each_succeeds_or_fails_alone_and_the_plan_says_so_before() {
    let w = World::new().await;
    let ids = accounts(&w).await;
    w.execute(&w.requester, DisableAccount::new(ids[1])).await.unwrap();
    w.run().await;
    let nobody = AccountId::new(Uuid::from_u128(7));
    let all = [ids[0], ids[1], nobody, ids[2], ids[3]];
    let before = w.store.audit_head().await.unwrap();
    let plan = w.alm.plan_each(&w.requester, disable(&all)).await.unwrap();
    assert_eq!(w.store.audit_head().await.unwrap(), before, "a plan changes nothing");
    assert_eq!(plan.allowed(), 3);
    let refused: Vec<_> = plan.refused().map(|(id, why)| (id, why[0].rule())).collect();
    assert_eq!(refused, [(ids[1], "L-11"), (nobody, "M-4")]);
    assert!(plan.items().next().unwrap().1.changes.iter().any(|change| change.contains("svc-payroll")));

    // Between plan and execution one of them got something else to do.
    w.execute(&w.requester, DisableAccount::new(ids[3])).await.unwrap();
    let plan = plan.without(&BTreeSet::from([ids[2]]));
    let report = w.alm.execute_each(&w.requester, "all off", plan).await.unwrap();
    assert_eq!(report.done(), 1);
    let failed: Vec<_> = report.failed().map(|(id, error)| (id, error.refusals()[0].rule())).collect();
    assert_eq!(failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [ids[1], nobody, ids[3]]);
    assert_eq!(failed[2].1, "L-31");
    w.run().await;
    for (id, status) in ids.iter().zip([true, true, false, true]) {
        let expected = if status { AccountStatus::Disabled } else { AccountStatus::Active };
        assert_eq!(w.view(*id).await.account.status, expected);
    }
}

/// one that was broken off is given again.
#[tokio::test]
async fn m_4_r_13_the_same_plan_again_does_nothing_twice() {
    let w = World::new().await;
    let ids = accounts(&w).await;
    let plan = w.alm.plan_each(&w.requester, disable(&ids)).await.unwrap();
    let first = w.alm.plan_each(&w.requester, disable(&ids[..2])).await.unwrap();
    let broken_off = w.alm.execute_each(&w.requester, "off", first).await.unwrap();
    w.run().await;
    let whole = w.alm.execute_each(&w.requester, "off", plan).await.unwrap();
    assert_eq!(whole.done(), 4);
    let sagas = |report: &alm_core::service::bulk::BulkReport<alm_core::model::ids::SagaId>| -> Vec<_> {
        report.results.iter().map(|(_, saga)| *saga.as_ref().unwrap()).collect()
    };
    assert_eq!(sagas(&whole)[..2], sagas(&broken_off));
    // With a new plan too, which says that they are disabled already.
    let anew = w.alm.plan_each(&w.requester, disable(&ids)).await.unwrap();
    assert_eq!(anew.allowed(), 0);
    let again = w.alm.execute_each(&w.requester, "off", anew).await.unwrap();
    assert_eq!(sagas(&again), sagas(&whole));
}

#[tokio::test]
async fn m_4_one_twice_and_too_many_are_refused_as_a_whole() {
    let w = World::new().await;
    let ids = accounts(&w).await;
    let twice = [ids[0], ids[1], ids[0]];
    let error = w.alm.plan_each(&w.requester, disable(&twice)).await.unwrap_err();
    received(&error, "M-4");
    let many: Vec<_> = (0..10_001).map(|number| AccountId::new(Uuid::from_u128(number))).collect();
    let error = w.alm.plan_each(&w.requester, many.into_iter().map(EnableAccount::new)).await.unwrap_err();
    received(&error, "M-4");
    assert!(error.to_string().contains("more than 10000"), "{error}");
    // Whose accounts they are not is told the same of each.
    let plan = w.alm.plan_each(&w.stranger, disable(&ids)).await.unwrap();
    assert!(plan.refused().all(|(_, why)| why[0].rule() == "P-1"));
    assert_eq!(plan.allowed(), 0);
    let report = w.alm.execute_each(&w.stranger, "sneaky", plan).await.unwrap();
    for (_, error) in report.failed() {
        assert_eq!(error.kind(), ErrorKind::Denied);
        received(error, "P-1");
    }
    // P-3: each attempt is in the audit.
    let records = w.alm.audit(&w.admin, 1, 1000).await.unwrap();
    let denied = records.iter().filter(|record| record.body.contains("P-1")).count();
    assert_eq!(denied, ids.len());
    let nobody = w.alm.plan_each(&w.admin, [EnableAccount::new(AccountId::new(Uuid::nil()))]).await.unwrap();
    let report = w.alm.execute_each(&w.admin, "nobody", nobody).await.unwrap();
    received(report.failed().next().unwrap().1, "M-4");
}
