//! Two who decide at the same moment: each alone may, and both together would break a rule.

use std::sync::Arc;

use alm_core::Caller;
use alm_core::adapter::store_sqlite::{SqliteOptions, SqliteStore};
use alm_core::model::account::Owner;
use alm_core::model::people::SYSTEM_ADMINISTRATOR;
use alm_core::model::template::EolAction;
use alm_core::service::accounts::SetOwners;
use alm_core::service::people::{AddPerson, SetPersonEnabled};
use tempfile::TempDir;

use super::rules::{proves, received};
use super::world::World;

/// On a store that is waited for, two decide before either has committed.
async fn waited_for() -> (TempDir, World) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("race.alm"), SqliteOptions::default()).await.unwrap();
    let world = World::on(Arc::new(store)).await;
    (folder, world)
}

#[tokio::test]
async fn p_2_two_administrators_who_leave_at_the_same_moment_do_not_both_go() {
    let _proof = proves(&["P-2"]);
    let (_folder, world) = waited_for().await;
    let other = AddPerson::new("Otto", "otto@example.com").role(SYSTEM_ADMINISTRATOR);
    let other = Caller::new(world.execute(&world.admin, other).await.unwrap(), "test");
    for _ in 0..8 {
        let leave = |caller: &Caller| SetPersonEnabled::new(caller.person, false);
        let (one, two) = tokio::join!(
            world.execute(&world.admin, leave(&world.admin)),
            world.execute(&other, leave(&other))
        );
        let (remains, refused) = match (one, two) {
            (Ok(()), Err(error)) => (&other, error),
            (Err(error), Ok(())) => (&world.admin, error),
            both => panic!("{both:?}"),
        };
        received(&refused, "P-2");
        for caller in [&world.admin, &other] {
            world.execute(remains, SetPersonEnabled::new(caller.person, true)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn w_2_i_6_two_who_decide_at_the_same_moment_do_not_take_an_accounts_last_owners_both() {
    let _proof = proves(&["W-2", "I-6"]);
    let (_folder, world) = waited_for().await;
    let template = world.template(EolAction::Review).await;
    let account = world.provisioned(template, "payroll").await;
    let (one, two) = (world.requester.person, world.lead.person);
    let both = [Owner::Person(one), Owner::Person(two)];
    let disable = |person| world.execute(&world.admin, SetPersonEnabled::new(person, false));
    let own = |owners: &[Owner]| {
        let owners: Vec<_> = owners.to_vec();
        world.execute(&world.admin, SetOwners::new(account, owners))
    };
    for round in 0..12 {
        let (first, second) = match round % 3 {
            0 => {
                own(&both).await.unwrap();
                tokio::join!(disable(one), disable(two))
            }
            1 => {
                own(&both).await.unwrap();
                tokio::join!(disable(one), own(&both[..1]))
            }
            // Who leaves has nothing to do with the account until this moment.
            _ => {
                own(&both[1..]).await.unwrap();
                tokio::join!(disable(one), own(&both[..1]))
            }
        };
        let results = [first, second];
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1, "round {round}: {refused:?}");
        received(&refused[0], "W-2");
        for person in [one, two] {
            world.execute(&world.admin, SetPersonEnabled::new(person, true)).await.unwrap();
        }
    }
}
