//! Two accounts that take turns (section BG).

use std::collections::BTreeSet;

use ad_directory::{CheckPasswordOptions, Directory as _};
use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, PairId};
use alm_core::model::managed::AccountKind;
use alm_core::model::pair::AccountPair;
use alm_core::model::template::{EolAction, Rotator};
use alm_core::port::clock::Clock as _;
use alm_core::port::store::RecordKind;
use alm_core::port::vault::{SecretId, Vault as _};
use alm_core::service::accounts::{DeleteAccount, DisableAccount, EnableAccount, SetOwners};
use alm_core::service::migration::MigrateAccount;
use alm_core::service::pairs::{EndPair, MakePair, SwitchPair};
use alm_core::service::privileges::RequestPrivilege;
use alm_core::service::rotation::RotateAccount;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::rules::proves;
use super::world::{WRITERS, World};

/// Two accounts of a template that rotates every 30 days, and their pair.
async fn pair(w: &World) -> (AccountId, AccountId, PairId) {
    let mut body = w.body(EolAction::Review);
    body.rotation.every_days = Some(30);
    body.rotation.when_owner_leaves = true;
    let template = w.publish("Taking turns", body).await;
    let (blue, green) = (w.provisioned(template, "blue").await, w.provisioned(template, "green").await);
    let pair = w.execute(&w.requester, MakePair::new("web shop", blue, green)).await.unwrap();
    (blue, green, pair)
}

async fn hours(w: &World, hours: i64) {
    w.clock.advance(SignedDuration::from_hours(hours));
    let report = w.sweep().await;
    assert!(report.held.is_empty(), "{report:?}");
    w.run_until_quiet().await;
}

/// Whoever signs in asks now and then which account to use, and uses what they were told until they ask again.
struct Consumer {
    account: Account,
    password: SecretString,
}

impl Consumer {
    async fn ask(w: &World, pair: PairId) -> Self {
        let view = w.alm.pair(&w.requester, pair).await.unwrap();
        let password = w.vault.read_password(&view.secret.unwrap()).await.unwrap();
        Self { account: w.view(view.pair.current).await.account, password }
    }

    async fn signs_in(&self, w: &World) -> bool {
        let options = CheckPasswordOptions::new();
        let check = w.directory.check_password(self.account.object_guid, &self.password, options);
        check.await.unwrap().proves_password() == Some(true)
    }
}

#[tokio::test]
async fn bg_2_bg_3_bg_4_who_asks_once_in_the_overlap_can_always_sign_in() {
    let w = World::new().await;
    let _proof = proves(&["BG-2", "BG-3", "BG-4"]);
    let (blue, green, pair) = pair(&w).await;
    let mut consumers = vec![Consumer::ask(&w, pair).await];
    let mut passwords = BTreeSet::new();
    let mut used = BTreeSet::new();
    // An owner leaves in the middle: who is gone shall not know a password for long.
    for hour in (0..24 * 100).step_by(3) {
        hours(&w, 3).await;
        if hour == 24 * 70 {
            for account in [blue, green] {
                let owners = [&w.requester, &w.lead].map(|caller| Owner::Person(caller.person));
                w.execute(&w.requester, SetOwners::new(account, owners)).await.unwrap();
                let owners = [Owner::Person(w.requester.person)];
                w.execute(&w.requester, SetOwners::new(account, owners)).await.unwrap();
            }
        }
        // One that asks each time, and those that ask once a day at another hour each.
        for (at, consumer) in consumers.iter_mut().enumerate() {
            assert!(consumer.signs_in(&w).await, "hour {hour}, consumer {at}");
            if at == 0 || hour % 24 == 3 * (at - 1) {
                *consumer = Consumer::ask(&w, pair).await;
            }
        }
        while consumers.len() < 9 {
            consumers.push(Consumer::ask(&w, pair).await);
        }
        let view = w.alm.pair(&w.requester, pair).await.unwrap();
        used.insert(view.current);
        for id in [blue, green] {
            let account = w.view(id).await.account;
            passwords.insert((id, account.password_changed_at));
            // T-14: nobody's password grows old by resting, or by being in use.
            let age = w.clock.now().duration_since(account.password_changed_at);
            assert!(
                age <= SignedDuration::from_hours(24 * 32),
                "hour {hour}: {} is {age:?} old",
                account.name
            );
        }
    }
    assert_eq!(used.len(), 2);
    // 100 days, every 30 each, and once more for the owner who left.
    assert!((7..=11).contains(&passwords.len()), "{passwords:?}");
    let told = w.events(EventKind::AccountPairChanged).await;
    assert!(told.len() >= 5 && told.iter().all(|event| event.to.contains(&w.requester.person)), "{told:?}");
    assert!(w.events(EventKind::AccountPairHeld).await.is_empty());
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn bg_1_what_cannot_be_a_pair_is_refused_all_at_once() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let mut body = w.body(EolAction::Review);
    body.directory.groups = vec![WRITERS.parse().unwrap()];
    let writers = w.publish("Writers", body).await;
    let (blue, green) = (w.provisioned(template, "blue").await, w.provisioned(template, "green").await);
    let writer = w.provisioned(writers, "writer").await;

    let wrong = MakePair::new("", blue, blue).overlap_hours(0);
    let error = w.refused(&w.requester, wrong, "BG-1").await;
    let fields: BTreeSet<_> = error.refusals().iter().map(|refusal| refusal.field().to_owned()).collect();
    assert_eq!(fields, ["name", "overlap_hours", "resting"].map(str::to_owned).into());
    let error = w.refused(&w.requester, MakePair::new("web", blue, writer), "BG-1").await;
    assert!(error.to_string().contains("not in the same directory groups"), "{error}");
    w.refused(&w.requester, MakePair::new("web", blue, green).overlap_hours(721), "BG-1").await;
    w.refused(&w.stranger, MakePair::new("web", blue, green), "P-1").await;

    // Each by itself: retired, gMSA, without a secret, by the vault, elsewhere, something under way, disabled, in a pair already.
    let refuses = async |change: fn(&mut Account), says: &str| {
        let before: Account = w.document(green.uuid()).await;
        w.rewrite(green.uuid(), change).await;
        let error = w.refused(&w.requester, MakePair::new("web", blue, green), "BG-1").await;
        assert!(error.to_string().contains(says), "{says}: {error}");
        w.rewrite(green.uuid(), |account: &mut Account| *account = before).await;
    };
    refuses(|account| account.kind = AccountKind::GroupManaged, "the domain changes").await;
    refuses(|account| account.secret = None, "no vault keeps").await;
    refuses(|account| account.status = AccountStatus::Disabled, "is Disabled").await;
    refuses(|account| account.vault = None, "the same domain and vault").await;
    w.execute(&w.requester, RotateAccount::new(green)).await.unwrap();
    let error = w.refused(&w.requester, MakePair::new("web", blue, green), "BG-1").await;
    assert!(error.to_string().contains("Rotate of svc-green must end first"), "{error}");
    w.run().await;
    let third = w.provisioned(template, "third").await;
    let mut body = w.body(EolAction::Review);
    body.rotation.by = Rotator::Vault;
    w.vault.changes_passwords_in(w.directory.clone());
    let theirs = w.publish("The vault rotates", body).await;
    let other = w.provisioned(theirs, "other").await;
    let error = w.refused(&w.requester, MakePair::new("web", other, green), "BG-1").await;
    assert!(error.to_string().contains("the vault changes the password"), "{error}");

    let pair = w.execute(&w.requester, MakePair::new("web", blue, green)).await.unwrap();
    let error = w.refused(&w.requester, MakePair::new("more", green, third), "BG-1").await;
    assert!(error.to_string().contains(&pair.to_string()), "{error}");
    let error = w.refused(&w.admin, MigrateAccount::new(blue, theirs), "BG-1").await;
    assert!(error.to_string().contains("takes turns"), "{error}");
    assert_eq!(w.events(EventKind::AccountPairChanged).await.len(), 1, "nothing else was changed");
}

#[tokio::test]
async fn bg_2_bg_3_bg_4_people_switch_switch_back_and_shut_out() {
    let w = World::new().await;
    let (blue, green, pair) = pair(&w).await;
    w.refused(&w.requester, RotateAccount::new(blue), "BG-2").await;
    // Whoever used it until now has a day.
    w.refused(&w.requester, RotateAccount::new(green), "BG-3").await;
    hours(&w, 25).await;
    let view = w.alm.pair(&w.requester, pair).await.unwrap();
    assert_eq!((view.current.as_str(), &view.not_yet), ("svc-blue", &None));
    assert!(w.view(green).await.account.password_changed_at > view.pair.switched_at);
    w.execute(&w.requester, RotateAccount::new(green)).await.unwrap();
    w.refused(&w.requester, SwitchPair::new(pair), "BG-4").await;
    w.run().await;

    w.refused(&w.stranger, SwitchPair::new(pair), "P-1").await;
    let before = Consumer::ask(&w, pair).await;
    assert_eq!(w.execute(&w.requester, SwitchPair::new(pair)).await.unwrap(), green);
    assert_eq!(w.alm.pair(&w.requester, pair).await.unwrap().current, "svc-green");
    // It does not work out: back within the overlap, though it has the password it was left with.
    hours(&w, 3).await;
    assert!(before.signs_in(&w).await);
    assert_eq!(w.execute(&w.requester, SwitchPair::new(pair)).await.unwrap(), blue);
    hours(&w, 30).await;
    assert!(before.signs_in(&w).await, "the one in use keeps its password");
    assert_eq!(w.alm.pair(&w.requester, pair).await.unwrap().not_yet, None, "the other one got another");

    // The password leaked: whoever has the old one is shut out with the next sweep.
    w.execute(&w.requester, SwitchPair::new(pair).at_once()).await.unwrap();
    hours(&w, 1).await;
    assert!(!before.signs_in(&w).await);
    assert!(Consumer::ask(&w, pair).await.signs_in(&w).await);

    // It cannot be used again before it has another password, and that has to work.
    w.execute(&w.requester, SwitchPair::new(pair)).await.unwrap();
    let secret = SecretId::new(w.view(green).await.account.secret.unwrap());
    w.vault.deactivate(&secret).await.unwrap();
    hours(&w, 25).await;
    let error = w.refused(&w.requester, SwitchPair::new(pair), "BG-4").await;
    assert!(error.to_string().contains("Rotate of svc-green must end first"), "{error}");
}

#[tokio::test]
async fn bg_4_what_a_person_has_to_mend_is_told_once_and_then_it_goes_on() {
    let w = World::new().await;
    let (blue, _, pair) = pair(&w).await;
    hours(&w, 25).await;
    let ask = RequestPrivilege::join(blue, WRITERS.parse().unwrap(), "the shop writes");
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.approve(request).await;
    w.run().await;
    for _ in 0..3 {
        hours(&w, 24 * 15).await;
    }
    let told = w.events(EventKind::AccountPairHeld).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("same directory groups") && told[0].to.contains(&w.requester.person));
    assert_eq!(w.alm.pair(&w.requester, pair).await.unwrap().pair.current, blue);
    let error = w.refused(&w.requester, SwitchPair::new(pair), "BG-4").await;
    assert!(error.to_string().contains("same directory groups"), "{error}");
    let ask = RequestPrivilege::leave(blue, WRITERS.parse().unwrap(), "it does not");
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.approve(request).await;
    w.run().await;
    hours(&w, 1).await;
    let after = w.alm.pair(&w.requester, pair).await.unwrap().pair;
    assert!(after.current != blue && after.held.is_none(), "{after:?}");
}

#[tokio::test]
async fn bg_5_an_emergency_stop_hands_nothing_over_and_retiring_ends_the_pair() {
    let w = World::new().await;
    let _proof = proves(&["BG-5"]);
    let (blue, green, pair) = pair(&w).await;
    hours(&w, 25).await;
    w.execute(&w.requester, DisableAccount::new(blue)).await.unwrap();
    w.run().await;
    hours(&w, 24 * 60).await;
    assert_eq!(w.alm.pair(&w.requester, pair).await.unwrap().pair.current, blue);
    // A person may, since the other one got another password meanwhile.
    w.execute(&w.requester, SwitchPair::new(pair)).await.unwrap();
    w.execute(&w.requester, EnableAccount::new(blue)).await.unwrap();
    w.run().await;
    hours(&w, 24).await;
    w.execute(&w.requester, DeleteAccount::new(green).confirmed()).await.unwrap();
    w.run_until_quiet().await;
    assert_eq!(w.view(blue).await.account.pair, None);
    assert_eq!(w.view(green).await.account.pair, None);
    let error = w.alm.pair(&w.requester, pair).await.unwrap_err();
    assert_eq!(error.kind(), alm_core::ErrorKind::NotFound);
    let told = w.events(EventKind::AccountPairChanged).await;
    assert!(told.last().unwrap().text.contains("svc-blue goes on alone"), "{told:?}");
    w.execute(&w.requester, RotateAccount::new(blue)).await.unwrap();
    w.run().await;
}

#[tokio::test]
async fn bg_5_a_pair_ends_when_its_owners_say_so() {
    let w = World::new().await;
    let (blue, green, pair) = pair(&w).await;
    w.refused(&w.stranger, EndPair::new(pair), "P-1").await;
    w.execute(&w.requester, EndPair::new(pair)).await.unwrap();
    assert!(w.store.load(RecordKind::AccountPair, pair.uuid()).await.unwrap().is_none());
    // What it was still owed comes as before.
    hours(&w, 25).await;
    let changed = w.view(green).await.account.password_changed_at;
    assert!(changed > w.view(blue).await.account.password_changed_at);
    w.execute(&w.requester, RotateAccount::new(blue)).await.unwrap();
    w.run().await;
    let again = w.execute(&w.requester, MakePair::new("web shop", green, blue)).await.unwrap();
    let kept: AccountPair = w.document(again.uuid()).await;
    assert_eq!((kept.current, kept.resting, kept.overlap_hours), (green, blue, 24));
}

/// BG-4: who changes one of the two in the same moment comes second, because a switch writes both with the versions it looked at.
#[tokio::test]
async fn bg_4_a_switch_writes_both_accounts() {
    let w = World::new().await;
    let (blue, green, pair) = pair(&w).await;
    hours(&w, 25).await;
    let versions = async || {
        let mut versions = Vec::new();
        for (kind, id) in [
            (RecordKind::Account, blue.uuid()),
            (RecordKind::Account, green.uuid()),
            (RecordKind::AccountPair, pair.uuid()),
        ] {
            versions.push(w.store.load(kind, id).await.unwrap().unwrap().version);
        }
        versions
    };
    let before = versions().await;
    w.execute(&w.requester, SwitchPair::new(pair)).await.unwrap();
    let after = versions().await;
    assert!(before.iter().zip(&after).all(|(before, after)| after == &(before + 1)), "{before:?} {after:?}");
}
