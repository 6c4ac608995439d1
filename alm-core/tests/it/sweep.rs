//! What the clock does, and what people may do around it (section L, N-10 to N-15).

use std::collections::BTreeSet;

use ad_directory::{AccountExpires, Directory as _, ErrorKind, SetPasswordOptions};
use alm_core::model::account::{Account, AccountStatus, Owner};
use alm_core::model::event::{Event, EventKind};
use alm_core::model::ids::AccountId;
use alm_core::model::period::Period;
use alm_core::model::request::RequestStatus;
use alm_core::model::template::{EolAction, Reminders};
use alm_core::rules::lifecycle::AccountOption;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, SetOwners, SubmitRenewal,
};
use alm_core::service::groups::AddGroup;
use alm_core::service::people::SetPersonEnabled;
use alm_core::service::sweep::SweepOptions;
use alm_core::{Alm, Error, Settings};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use secrecy::SecretString;

use super::chaos::Chaos;
use super::rules::received;
use super::stage::{Case, Stage};
use super::world::{OU, RETIRED, World, at};

impl World {
    pub(super) async fn events(&self, kind: EventKind) -> Vec<Event> {
        let all = self.store.undelivered(100_000).await.unwrap();
        all.into_iter().filter(|event| event.kind == kind).collect()
    }

    async fn run_with(&self, chaos: &std::sync::Arc<Chaos>) {
        let directory = super::chaos::ChaosDirectory { inner: self.directory.clone(), chaos: chaos.clone() };
        let engine = self
            .engine_on(1, std::sync::Arc::new(directory), self.vault.clone(), self.clock.clone())
            .take_back(true)
            .build()
            .unwrap();
        engine.run_ready().await.unwrap();
    }

    async fn disabled(&self, id: AccountId) {
        self.execute(&self.requester, DisableAccount::new(id)).await.unwrap();
        self.run().await;
        assert_eq!(self.view(id).await.account.status, AccountStatus::Disabled);
    }

    /// Somebody sets another password in the directory.
    async fn spoil_password(&self, id: AccountId) {
        let account = self.view(id).await.account;
        let other = SecretString::from("Somebody-Elses-Choice-4711");
        self.directory.set_password(account.object_guid, &other, SetPasswordOptions::new()).await.unwrap();
    }
}

#[tokio::test]
async fn l_1_l_2_l_3_what_the_clock_makes_of_a_disabled_account() {
    for action in [EolAction::Review, EolAction::Disable, EolAction::Expire] {
        let world = World::new().await;
        let template = world.template(action).await;
        let id = world.provisioned(template, "payroll").await;
        world.disabled(id).await;
        world.advance_days(91);
        assert_eq!(world.sweep().await.ended, [id]);
        world.run().await;
        let account = world.view(id).await.account;
        assert_eq!(
            (account.status, account.eol_done, account.operation),
            (AccountStatus::Disabled, true, None)
        );
        assert!(world.there(&account).await.unwrap().is_disabled());
        let told = world.events(EventKind::EndOfLife).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to, BTreeSet::from([world.requester.person]));
    }
}

#[tokio::test]
async fn l_3_an_open_renewal_outlives_the_end_and_is_applied_afterwards() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    let renewal = world.execute(&world.requester, SubmitRenewal::new(id, "")).await.unwrap();
    world.advance_days(15);
    world.sweep().await;
    world.run().await;
    let view = world.view(id).await;
    assert_eq!((view.account.status, view.account.renewal), (AccountStatus::Expired, Some(renewal)));
    world.approve(renewal).await;
    world.run().await;
    let account = world.view(id).await.account;
    // L-34: from the day of the commit, 00:00 UTC.
    let expected =
        Period::Days(90).end_from(alm_core::port::clock::Clock::now(world.clock.as_ref())).unwrap();
    assert_eq!((account.status, account.eol, account.eol_done), (AccountStatus::Active, expected, false));
    assert_eq!(world.there(&account).await.unwrap().expires, AccountExpires::At(expected));
}

#[tokio::test]
async fn l_4_p_4_deleting_at_the_end_needs_no_confirmation_and_frees_the_name_when_done() {
    let world = World::new().await;
    let template = world.template(EolAction::Delete).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(91);
    // L-32: a command before the tick.
    assert_eq!(world.view(id).await.status, AccountStatus::Deleted);
    world.execute(&world.requester, DeleteAccount::new(id)).await.unwrap();
    let record = world.view(id).await.account;
    assert_eq!(record.status, AccountStatus::Active, "I-4: not before it is so");
    let holder =
        world.store.holder(&alm_core::rules::naming::reservation(world.domain, "svc-payroll")).await.unwrap();
    assert!(holder.is_some(), "NM-2");
    assert!(world.sweep().await.ended.is_empty());
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Deleted);
    for refused in [
        world.execute(&world.requester, RenewAccount::new(id)).await.unwrap_err(),
        world.execute(&world.requester, EnableAccount::new(id)).await.unwrap_err(),
    ] {
        received(&refused, "L-29");
    }
}

#[tokio::test]
async fn l_32_a_command_between_the_end_and_the_tick_carries_the_tick_out() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(90);
    let refused = world.execute(&world.requester, DisableAccount::new(id)).await.unwrap_err();
    received(&refused, "L-18");
    let refused = world.execute(&world.requester, EnableAccount::new(id)).await.unwrap_err();
    received(&refused, "L-18");
    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.eol_done), (AccountStatus::Disabled, true));
    assert_eq!(world.sweep().await.ended, []);
    world.run().await;
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.eol_done), (AccountStatus::Active, false));
    assert!(world.there(&account).await.unwrap().is_enabled());
    assert_eq!(world.events(EventKind::EndOfLife).await.len(), 1);
}

/// L-2: nobody lives on past the end by giving up the renewal that came between end and tick.
#[tokio::test]
async fn l_32_a_renewal_after_the_end_that_is_given_up_leaves_the_account_disabled() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.spoil_password(id).await;
    world.advance_days(90);
    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    let report = world.run().await;
    assert!(report.notes[0].contains("parked"), "{report:?}");
    world.execute(&world.requester, AbandonOperation::new(id)).await.unwrap();
    world.run().await;
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.operation), (AccountStatus::Disabled, None));
    let there = world.there(&account).await.unwrap();
    assert!(there.is_disabled());
    assert_eq!(there.dn.parent(), Some(RETIRED.parse().unwrap()));
}

#[tokio::test]
async fn l_31_an_enabling_that_is_given_up_leaves_the_account_disabled_where_it_was() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.provisioned(template, "payroll").await;
    world.disabled(id).await;
    world.spoil_password(id).await;
    world.execute(&world.requester, EnableAccount::new(id)).await.unwrap();
    // X-13 would set it right.
    let chaos = Chaos::new([]);
    chaos.refuse("accounts.set_password", 1, ErrorKind::Forbidden);
    world.run_with(&chaos).await;
    let account = world.view(id).await.account;
    assert_eq!(world.there(&account).await.unwrap().dn.parent(), Some(OU.parse().unwrap()), "halfway");
    world.execute(&world.requester, AbandonOperation::new(id)).await.unwrap();
    world.run().await;
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.operation), (AccountStatus::Disabled, None));
    let there = world.there(&account).await.unwrap();
    assert!(there.is_disabled());
    assert_eq!(there.dn.parent(), Some(RETIRED.parse().unwrap()));
}

/// It is disabled and unseen, so the vault's password is the right one, whatever somebody set.
#[tokio::test]
async fn x_13_enabling_an_account_whose_password_is_not_the_vaults_resets_it() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.provisioned(template, "payroll").await;
    world.disabled(id).await;
    world.spoil_password(id).await;
    let saga = world.execute(&world.requester, EnableAccount::new(id)).await.unwrap();
    assert!(world.run().await.notes.is_empty());
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.operation), (AccountStatus::Active, None));
    let record: SagaRecord = world.document(saga.uuid()).await;
    assert!(record.findings.iter().any(|finding| finding.contains("X-13")), "{:?}", record.findings);
}

#[tokio::test]
async fn l_2_an_end_of_life_that_was_given_up_comes_again() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.advance_days(91);
    world.sweep().await;
    let chaos = Chaos::new([]);
    chaos.refuse("accounts.update", 1, ErrorKind::Forbidden);
    world.run_with(&chaos).await;
    world.execute(&world.requester, AbandonOperation::new(id)).await.unwrap();
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Active);
    assert_eq!(world.sweep().await.ended, [id]);
    world.run().await;
    let account = world.view(id).await.account;
    assert_eq!(account.status, AccountStatus::Disabled);
    assert!(world.there(&account).await.unwrap().is_disabled());
}

#[tokio::test]
async fn l_34_years_are_calendar_years_and_the_29th_of_february_falls_on_the_28th() {
    let world = World::new().await;
    world.clock.set(at("2028-02-29T23:59:59Z"));
    let template = world.template(EolAction::Review).await;
    let mut form = alm_core::model::request::RequestForm::new("payroll", Period::Years(1), "needed");
    form.description = "payroll".into();
    let draft = alm_core::service::requests::DraftRequest::new(template, form);
    let request = world.execute(&world.requester, draft).await.unwrap();
    let submit = alm_core::service::requests::SubmitRequest::new(request);
    world.execute(&world.requester, submit).await.unwrap();
    world.approve(request).await;
    world.run().await;
    let id = world.alm.request(&world.admin, request).await.unwrap().account.unwrap();
    assert_eq!(world.view(id).await.account.eol, at("2029-02-28T00:00:00Z"));
}

#[tokio::test]
async fn l_36_a_renewal_begun_before_the_end_holds_the_tick_back() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.clock.set(at("2027-02-17T23:59:59Z"));
    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    for days in [0, 2, 5] {
        world.advance_days(days);
        let report = world.sweep().await;
        assert_eq!(
            (report.ended, report.waiting),
            if days == 0 { (vec![], vec![]) } else { (vec![], vec![id]) }
        );
    }
    world.run().await;
    assert_eq!(world.sweep().await.ended, []);
    let account = world.view(id).await.account;
    assert_eq!(account.status, AccountStatus::Active);
    assert!(world.there(&account).await.unwrap().is_enabled());
}

#[tokio::test]
async fn l_36_another_operation_in_flight_is_waited_for_one_day_and_no_longer() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.disabled(id).await;
    world.execute(&world.requester, EnableAccount::new(id)).await.unwrap();
    world.run().await;
    world.clock.set(at("2027-02-17T23:00:00Z"));
    let stuck = world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
    world.clock.set(at("2027-02-18T23:59:00Z"));
    let report = world.sweep().await;
    assert_eq!((report.ended, report.waiting), (vec![], vec![id]));
    world.clock.set(at("2027-02-19T00:01:00Z"));
    assert_eq!(world.sweep().await.ended, [id]);
    let old: SagaRecord = world.document(stuck.uuid()).await;
    assert_eq!(old.status, SagaStatus::Ended { ending: Ending::Abandoned });
    assert_eq!(
        world.events(EventKind::OperationParked).await.pop().unwrap().to,
        BTreeSet::from([world.admin.person])
    );
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Disabled);
}

#[tokio::test]
async fn l_36_a_parked_operation_does_not_stop_the_tick() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.execute(&world.requester, DisableAccount::new(id)).await.unwrap();
    let chaos = Chaos::new([]);
    chaos.refuse("accounts.update", 1, ErrorKind::Forbidden);
    world.run_with(&chaos).await;
    assert!(world.view(id).await.account.operation.unwrap().failed);
    world.advance_days(90);
    assert_eq!(world.sweep().await.ended, [id]);
    world.run().await;
    let account = world.view(id).await.account;
    assert_eq!((account.status, account.operation), (AccountStatus::Disabled, None));
}

/// A parked renewal that the tick replaces is closed, so that another can be opened.
#[tokio::test]
async fn l_36_l_37_the_tick_closes_the_renewal_that_it_replaces_and_puts_the_date_back() {
    let stage = Stage::new(Case::Renew, []).await;
    let world = &stage.world;
    // The new date is written, and nobody hears of it; then the directory refuses.
    let point = {
        let other = Stage::new(Case::Renew, []).await;
        other.run_until_quiet(&other.chaos, 1).await.unwrap();
        other.chaos.points().iter().position(|point| point == "accounts.update").unwrap()
    };
    let chaos = Chaos::new([(point, super::chaos::Mishap::LoseReply)]);
    stage.engine(1, &chaos, world.clock.clone()).run_ready().await.unwrap();
    chaos.refuse("accounts.update", 1, ErrorKind::Forbidden);
    stage.run_until_quiet(&chaos, 1).await.unwrap();
    let before = world.view(stage.account).await.account;
    assert!(before.operation.unwrap().failed);
    assert!(world.there(&before).await.unwrap().expires != AccountExpires::At(before.eol));
    world.clock.set(before.eol);
    assert_eq!(world.sweep().await.ended, [stage.account]);
    world.run().await;
    let account = world.view(stage.account).await;
    assert_eq!((account.account.status, account.account.renewal), (AccountStatus::Expired, None));
    assert_eq!(world.there(&account.account).await.unwrap().expires, AccountExpires::At(before.eol), "I-12");
    assert!(account.options.has(AccountOption::SubmitRenewal));
}

#[tokio::test]
async fn l_37_a_renewal_that_is_given_up_puts_the_old_date_back() {
    let stage = Stage::new(Case::RenewDisabled, []).await;
    let world = &stage.world;
    world.spoil_password(stage.account).await;
    stage.chaos.refuse("accounts.set_password", 1, ErrorKind::Forbidden);
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    let before = world.view(stage.account).await.account;
    assert!(before.operation.unwrap().failed);
    assert!(
        world.there(&before).await.unwrap().expires != AccountExpires::At(before.eol),
        "written before the record"
    );
    world.execute(&world.requester, AbandonOperation::new(stage.account)).await.unwrap();
    stage.run_until_quiet(&stage.chaos, 1).await.unwrap();
    let view = world.view(stage.account).await;
    let there = world.there(&view.account).await.unwrap();
    assert_eq!(there.expires, AccountExpires::At(before.eol));
    assert!(there.is_disabled());
    assert_eq!(
        (view.account.eol, view.account.status, view.account.renewal),
        (before.eol, AccountStatus::Disabled, None)
    );
    assert!(view.options.has(AccountOption::SubmitRenewal), "Su is offered again");
    let request = world.alm.request(&world.admin, before.renewal.unwrap()).await.unwrap();
    assert_eq!(request.status, RequestStatus::Abandoned);
    assert!(stage.chaos.wrong().is_empty(), "{:?}", stage.chaos.wrong());
}

#[tokio::test]
async fn l_38_only_expire_has_an_end_in_the_directory_also_after_a_renewal() {
    for action in [EolAction::Review, EolAction::Disable, EolAction::Delete] {
        let world = World::new().await;
        let template = world.template(action).await;
        let id = world.provisioned(template, "payroll").await;
        world.advance_days(80);
        if action != EolAction::Delete {
            world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
            world.run().await;
        }
        let account = world.view(id).await.account;
        assert_eq!(world.there(&account).await.unwrap().expires, AccountExpires::Never, "{action:?}");
    }
}

#[tokio::test]
async fn l_39_a_sweep_that_would_change_too_much_asks_once_and_changes_nothing() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    for name in ["one", "two", "three"] {
        world.provisioned(template, name).await;
    }
    let mut settings = Settings::default();
    settings.sweep.accounts = 2;
    settings.sweep.percent = 10;
    let strict =
        Alm::builder(world.store.clone(), world.clock.clone()).settings(settings).open().await.unwrap();
    // What asks here is the number, not the time since the last sweep.
    world.clock.set(at("2027-02-17T12:00:00Z"));
    world.sweep().await;
    world.clock.set(at("2027-02-18T01:00:00Z"));
    for _ in 0..3 {
        let report = strict.sweep(SweepOptions::new()).await.unwrap();
        assert_eq!(report.held.len(), 1, "{report:?}");
        assert!(report.held[0].message().contains("3 accounts"), "{report:?}");
        received(&Error::refused("clock.sweep", report.held), "L-39");
        assert!(report.ended.is_empty() && report.waiting.is_empty() && report.reminders == 0);
    }
    let asked = world.events(EventKind::SweepHeld).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].to, BTreeSet::from([world.admin.person]));
    let by_owner = SweepOptions::new().confirmed_by(world.requester.clone());
    received(&strict.sweep(by_owner).await.unwrap_err(), "P-1");
    let by_admin = SweepOptions::new().confirmed_by(world.admin.clone());
    assert_eq!(strict.sweep(by_admin).await.unwrap().ended.len(), 3);
}

#[tokio::test]
async fn l_39_clocks_that_disagree_or_go_back_stop_the_sweep() {
    let world = World::new().await;
    let template = world.template(EolAction::Disable).await;
    let id = world.provisioned(template, "payroll").await;
    world.clock.set(at("2027-02-18T01:00:00Z"));
    for other in ["2027-02-18T01:06:00Z", "2027-02-18T00:54:00Z"] {
        let options = SweepOptions::new().clock("dc1", at(other));
        let report = world.alm.sweep(options).await.unwrap();
        assert!(report.held.iter().any(|held| held.message().contains("dc1")), "{report:?}");
        assert!(report.ended.is_empty());
    }
    let report = world.alm.sweep(SweepOptions::new().clock("dc1", at("2027-02-18T01:04:00Z"))).await.unwrap();
    assert_eq!(report.ended, [id]);
    world.run().await;
    // It goes back before the end of life: nothing comes back to life, and the sweep asks.
    world.clock.set(at("2027-02-17T01:00:00Z"));
    let report = world.alm.sweep(SweepOptions::new()).await.unwrap();
    assert!(report.held[0].message().contains("went back"), "{report:?}");
    world.sweep().await;
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Disabled);
    // E-5: and engines go on working by the steady clock.
    world.execute(&world.requester, EnableAccount::new(id)).await.unwrap();
    world.run().await;
    assert_eq!(world.view(id).await.account.status, AccountStatus::Active);
}

/// Sweeps every six hours from the renewal date to behind the end; what was sent, as (day, kind).
async fn reminded(world: &World, id: AccountId) -> Vec<(i64, EventKind)> {
    let account = world.view(id).await.account;
    let mut t = account.renewal_date - SignedDuration::from_hours(12);
    let mut sent = Vec::new();
    let mut seen = BTreeSet::new();
    while t < account.eol + SignedDuration::from_hours(48) {
        world.clock.set(t);
        for _ in 0..2 {
            world.sweep().await;
        }
        for event in world.store.undelivered(100_000).await.unwrap() {
            let renewal = matches!(
                event.kind,
                EventKind::RenewalAvailable | EventKind::RenewalReminder | EventKind::RenewalUrgent
            );
            if renewal && event.account == Some(id) {
                assert!(seen.insert(event.id), "N-15: one id, one event");
                sent.push((t.duration_since(account.renewal_date).as_hours() / 24, event.kind));
            }
            world.store.delivered(&[event.id]).await.unwrap();
        }
        t += SignedDuration::from_hours(6);
    }
    sent
}

fn reminders(change: impl FnOnce(&mut Reminders)) -> Reminders {
    let mut rules = Reminders::default();
    rules.every_days = Some(5);
    rules.urgent = Some((24, 2));
    change(&mut rules);
    rules
}

#[tokio::test]
async fn n_10_n_11_n_12_n_14_reminders_come_when_the_template_says() {
    use EventKind::{RenewalAvailable as Available, RenewalReminder as Again, RenewalUrgent as Urgent};
    for (rules, expected) in [
        (reminders(|_| ()), vec![(0, Available), (5, Again), (10, Again), (13, Urgent), (14, Urgent)]),
        (
            reminders(|rules| rules.at_renewal_date = false),
            vec![(5, Again), (10, Again), (13, Urgent), (14, Urgent)],
        ),
        (reminders(|rules| rules.every_days = None), vec![(0, Available), (13, Urgent), (14, Urgent)]),
        (reminders(|rules| rules.urgent = None), vec![(0, Available), (5, Again), (10, Again)]),
        (reminders(|rules| rules.stop_after_days = Some(6)), vec![(0, Available), (5, Again)]),
    ] {
        let world = World::new().await;
        let mut body = world.body(EolAction::Review);
        body.reminders = rules;
        let template = world.publish("reminding", body).await;
        let id = world.provisioned(template, "payroll").await;
        assert_eq!(reminded(&world, id).await, expected, "{rules:?}");
    }
}

#[tokio::test]
async fn n_10_n_13_owners_are_told_and_administrators_where_the_template_says() {
    for include_administrators in [false, true] {
        let world = World::new().await;
        let mut body = world.body(EolAction::Review);
        body.reminders = reminders(|rules| rules.include_administrators = include_administrators);
        let template = world.publish("reminding", body).await;
        let id = world.provisioned(template, "payroll").await;
        let (lead, lead2) = (world.lead.person, world.lead2.person);
        let team = world.execute(&world.admin, AddGroup::new("Team", [lead, lead2])).await.unwrap();
        let owners = [Owner::Group(team), Owner::Person(world.requester.person)];
        world.execute(&world.requester, SetOwners::new(id, owners)).await.unwrap();
        world.execute(&world.admin, SetPersonEnabled::new(lead2, false)).await.unwrap();
        world.advance_days(76);
        assert_eq!(world.sweep().await.reminders, 1);
        let mut expected = BTreeSet::from([world.requester.person, lead]);
        if include_administrators {
            expected.insert(world.admin.person);
        }
        assert_eq!(world.events(EventKind::RenewalAvailable).await[0].to, expected);
    }
}

#[tokio::test]
async fn n_15_after_being_down_there_is_one_and_disabled_accounts_get_none() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let id = world.provisioned(template, "payroll").await;
    let off = world.provisioned(template, "off").await;
    world.disabled(off).await;
    world.advance_days(88);
    assert_eq!(world.sweep().await.reminders, 1);
    let urgent = world.events(EventKind::RenewalUrgent).await;
    assert_eq!(urgent.len(), 1);
    assert_eq!(urgent[0].account, Some(id));
    assert_eq!(world.sweep().await.reminders, 0);
    // A new cycle begins anew.
    world.execute(&world.requester, RenewAccount::new(id)).await.unwrap();
    world.run().await;
    assert_eq!(world.sweep().await.reminders, 0);
    world.advance_days(76);
    assert_eq!(world.sweep().await.reminders, 1);
}

#[tokio::test]
async fn l_35_the_order_of_accounts_in_a_tick_does_not_matter_and_one_that_fails_holds_up_no_other() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (action, name) in [
        (EolAction::Review, "a"),
        (EolAction::Disable, "b"),
        (EolAction::Expire, "c"),
        (EolAction::Delete, "d"),
    ] {
        let template = world.template(action).await;
        ids.push(world.provisioned(template, name).await);
    }
    // One of them waits.
    world.clock.set(at("2027-02-17T23:00:00Z"));
    world.execute(&world.requester, RenewAccount::new(ids[1])).await.unwrap();
    world.clock.set(at("2027-02-18T01:00:00Z"));
    let report = world.sweep().await;
    let ended: BTreeSet<_> = report.ended.into_iter().collect();
    assert_eq!(ended, BTreeSet::from([ids[0], ids[2], ids[3]]));
    assert_eq!(report.waiting, [ids[1]]);
    world.run().await;
    let statuses =
        [AccountStatus::Active, AccountStatus::Active, AccountStatus::Expired, AccountStatus::Deleted];
    for (id, status) in ids.into_iter().zip(statuses) {
        assert_eq!(world.view(id).await.account.status, status);
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// L-32, L-35: at any instant, a query says what the tick then makes of it; a second tick changes nothing; no two options exclude each other.
    #[test]
    fn l_32_l_35_what_a_query_says_is_what_the_tick_makes(
        action in proptest::sample::select(EolAction::ALL.to_vec()),
        minutes in 0_i64..(120 * 24 * 60),
        disabled in any::<bool>(),
        asked in any::<bool>(),
    ) {
        block_on(async {
            let world = World::new().await;
            let template = world.template(action).await;
            let id = world.provisioned(template, "payroll").await;
            if disabled {
                world.disabled(id).await;
            }
            world.advance_days(80);
            if asked && action == EolAction::Expire {
                world.execute(&world.requester, SubmitRenewal::new(id, "")).await.unwrap();
            }
            world.clock.set(at("2026-11-20T10:00:00Z") + SignedDuration::from_mins(minutes));
            let before = world.view(id).await;
            assert!(!(before.options.has(AccountOption::Disable) && before.options.has(AccountOption::Enable)));
            assert!(!(before.options.has(AccountOption::Renew) && before.options.has(AccountOption::SubmitRenewal)));
            let first = world.sweep().await;
            world.run_until_quiet_now().await;
            let after = world.view(id).await;
            assert_eq!(after.account.status, before.status, "L-32");
            assert_eq!(after.options, before.options, "L-32");
            let ended = before.account.eol <= before_now(&world);
            assert_eq!(!first.ended.is_empty(), ended);
            let again = world.sweep().await;
            assert_eq!((again.ended.len(), again.reminders), (0, 0), "L-35");
            let same: Account = world.document(id.uuid()).await;
            assert_eq!(same, after.account, "L-35");
        });
    }

    /// L-32: every option that a query offers is accepted, every other is refused, at any instant.
    #[test]
    fn l_32_what_is_offered_is_accepted_and_nothing_else(
        action in proptest::sample::select(EolAction::ALL.to_vec()),
        minutes in 0_i64..(120 * 24 * 60),
        disabled in any::<bool>(),
        which in 0_usize..5,
    ) {
        block_on(async {
            let world = World::new().await;
            let template = world.template(action).await;
            let id = world.provisioned(template, "payroll").await;
            if disabled {
                world.disabled(id).await;
            }
            world.clock.set(at("2026-11-20T10:00:00Z") + SignedDuration::from_mins(minutes));
            let offered = world.view(id).await.options;
            let owner = &world.requester;
            let (option, accepted) = match which {
                0 => (AccountOption::Disable, world.execute(owner, DisableAccount::new(id)).await.is_ok()),
                1 => (AccountOption::Enable, world.execute(owner, EnableAccount::new(id)).await.is_ok()),
                2 => (AccountOption::Renew, world.execute(owner, RenewAccount::new(id)).await.is_ok()),
                3 => (AccountOption::SubmitRenewal, world.execute(owner, SubmitRenewal::new(id, "")).await.is_ok()),
                _ => (AccountOption::Delete, world.execute(owner, DeleteAccount::new(id).confirmed()).await.is_ok()),
            };
            assert_eq!(offered.has(option), accepted, "{option:?}");
        });
    }
}

fn before_now(world: &World) -> Timestamp {
    alm_core::port::clock::Clock::now(world.clock.as_ref())
}

impl World {
    /// Everything that is ready, without letting time pass.
    async fn run_until_quiet_now(&self) {
        let report = self.run().await;
        assert!(report.notes.is_empty(), "{report:?}");
    }
}
