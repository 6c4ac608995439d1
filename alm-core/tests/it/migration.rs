//! Migration to another template or version (M-2).

use ad_directory::{AccountExpires, Directory as _, Dn, FindOptions, GroupKey, MemberOptions};
use alm_core::ErrorKind;
use alm_core::model::account::{Account, AccountStatus, OperationKind, Owner};
use alm_core::model::event::EventKind;
use alm_core::model::ids::{AccountId, DomainId, TemplateId, TemplateVersionId, VaultId};
use alm_core::model::migration::NewEnd;
use alm_core::model::period::Period;
use alm_core::model::template::{EolAction, OwnershipRule, TemplateAttribute, TemplateBody, TemplateVersion};
use alm_core::rules::lifecycle::AccountOption;
use alm_core::saga::{Ending, SagaRecord, SagaStatus};
use alm_core::service::accounts::{
    AbandonOperation, DeleteAccount, DisableAccount, EnableAccount, RenewAccount, RetryOperation, SetOwners,
    SubmitRenewal,
};
use alm_core::service::migration::MigrateAccount;
use alm_core::service::people::SetPersonEnabled;
use alm_core::service::privileges::RequestPrivilege;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::rotation::RotateAccount;
use alm_core::service::templates::{DisableTemplate, EditTemplate};
use alm_core::testing::VaultFault;
use jiff::SignedDuration;
use jiff::civil::Date;
use uuid::Uuid;

use super::rules::received;
use super::world::{HOSTS, MOVED, OU, READERS, RETIRED, WRITERS, World, at};

fn day(text: &str) -> NewEnd {
    NewEnd::On(text.parse::<Date>().unwrap())
}

fn group(text: &str) -> Dn {
    text.parse().unwrap()
}

/// Another place, another group, another folder, attributes.
fn moved(w: &World, action: EolAction) -> TemplateBody {
    let mut body = w.body(action);
    body.directory.ous = vec![MOVED.parse().unwrap()];
    body.directory.groups = vec![group(WRITERS)];
    body.vault.as_mut().unwrap().folder = "13".into();
    body.attributes = [
        ("department".to_owned(), "IT".into()),
        ("title".to_owned(), TemplateAttribute::with_default("job")),
    ]
    .into();
    body.renewal_lead_days = 30;
    body
}

async fn account(w: &World, action: EolAction) -> AccountId {
    let template = w.template(action).await;
    w.provisioned(template, "payroll").await
}

async fn record(w: &World, id: AccountId) -> Account {
    w.document(id.uuid()).await
}

async fn attribute(w: &World, id: AccountId, name: &str) -> Vec<String> {
    let asked = FindOptions::new().attributes(vec![name.parse().unwrap()]);
    let guid = record(w, id).await.object_guid;
    let there = w.directory.find_account(&guid.into(), asked).await.unwrap().unwrap();
    there.attributes.into_values().next().unwrap_or_default()
}

fn folder(w: &World) -> String {
    w.vault.secrets().into_iter().find(|(_, secret)| secret.active).unwrap().1.folder
}

/// Where it is, its groups, its end: as the directory has them.
async fn there(w: &World, id: AccountId) -> (Option<Dn>, Vec<Dn>, AccountExpires) {
    let there = w.there(&record(w, id).await).await.unwrap();
    (there.dn.parent(), there.member_of, there.expires)
}

#[tokio::test]
async fn m_2_t_9_an_account_comes_under_another_template_and_lives_on_there() {
    let w = World::new().await;
    let id = account(&w, EolAction::Expire).await;
    let before = record(&w, id).await;
    let template = w.publish("Moved accounts", moved(&w, EolAction::Disable)).await;
    let mut migrate = MigrateAccount::new(id, template).period(Period::Years(1)).end(NewEnd::Renew);
    migrate.attributes.insert("Title".into(), "payroll run".into());
    migrate.owners = Some([Owner::Person(w.lead.person)].into());

    let plan = w.alm.plan(&w.admin, &migrate).await.unwrap();
    assert!(plan.is_allowed());
    for line in [
        "comes under version 1 of Moved accounts",
        "ends on 2027-11-20",
        "Disable and not Expire",
        "is moved to OU=Moved",
        "joins CN=app-writers",
        "leaves CN=app-readers",
        "in folder 13",
        "written: department, title",
        "1 owner(s)",
    ] {
        assert!(plan.changes.iter().any(|change| change.contains(line)), "{line}: {:#?}", plan.changes);
    }
    assert_eq!(record(&w, id).await, before, "a plan changes nothing");

    w.execute(&w.admin, migrate).await.unwrap();
    // T-9: until everything is done it is what it was, and nothing but a stop can be asked of it.
    let open = w.view(id).await;
    assert_eq!(open.account.template_version, before.template_version);
    assert_eq!(open.options.iter().collect::<Vec<_>>(), [AccountOption::Disable]);
    w.refused(&w.requester, SetOwners::new(id, [Owner::Person(w.requester.person)]), "L-31").await;
    assert!(w.run().await.notes.is_empty());

    let after = record(&w, id).await;
    let version: TemplateVersion = w.document(after.template_version.uuid()).await;
    assert_eq!((after.template, version.name.as_str()), (template, "Moved accounts"));
    assert_eq!((after.status, after.operation), (AccountStatus::Active, None));
    assert_eq!((after.eol, after.eol_action), (at("2027-11-20T00:00:00Z"), EolAction::Disable));
    assert_eq!((after.renewal_date, after.period), (at("2027-10-21T00:00:00Z"), Period::Years(1)));
    assert_eq!((after.ou.to_string(), after.groups.clone()), (MOVED.to_owned(), vec![group(WRITERS)]));
    assert_eq!(
        (&after.name, &after.secret, after.object_guid),
        (&before.name, &before.secret, before.object_guid)
    );
    assert_eq!(after.owners, [Owner::Person(w.lead.person)].into());
    assert_eq!(after.reminders.cycle, before.reminders.cycle + 1);
    assert_eq!(
        there(&w, id).await,
        (Some(MOVED.parse().unwrap()), vec![group(WRITERS)], AccountExpires::Never),
        "L-38"
    );
    assert_eq!(attribute(&w, id, "title").await, ["payroll run"]);
    assert_eq!(attribute(&w, id, "department").await, ["IT"]);
    assert_eq!(folder(&w), "13");
    let event = &w.events(EventKind::AccountMigrated).await[0];
    assert_eq!((event.account, event.to.contains(&w.lead.person)), (Some(id), true));
    assert_eq!(w.events(EventKind::AccountOwnerChanged).await.len(), 1, "W-3");
    assert!(w.alm.verify_audit().await.unwrap().is_intact());

    // The life of an account of its new template.
    w.execute(&w.lead, RotateAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    w.execute(&w.lead, DisableAccount::new(id)).await.unwrap();
    w.run().await;
    w.execute(&w.lead, EnableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(there(&w, id).await.0, Some(MOVED.parse().unwrap()), "where it belongs by now");
    w.advance_days(345);
    w.execute(&w.lead, RenewAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    w.execute(&w.lead, DeleteAccount::new(id).confirmed()).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(record(&w, id).await.status, AccountStatus::Deleted);
}

/// Another version of the same template, and back to the first: what the account has is kept wherever the version allows it.
#[tokio::test]
async fn m_2_t_9_to_another_version_and_back() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let id = w.provisioned(template, "payroll").await;
    let first = record(&w, id).await;
    let asks = RequestPrivilege::join(id, group(HOSTS), "for now").until(at("2027-01-01T00:00:00Z"));
    let asked = w.execute(&w.requester, asks).await.unwrap();
    w.approve(asked).await;
    w.run().await;
    let mut body = w.body(EolAction::Review);
    body.directory.groups.push(group(WRITERS));
    body.directory.ous.push(MOVED.parse().unwrap());
    body.rotation.every_days = Some(30);
    w.execute(&w.admin, EditTemplate::new(template, body)).await.unwrap();
    w.execute(&w.admin, PublishTemplate::new(template)).await.unwrap();

    w.execute(&w.admin, MigrateAccount::new(id, template)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let second = record(&w, id).await;
    assert_ne!(second.template_version, first.template_version);
    assert_eq!(
        (second.eol, second.period, &second.owners, &second.ou),
        (first.eol, first.period, &first.owners, &first.ou)
    );
    assert_eq!(
        second.groups,
        [group(READERS), group(HOSTS), group(WRITERS)],
        "R-14: what a request gave stays"
    );
    assert_eq!(second.privilege_ends.len(), 1);
    assert_eq!(second.reminders, first.reminders, "nothing is reminded of twice");
    assert_eq!(second.rotates_at, Some(second.password_changed_at + SignedDuration::from_hours(30 * 24)));
    w.refused(&w.admin, MigrateAccount::new(id, template), "M-2").await;

    let mut back = MigrateAccount::new(id, template);
    back.version = Some(first.template_version);
    w.execute(&w.admin, back).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let third = record(&w, id).await;
    assert_eq!((third.template_version, third.rotates_at), (first.template_version, None));
    assert_eq!(third.groups, [group(READERS), group(HOSTS)]);
    let mut wrong = MigrateAccount::new(id, w.publish("other", w.body(EolAction::Review)).await);
    wrong.version = Some(second.template_version);
    w.refused(&w.admin, wrong, "T-9").await;
}

#[tokio::test]
async fn m_2_everything_that_is_wrong_is_said_at_once_and_nothing_is_changed() {
    let w = World::new().await;
    let id = account(&w, EolAction::Expire).await;
    let before = record(&w, id).await;
    let other = w.publish("gMSAs", w.managed_body(EolAction::Disable)).await;
    let mut wrong = MigrateAccount::new(id, other).period(Period::Days(7)).end(day("2099-01-01"));
    wrong.ou = Some(RETIRED.parse().unwrap());
    wrong.folder = Some("12".into());
    wrong.owners = Some([].into());
    wrong.attributes = [("adminCount".into(), "1".into()), ("title".into(), "\u{202E}".into())].into();
    let error = w.refused(&w.admin, wrong.clone(), "M-2").await;
    let seen: Vec<_> = error.refusals().iter().map(|refusal| (refusal.rule(), refusal.field())).collect();
    for expected in [
        ("M-2", "kind"),
        ("T-5", "period"),
        ("T-5", "end"),
        ("T-11", "folder"),
        ("T-11", "attributes"),
        ("T-13", "attributes"),
        ("M-2", "attributes"),
        ("NM-4", "ou"),
        ("W-2", "owners"),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
        received(&error, expected.0);
    }
    // Another domain, another vault: no template of the world could be published for them, so the version is what is wrong.
    let template = w.publish("elsewhere", moved(&w, EolAction::Expire)).await;
    let version = w.document::<alm_core::model::template::Template>(template.uuid()).await.current.unwrap();
    w.rewrite::<TemplateVersion>(version.uuid(), |version| {
        version.body.directory.domain = DomainId::new(Uuid::from_u128(9));
        version.body.vault.as_mut().unwrap().vault = VaultId::new(Uuid::from_u128(9));
        version.body.ownership = OwnershipRule::People { min: 2, max: 3 };
    })
    .await;
    let mut wrong = MigrateAccount::new(id, template);
    wrong.folder = Some("99".into());
    let error = w.refused(&w.admin, wrong, "M-2").await;
    let seen: Vec<_> = error.refusals().iter().map(|refusal| (refusal.rule(), refusal.field())).collect();
    for expected in [("M-2", "domain"), ("M-2", "vault"), ("NM-4", "folder"), ("W-1", "owners")] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
        received(&error, expected.0);
    }
    assert_eq!(record(&w, id).await, before);

    // P-1: an owner may not, since no approver is asked.
    let template = w.publish("Moved accounts", moved(&w, EolAction::Expire)).await;
    w.refused(&w.requester, MigrateAccount::new(id, template), "P-1").await;
    w.execute(&w.admin, DisableTemplate::new(other)).await.unwrap();
    w.refused(&w.admin, MigrateAccount::new(id, other), "T-8").await;
    let mut nowhere = MigrateAccount::new(id, template);
    nowhere.version = Some(TemplateVersionId::new(Uuid::from_u128(1)));
    assert_eq!(w.execute(&w.admin, nowhere).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        w.execute(&w.admin, MigrateAccount::new(id, TemplateId::new(Uuid::nil()))).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn m_2_l_31_l_34_only_active_accounts_before_their_end_with_nothing_open() {
    let w = World::new().await;
    let id = account(&w, EolAction::Expire).await;
    let template = w.publish("Moved accounts", moved(&w, EolAction::Review)).await;
    let migrate = || MigrateAccount::new(id, template);
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.refused(&w.admin, migrate(), "L-31").await;
    w.run().await;
    w.refused(&w.admin, migrate(), "M-2").await;
    w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
    w.run().await;
    w.advance_days(80);
    w.execute(&w.requester, SubmitRenewal::new(id, "still needed")).await.unwrap();
    let error = w.refused(&w.admin, migrate(), "M-2").await;
    assert_eq!(error.refusals()[0].field(), "renewal");
    // L-32: what the tick would make of it counts.
    w.advance_days(20);
    w.refused(&w.admin, migrate(), "M-2").await;
    // Under review an account is Active after its end of life, and is renewed first.
    let reviewed = w.template(EolAction::Review).await;
    let other = w.provisioned(reviewed, "reports").await;
    w.advance_days(91);
    w.refused(&w.admin, MigrateAccount::new(other, template), "M-2").await;
    let late = w.provisioned(reviewed, "late").await;
    w.rewrite::<Account>(late.uuid(), |account| account.eol = at("9999-12-01T00:00:00Z")).await;
    w.clock.set(at("9999-11-15T00:00:00Z"));
    w.refused(&w.admin, MigrateAccount::new(late, template).end(NewEnd::Renew), "L-34").await;
}

/// Past: what the clock would do at the end comes at once, in the commit that ends the migration (L-1 to L-4).
#[tokio::test]
async fn m_2_l_1_l_2_l_3_l_4_an_end_that_is_over_comes_at_once() {
    for (action, expected) in [
        (EolAction::Review, AccountStatus::Active),
        (EolAction::Disable, AccountStatus::Disabled),
        (EolAction::Expire, AccountStatus::Expired),
        (EolAction::Delete, AccountStatus::Deleted),
    ] {
        let w = World::new().await;
        let id = account(&w, EolAction::Expire).await;
        let template = w.publish("Moved accounts", moved(&w, action)).await;
        let migrate = MigrateAccount::new(id, template).end(day("2026-11-20"));
        let plan = w.alm.plan(&w.admin, &migrate).await.unwrap();
        assert!(plan.changes.iter().any(|change| change.contains("which is over")), "{:#?}", plan.changes);
        w.execute(&w.admin, migrate).await.unwrap();
        assert!(w.run().await.notes.is_empty(), "{action:?}");
        let account = record(&w, id).await;
        assert_eq!(
            (account.status, account.eol_done, account.operation),
            (expected, true, None),
            "{action:?}"
        );
        assert_eq!((account.eol, account.ends_by), (at("2026-11-20T00:00:00Z"), None));
        assert_eq!(w.events(EventKind::EndOfLife).await.len(), 1, "{action:?}");
        let expires = there(&w, id).await.2;
        let wanted =
            if action == EolAction::Expire { AccountExpires::At(account.eol) } else { AccountExpires::Never };
        assert_eq!(expires, wanted, "{action:?}");
        assert!(w.sweep().await.ended.is_empty(), "L-35: a tick changes nothing more");
    }
}

/// L-37: an earlier end is the one that reminders and the clock go by from the intent on, and giving up puts the old one back.
#[tokio::test]
async fn m_2_l_37_an_earlier_end_counts_from_the_intent_on_and_is_put_back() {
    for action in [EolAction::Expire, EolAction::Review, EolAction::Disable] {
        let w = World::new().await;
        let id = account(&w, action).await;
        let before = record(&w, id).await;
        let template = w.publish("Moved accounts", moved(&w, EolAction::Expire)).await;
        // Its move is forbidden at first.
        w.vault.fault("describe", VaultFault::Unreachable);
        w.execute(&w.admin, MigrateAccount::new(id, template).end(day("2026-12-24"))).await.unwrap();
        let open = record(&w, id).await;
        assert_eq!((open.eol, open.ends_by), (before.eol, Some(at("2026-12-24T00:00:00Z"))));
        assert!(open.reminders.next < before.reminders.next, "{:?}", open.reminders);
        let secret = alm_core::port::vault::SecretId::new(open.secret.clone().unwrap());
        alm_core::port::vault::Vault::deactivate(w.vault.as_ref(), &secret).await.unwrap();
        w.run_until_quiet().await;
        assert!(record(&w, id).await.operation.unwrap().failed, "{action:?}");
        assert_eq!(
            there(&w, id).await.2,
            AccountExpires::At(at("2026-12-24T00:00:00Z")),
            "earlier ends go first"
        );
        w.vault.reactivate(&secret);

        w.clock.set(at("2026-12-20T00:00:00Z"));
        w.sweep().await;
        let reminded: Vec<_> = w
            .events(EventKind::RenewalReminder)
            .await
            .into_iter()
            .chain(w.events(EventKind::RenewalAvailable).await)
            .chain(w.events(EventKind::RenewalUrgent).await)
            .collect();
        assert!(reminded.iter().any(|event| event.text.contains("2026-12-24")), "{reminded:?}");
        if action == EolAction::Disable {
            // L-36: a parked operation does not stop the tick, which puts back what it did.
            w.clock.set(at("2026-12-24T00:00:00Z"));
            assert_eq!(w.sweep().await.ended, [id]);
            assert!(w.run_until_quiet().await.notes.is_empty());
            let ended = record(&w, id).await;
            assert_eq!((ended.status, ended.eol), (AccountStatus::Disabled, at("2026-12-24T00:00:00Z")));
            assert_eq!((ended.template, ended.ends_by, ended.eol_done), (before.template, None, true));
            assert_eq!(
                there(&w, id).await,
                (Some(RETIRED.parse().unwrap()), vec![group(READERS)], AccountExpires::Never)
            );
            assert_eq!(folder(&w), "12");
            continue;
        }
        if action == EolAction::Review {
            // The earlier day comes while it waits for a person; giving up brings the old end back all the same.
            w.clock.set(at("2026-12-25T00:00:00Z"));
            assert_eq!(w.sweep().await.ended, [id]);
        }
        w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
        w.run_until_quiet().await;
        let after = record(&w, id).await;
        assert_eq!((after.eol, after.ends_by, after.eol_done), (before.eol, None, false), "{action:?}");
        assert_eq!(
            (after.renewal_date, after.template_version),
            (before.renewal_date, before.template_version)
        );
        let expires =
            if action == EolAction::Expire { AccountExpires::At(before.eol) } else { AccountExpires::Never };
        assert_eq!(there(&w, id).await, (Some(OU.parse().unwrap()), vec![group(READERS)], expires));
        assert_eq!((attribute(&w, id, "title").await, folder(&w)), (Vec::<String>::new(), "12".to_owned()));
        let saga: SagaRecord = w.document(after.sagas.last().unwrap().uuid()).await;
        assert_eq!(saga.status, SagaStatus::Ended { ending: Ending::Abandoned });
        assert!(w.sweep().await.ended.is_empty());
    }
}

/// X, L-31: what an engine is refused waits for a person; with what they mended it goes on; an emergency stop puts everything back.
#[tokio::test]
async fn m_2_l_31_parked_it_is_retried_or_stopped() {
    for stopped in [false, true] {
        let w = World::new().await;
        let id = account(&w, EolAction::Expire).await;
        // It was a member of one of the new groups already, by somebody's hand, and stays one.
        let guid = record(&w, id).await.object_guid;
        w.directory.add_member(&GroupKey::Dn(group(HOSTS)), guid, MemberOptions::new()).await.unwrap();
        let mut body = moved(&w, EolAction::Expire);
        body.directory.groups.push(group(HOSTS));
        let template = w.publish("Moved accounts", body).await;
        let secret = alm_core::port::vault::SecretId::new(record(&w, id).await.secret.unwrap());
        w.execute(&w.admin, MigrateAccount::new(id, template)).await.unwrap();
        alm_core::port::vault::Vault::deactivate(w.vault.as_ref(), &secret).await.unwrap();
        assert!(w.run_until_quiet().await.notes[0].contains("parked"));
        w.vault.reactivate(&secret);
        assert_eq!(there(&w, id).await.0, Some(MOVED.parse().unwrap()), "it had begun");
        let options = w.view(id).await.options;
        let wanted = [AccountOption::Disable, AccountOption::Retry, AccountOption::Abandon];
        assert_eq!(options.iter().collect::<Vec<_>>(), wanted);
        if stopped {
            w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
            assert!(w.run_until_quiet().await.notes.is_empty());
            let account = record(&w, id).await;
            assert_eq!((account.status, account.groups), (AccountStatus::Disabled, vec![group(READERS)]));
            let (ou, mut groups, expires) = there(&w, id).await;
            groups.sort();
            assert_eq!((ou, groups), (Some(RETIRED.parse().unwrap()), vec![group(HOSTS), group(READERS)]));
            assert_eq!((expires, folder(&w)), (AccountExpires::At(account.eol), "12".to_owned()));
            w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
            assert!(w.run_until_quiet().await.notes.is_empty());
            assert_eq!(there(&w, id).await.0, Some(OU.parse().unwrap()));
        } else {
            w.execute(&w.requester, RetryOperation::new(id)).await.unwrap();
            assert!(w.run_until_quiet().await.notes.is_empty());
            let account = record(&w, id).await;
            assert_eq!((account.template, account.groups), (template, vec![group(WRITERS), group(HOSTS)]));
            assert_eq!(folder(&w), "13");
        }
    }
}

/// L-31: the emergency stop that took a migration's place stops too, in the middle of putting back. Whoever gives it up, or the clock that takes its
/// place, puts back the rest of what the migration did.
#[tokio::test]
async fn l_31_a_stop_that_stops_forgets_nothing_of_the_migration_before_it() {
    for clock in [false, true] {
        let w = World::new().await;
        let id = account(&w, EolAction::Disable).await;
        let template = w.publish("Moved accounts", moved(&w, EolAction::Disable)).await;
        let secret = alm_core::port::vault::SecretId::new(record(&w, id).await.secret.unwrap());
        w.execute(&w.admin, MigrateAccount::new(id, template)).await.unwrap();
        alm_core::port::vault::Vault::deactivate(w.vault.as_ref(), &secret).await.unwrap();
        assert!(w.run_until_quiet().await.notes[0].contains("parked"));
        w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
        assert!(w.run_until_quiet().await.notes[0].contains("parked"), "the secret cannot be moved back");
        w.vault.reactivate(&secret);
        if clock {
            let eol = record(&w, id).await.eol;
            w.clock.set(eol);
            assert_eq!(w.sweep().await.ended.len(), 1);
        } else {
            w.execute(&w.requester, AbandonOperation::new(id)).await.unwrap();
        }
        assert!(w.run_until_quiet().await.notes.is_empty());
        let account = record(&w, id).await;
        assert_eq!((account.operation, account.groups), (None, vec![group(READERS)]));
        let (ou, groups, _) = there(&w, id).await;
        let place = if clock { RETIRED } else { OU };
        assert_eq!((ou, groups), (Some(place.parse().unwrap()), vec![group(READERS)]));
        assert_eq!(folder(&w), "12", "clock: {clock}");
    }
}

#[tokio::test]
async fn m_2_m_4_each_of_many_accounts_succeeds_or_fails_alone() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let mut ids = Vec::new();
    for name in ["one", "two", "three", "four"] {
        ids.push(w.provisioned(template, name).await);
    }
    w.execute(&w.requester, DisableAccount::new(ids[1])).await.unwrap();
    w.run().await;
    let moved = w.publish("Moved accounts", moved(&w, EolAction::Review)).await;
    let each = ids.iter().map(|id| MigrateAccount::new(*id, moved));
    let plan = w.alm.plan_each(&w.admin, each).await.unwrap();
    assert_eq!(plan.allowed(), 3);
    let report = w.alm.execute_each(&w.admin, "to the new place", plan).await.unwrap();
    assert_eq!((report.done(), report.failed().count()), (3, 1));
    // One of them is renamed away in the directory: gone for good.
    let gone = record(&w, ids[2]).await.object_guid;
    w.directory.delete_account(gone, ad_directory::DeleteOptions::new()).await.unwrap();
    w.run_until_quiet().await;
    for (id, migrated) in ids.iter().zip([true, false, false, true]) {
        assert_eq!(record(&w, *id).await.template == moved, migrated);
    }
    assert_eq!(
        record(&w, ids[2]).await.operation.map(|open| (open.kind, open.failed)),
        Some((OperationKind::Migrate, true))
    );
}

#[tokio::test]
async fn m_2_t_11_a_gmsa_gets_the_readers_and_tickets_of_its_new_template() {
    let w = World::new().await;
    let template = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    let id = w.provisioned(template, "web").await;
    let mut body = w.managed_body(EolAction::Review);
    let managed = body.managed.as_mut().unwrap();
    managed.readers = vec![alm_core::model::managed::PasswordReader::Group(group(WRITERS))];
    managed.encryption = alm_core::model::managed::TicketEncryption::Aes128;
    let good = w.publish("web hosts", body.clone()).await;
    body.managed.as_mut().unwrap().password_interval_days = 7;
    let other = w.publish("faster", body).await;
    let error = w.refused(&w.admin, MigrateAccount::new(id, other), "T-11").await;
    assert_eq!(error.refusals()[0].field(), "password_interval_days");
    w.execute(&w.admin, MigrateAccount::new(id, good)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let there = w.managed(&record(&w, id).await).await.unwrap();
    let writers = GroupKey::Dn(group(WRITERS));
    let writers = w.directory.find_group(&writers, FindOptions::new()).await.unwrap().unwrap().sid.unwrap();
    assert_eq!(there.principals(), [&writers]);
    assert_eq!(there.encryption_types.unwrap().bits(), 8);
    assert!(w.vault.calls().is_empty(), "nothing of it is in a vault");
}

/// W-2, I-6: who was chosen may be gone when everything is done.
#[tokio::test]
async fn m_2_w_2_i_6_owners_who_are_gone_by_then_do_not_come() {
    let w = World::new().await;
    let id = account(&w, EolAction::Review).await;
    let before = record(&w, id).await;
    let template = w.publish("Moved accounts", moved(&w, EolAction::Review)).await;
    let mut migrate = MigrateAccount::new(id, template);
    migrate.owners = Some([Owner::Person(w.stranger.person)].into());
    w.execute(&w.admin, migrate).await.unwrap();
    w.execute(&w.admin, SetPersonEnabled::new(w.stranger.person, false)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let after = record(&w, id).await;
    assert_eq!((after.template, after.owners), (template, before.owners));
    assert!(w.events(EventKind::AccountOwnerChanged).await[0].to.contains(&w.admin.person));
}

/// NM-4, W-4, T-14: a folder below the template's is kept or chosen where that is allowed, and who leaves takes the password along.
#[tokio::test]
async fn m_2_nm_4_w_4_a_folder_below_is_kept_and_who_leaves_is_followed_by_a_rotation() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    body.vault.as_mut().unwrap().allow_folder_override = true;
    w.vault.folder_in("14", "12");
    w.vault.folder_in("15", "13");
    let template = w.publish("chosen", body).await;
    let mut form = super::world::form("payroll");
    form.folder = Some("14".into());
    let id = w.provisioned_as(template, form).await;
    let mut body = moved(&w, EolAction::Review);
    body.vault.as_mut().unwrap().allow_folder_override = true;
    body.rotation.when_owner_leaves = true;
    let next = w.publish("Moved accounts", body.clone()).await;
    let mut elsewhere = MigrateAccount::new(id, next);
    elsewhere.folder = Some("14".into());
    w.refused(&w.admin, elsewhere, "NM-4").await;
    let mut chosen = MigrateAccount::new(id, next);
    chosen.folder = Some("15".into());
    chosen.owners = Some([Owner::Person(w.lead.person)].into());
    w.execute(&w.admin, chosen).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(folder(&w), "15");
    assert_eq!(record(&w, id).await.rotates_at, Some(w.clock_now()));
    // The next version has another folder, of which this one is a part; so it stays.
    w.vault.folder_in("13", "10");
    body.vault.as_mut().unwrap().folder = "10".into();
    w.execute(&w.admin, EditTemplate::new(next, body)).await.unwrap();
    w.execute(&w.admin, PublishTemplate::new(next)).await.unwrap();
    w.execute(&w.admin, MigrateAccount::new(id, next)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!(folder(&w), "15");
}

impl World {
    fn clock_now(&self) -> jiff::Timestamp {
        use alm_core::port::clock::Clock as _;
        self.clock.now()
    }
}
