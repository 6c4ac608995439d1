//! N-2, W-4 where nobody changes the owners, and T-12's stored result.

use std::collections::BTreeSet;
use std::sync::Arc;

use alm_core::engine::PlaceInspector;
use alm_core::model::account::Owner;
use alm_core::model::event::{Event, EventKind};
use alm_core::model::ids::{AccountId, GroupId, PersonId};
use alm_core::model::publication::{PublicationOutcome, PublicationStep};
use alm_core::model::template::EolAction;
use alm_core::service::accounts::SetOwners;
use alm_core::service::groups::{AddGroup, ChangeMembers, SetGroupEnabled};
use alm_core::service::people::SetPersonEnabled;
use alm_core::service::publishing::{ApproveTemplate, ProposeTemplate, PublishTemplate};
use alm_core::service::templates::{DisableTemplate, DraftTemplate, EditTemplate, UnpublishTemplate};
use alm_core::{Alm, Caller, Refusal, Settings};

use crate::it::world::World;

async fn with(settings: Settings) -> World {
    let mut world = World::new().await;
    world.alm = Alm::builder(Arc::clone(&world.store), world.clock.clone())
        .inspector(Arc::new(PlaceInspector::new(world.directory.clone(), world.vault.clone())))
        .settings(settings)
        .open()
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn n_2_administrators_are_told_of_templates_where_that_is_turned_on() {
    let mut settings = Settings::default();
    settings.tell_of_templates = true;
    let world = with(settings).await;
    let template = world.template(EolAction::Review).await;
    world.execute(&world.admin, UnpublishTemplate::new(template)).await.unwrap();
    world.execute(&world.admin, DisableTemplate::new(template)).await.unwrap();
    let events = world.events(EventKind::TemplateStateChanged).await;
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event.to, BTreeSet::from([world.admin.person]), "{}", event.text);
    }
}

/// An account that `lead` owns directly and a group of `people` owns too.
async fn owned_by_group(world: &World, people: &[&Caller], rotates: bool) -> (AccountId, GroupId) {
    let mut body = world.body(EolAction::Review);
    body.rotation.when_owner_leaves = rotates;
    let template = world.publish("owned by a group", body).await;
    let id = world.provisioned(template, "payroll").await;
    let members = people.iter().map(|caller| caller.person);
    let group = world.execute(&world.admin, AddGroup::new("Payroll owners", members)).await.unwrap();
    let owners = [Owner::Person(world.lead.person), Owner::Group(group)];
    world.execute(&world.requester, SetOwners::new(id, owners)).await.unwrap();
    // Who asked for it was an owner until now, and left.
    world.sweep().await;
    world.run().await;
    (id, group)
}

/// Ids sort by the millisecond.
fn later(world: &World) {
    world.clock.advance(jiff::SignedDuration::from_secs(1));
}

async fn told(world: &World, account: AccountId) -> Option<BTreeSet<PersonId>> {
    let events: Vec<Event> = world.events(EventKind::AccountOwnerChanged).await;
    let last = events.into_iter().rfind(|event| event.account == Some(account))?;
    world.store.delivered(&[last.id]).await.unwrap();
    Some(last.to)
}

#[tokio::test]
async fn w_4_who_leaves_through_a_group_is_told_to_those_who_remain_and_takes_no_password_along() {
    let world = World::new().await;
    let (id, group) = owned_by_group(&world, &[&world.lead2, &world.security], true).await;
    while told(&world, id).await.is_some() {}
    assert!(world.sweep().await.rotating.is_empty());

    // One more member is no reason; one fewer is.
    let join = ChangeMembers::new(group).join([world.stranger.person]);
    world.execute(&world.admin, join).await.unwrap();
    assert_eq!(told(&world, id).await, None);
    assert!(world.sweep().await.rotating.is_empty());
    let leave = ChangeMembers::new(group).leave([world.stranger.person]);
    world.execute(&world.admin, leave).await.unwrap();
    let remain = BTreeSet::from([world.lead.person, world.lead2.person, world.security.person]);
    assert_eq!(told(&world, id).await, Some(remain));
    assert_eq!(world.sweep().await.rotating, [id]);
    world.run().await;

    // The group is disabled, and another takes its place; back again, those of the other leave.
    let others = AddGroup::new("In their place", [world.lead2.person, world.stranger.person]);
    let others = world.execute(&world.admin, others).await.unwrap();
    let disable = SetGroupEnabled::disable(group).replaced_by(others);
    world.execute(&world.admin, disable).await.unwrap();
    let remain = BTreeSet::from([world.lead.person, world.lead2.person, world.stranger.person]);
    assert_eq!(told(&world, id).await, Some(remain));
    world.execute(&world.admin, SetGroupEnabled::enable(group)).await.unwrap();
    let remain = BTreeSet::from([world.lead.person, world.lead2.person, world.security.person]);
    assert_eq!(told(&world, id).await, Some(remain));
    assert_eq!(world.sweep().await.rotating, [id]);
    world.run().await;

    // A person is disabled: through the group, and directly. Again is no change.
    for (who, remain) in [
        (&world.lead2, vec![world.lead.person, world.security.person]),
        (&world.lead, vec![world.security.person]),
    ] {
        world.execute(&world.admin, SetPersonEnabled::new(who.person, false)).await.unwrap();
        assert_eq!(told(&world, id).await, Some(remain.into_iter().collect()));
        world.execute(&world.admin, SetPersonEnabled::new(who.person, false)).await.unwrap();
        assert_eq!(told(&world, id).await, None);
    }
    assert_eq!(world.sweep().await.rotating, [id]);
    let audited = world.store.audit(1, 10_000).await.unwrap();
    let left = audited.iter().filter(|record| record.body.contains("account.owner_left")).count();
    assert_eq!(left, 5);
}

#[tokio::test]
async fn w_4_an_owner_who_owns_in_two_ways_or_elsewhere_has_not_left() {
    let world = World::new().await;
    let (id, group) = owned_by_group(&world, &[&world.lead, &world.lead2], false).await;
    while told(&world, id).await.is_some() {}
    // She owns it directly as well.
    world.execute(&world.admin, ChangeMembers::new(group).leave([world.lead.person])).await.unwrap();
    assert_eq!(told(&world, id).await, None);
    // Nothing of hers.
    world.execute(&world.admin, SetPersonEnabled::new(world.stranger.person, false)).await.unwrap();
    assert_eq!(told(&world, id).await, None);
    // Told, and not rotated: the template does not say so.
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, false)).await.unwrap();
    assert_eq!(told(&world, id).await, Some([world.lead.person].into()));
    assert!(world.sweep().await.rotating.is_empty());
}

#[tokio::test]
async fn t_12_what_publishing_found_is_kept_and_can_be_read_later() {
    let world = World::new().await;
    let body = world.body(EolAction::Review);
    let mut unfit = body.clone();
    unfit.renewal_lead_days = 90;
    unfit.directory.ous.clear();
    let template = world.execute(&world.admin, DraftTemplate::new("payroll", unfit)).await.unwrap();
    let error = world.refused(&world.admin, PublishTemplate::new(template), "T-12").await;
    later(&world);
    world.execute(&world.admin, EditTemplate::new(template, body)).await.unwrap();
    world.vault.refuse(vec![Refusal::new("V-5", "folder", "is not there")]);
    world.refused(&world.admin, PublishTemplate::new(template), "V-5").await;
    world.vault.refuse(Vec::new());
    // A service that can ask nobody.
    later(&world);
    let blind = Alm::builder(Arc::clone(&world.store), world.clock.clone()).open().await.unwrap();
    let away = blind.execute(&world.admin, "blind", PublishTemplate::new(template)).await.unwrap_err();
    assert_eq!(away.kind(), alm_core::ErrorKind::Config);
    later(&world);
    let version = world.execute(&world.admin, PublishTemplate::new(template)).await.unwrap();
    // Who may not ask has asked for nothing.
    world.refused(&world.lead, PublishTemplate::new(template), "P-1").await;

    let kept = world.alm.publications(&world.admin, template, None, 100).await.unwrap();
    let outcomes: Vec<_> = kept.iter().map(|one| one.outcome).collect();
    assert_eq!(
        outcomes,
        [
            PublicationOutcome::Refused,
            PublicationOutcome::Refused,
            PublicationOutcome::NotChecked,
            PublicationOutcome::Published
        ]
    );
    assert_eq!(kept[3].asked_at, alm_core::port::clock::Clock::now(&*world.clock));
    assert!(kept.iter().all(|one| one.asked_by == world.admin.person
        && one.step == PublicationStep::Publish
        && (one.number, one.name.as_str()) == (1, "payroll")));
    let rules: Vec<_> = kept[0].findings.iter().map(|finding| finding.rule.as_str()).collect();
    let refused: Vec<_> = error.refusals().iter().map(Refusal::rule).collect();
    assert_eq!(rules, refused, "every finding, not the first alone");
    assert!(rules.len() > 1);
    assert_eq!((kept[1].findings[0].rule.as_str(), kept[1].findings[0].field.as_str()), ("V-5", "folder"));
    assert!(kept[2].obstacle.is_some() && kept[2].findings.is_empty());
    assert_eq!(kept[3].version, Some(version));
    assert!(kept[0].draft.is_some() && kept[0].draft != kept[1].draft && kept[1].draft == kept[3].draft);
    // By pages, and for those who may read templates.
    let rest = world.alm.publications(&world.admin, template, Some(kept[1].id), 1).await.unwrap();
    assert_eq!(rest, kept[2..3]);
    let denied = world.alm.publications(&world.lead, template, None, 1).await.unwrap_err();
    crate::it::rules::received(&denied, "P-1");
}

#[tokio::test]
async fn t_10_t_12_proposing_and_approving_are_kept_too() {
    let mut settings = Settings::default();
    settings.two_person_publishing = true;
    let world = with(settings).await;
    let second = alm_core::service::people::AddPerson::new("Otto Other", "otto@example.com")
        .role(alm_core::model::people::SYSTEM_ADMINISTRATOR);
    let second = Caller::new(world.execute(&world.admin, second).await.unwrap(), "test");
    let body = world.body(EolAction::Review);
    let template = world.execute(&world.admin, DraftTemplate::new("by two", body)).await.unwrap();
    world.execute(&world.admin, ProposeTemplate::new(template)).await.unwrap();
    later(&world);
    world.refused(&world.admin, ApproveTemplate::new(template), "T-10").await;
    later(&world);
    world.execute(&second, ApproveTemplate::new(template)).await.unwrap();
    let kept = world.alm.publications(&world.admin, template, None, 100).await.unwrap();
    let told: Vec<_> = kept.iter().map(|one| (one.step, one.outcome, one.asked_by)).collect();
    assert_eq!(
        told,
        [
            (PublicationStep::Propose, PublicationOutcome::Proposed, world.admin.person),
            (PublicationStep::Approve, PublicationOutcome::Refused, world.admin.person),
            (PublicationStep::Approve, PublicationOutcome::Published, second.person),
        ]
    );
}
