//! Privileges of accounts that are there.

use ad_directory::Dn;
use alm_core::model::event::EventKind;
use alm_core::model::ids::AccountId;
use alm_core::model::request::{RequestKind, RequestStatus};
use alm_core::model::template::EolAction;
use alm_core::saga::SagaRecord;
use alm_core::service::accounts::{DeleteAccount, DisableAccount, EnableAccount, RenewAccount};
use alm_core::service::approvals::CastVote;
use alm_core::service::privileges::RequestPrivilege;
use alm_core::service::requests::{CopyRequest, WithdrawRequest};
use jiff::{SignedDuration, Timestamp};

use super::world::{READERS, WRITERS, World};

fn group(text: &str) -> Dn {
    text.parse().unwrap()
}

async fn account(w: &World) -> AccountId {
    let template = w.template(EolAction::Disable).await;
    w.provisioned(template, "payroll").await
}

fn in_days(w: &World, days: i64) -> Timestamp {
    use alm_core::port::clock::Clock as _;
    w.clock.now() + SignedDuration::from_hours(24 * days)
}

async fn is_writer(w: &World, id: AccountId) -> bool {
    let account = w.view(id).await.account;
    let there = w.there(&account).await.unwrap().is_member_of(&group(WRITERS));
    assert_eq!(there, account.groups.contains(&group(WRITERS)), "record and directory agree");
    there
}

async fn granted(w: &World, id: AccountId, until: Option<Timestamp>) {
    let mut ask = RequestPrivilege::join(id, group(WRITERS), "the year-end run writes");
    ask.change.until = until;
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.approve(request).await;
    assert!(w.run().await.notes.is_empty());
    assert_eq!(w.alm.request(&w.requester, request).await.unwrap().status, RequestStatus::Provisioned);
}

#[tokio::test]
async fn r_14_a_privilege_is_asked_for_approved_and_given() {
    let w = World::new().await;
    let id = account(&w).await;
    let ask = RequestPrivilege::join(id, group(WRITERS), "the year-end run writes").until(in_days(&w, 30));
    w.refused(&w.stranger, ask.clone(), "P-1").await;
    let request = w.execute(&w.requester, ask.clone()).await.unwrap();
    w.refused(&w.requester, ask, "R-14").await;
    // who votes sees which group, and until when.
    let seen = w.alm.request(&w.lead, request).await.unwrap();
    let change = seen.privilege.clone().unwrap();
    assert_eq!((seen.kind, change.joins), (RequestKind::Privilege { account: id }, true));
    assert_eq!((change.group, change.until), (group(WRITERS), Some(in_days(&w, 30))));
    w.refused(&w.requester, CastVote::approve(request), "P-1").await;
    w.approve(request).await;
    assert!(!is_writer(&w, id).await, "an engine does it");
    w.run().await;
    assert!(is_writer(&w, id).await);
    let told = w.events(EventKind::AccountPrivilegeChanged).await;
    assert!(told[0].text.contains("app-writers") && told[0].to.contains(&w.requester.person));

    let leave = RequestPrivilege::leave(id, group(WRITERS), "it writes no more");
    let request = w.execute(&w.requester, leave).await.unwrap();
    w.approve(request).await;
    w.run().await;
    assert!(!is_writer(&w, id).await);
    assert!(w.view(id).await.account.privilege_ends.is_empty());
}

#[tokio::test]
async fn r_14_what_makes_no_sense_is_refused_all_at_once() {
    let w = World::new().await;
    let id = account(&w).await;
    let join = |to: &str| RequestPrivilege::join(id, group(to), "because");
    w.refused(&w.requester, join(READERS), "R-14").await;
    w.refused(&w.requester, RequestPrivilege::leave(id, group(WRITERS), "because"), "R-14").await;
    w.refused(&w.requester, join("CN=Domain Admins,DC=other,DC=example"), "R-14").await;
    w.refused(&w.requester, join(WRITERS).until(in_days(&w, 0)), "R-14").await;
    let leaving = RequestPrivilege::leave(id, group(READERS), "because").until(in_days(&w, 3));
    w.refused(&w.requester, leaving, "R-14").await;
    let worst = RequestPrivilege::join(id, group("CN=x,DC=other"), "").until(in_days(&w, -1));
    let error = w.refused(&w.requester, worst, "R-14").await;
    let fields: Vec<_> = error.refusals().iter().map(alm_core::Refusal::field).collect();
    assert_eq!(fields, ["until", "reason", "group"]);

    // What was right when it was asked for may be over when it is approved.
    let request = w.execute(&w.requester, join(WRITERS).until(in_days(&w, 1))).await.unwrap();
    w.execute(&w.lead, CastVote::approve(request)).await.unwrap();
    w.advance_days(2);
    w.refused(&w.security, CastVote::approve(request), "R-14").await;
    w.execute(&w.requester, WithdrawRequest::new(request)).await.unwrap();
    w.refused(&w.requester, CopyRequest::new(request), "R-5").await;

    w.execute(&w.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
    let request = w.execute(&w.requester, join(WRITERS)).await.unwrap();
    w.execute(&w.lead, CastVote::approve(request)).await.unwrap();
    w.refused(&w.security, CastVote::approve(request), "L-31").await;
    w.run().await;
    w.refused(&w.security, CastVote::approve(request), "I-4").await;
    w.refused(&w.admin, join(WRITERS), "I-4").await;
}

/// Nothing would disable the account after it, so its end of life is carried out first.
#[tokio::test]
async fn l_32_what_is_approved_between_the_end_and_the_tick_waits_for_the_tick() {
    let w = World::new().await;
    let id = account(&w).await;
    w.advance_days(89);
    let ask = RequestPrivilege::join(id, group(WRITERS), "the year-end run writes");
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.execute(&w.lead, CastVote::approve(request)).await.unwrap();
    w.advance_days(2);
    w.refused(&w.security, CastVote::approve(request), "L-32").await;
    assert_eq!(w.sweep().await.ended, [id]);
    w.run().await;
    w.execute(&w.security, CastVote::approve(request)).await.unwrap();
    w.run().await;
    assert!(is_writer(&w, id).await);
    assert!(w.there(&w.view(id).await.account).await.unwrap().is_disabled());
}

#[tokio::test]
async fn x_23_a_privilege_ends_when_its_time_is_over() {
    let w = World::new().await;
    let id = account(&w).await;
    granted(&w, id, Some(in_days(&w, 10))).await;
    w.advance_days(9);
    assert!(w.sweep().await.privileges.is_empty());
    w.advance_days(1);
    assert_eq!(w.sweep().await.privileges, [id]);
    assert!(w.sweep().await.privileges.is_empty(), "it is under way");
    w.run().await;
    assert!(!is_writer(&w, id).await);
    assert!(w.sweep().await.privileges.is_empty());
    let told = w.events(EventKind::AccountPrivilegeChanged).await.pop().unwrap();
    assert!(!told.text.contains("late"), "{}", told.text);
}

#[tokio::test]
async fn x_23_asked_for_again_it_ends_later_or_never() {
    let w = World::new().await;
    let id = account(&w).await;
    granted(&w, id, Some(in_days(&w, 10))).await;
    granted(&w, id, Some(in_days(&w, 20))).await;
    w.advance_days(15);
    assert!(w.sweep().await.privileges.is_empty());
    granted(&w, id, None).await;
    w.advance_days(20);
    assert!(w.sweep().await.privileges.is_empty());
    assert!(is_writer(&w, id).await);
}

/// Nobody was there for days; then first thing, and said so.
#[tokio::test]
async fn x_23_what_comes_late_says_so() {
    let w = World::new().await;
    let id = account(&w).await;
    granted(&w, id, Some(in_days(&w, 1))).await;
    w.advance_days(3);
    assert_eq!(w.sweep().await.privileges, [id]);
    w.run().await;
    let told = w.events(EventKind::AccountPrivilegeChanged).await.pop().unwrap();
    assert!(told.text.contains("48 hours late"), "{}", told.text);
}

#[tokio::test]
async fn x_23_other_operations_come_first_and_change_nothing_about_it() {
    let w = World::new().await;
    let id = account(&w).await;
    granted(&w, id, Some(in_days(&w, 80))).await;
    w.advance_days(80);
    // Renewing does not extend it; under way, it is waited for.
    w.execute(&w.requester, RenewAccount::new(id)).await.unwrap();
    assert!(w.sweep().await.privileges.is_empty());
    w.run().await;
    assert_eq!(w.sweep().await.privileges, [id]);
    w.run().await;
    assert!(!is_writer(&w, id).await);
    // Enabling does not bring it back.
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    w.run().await;
    w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
    w.run().await;
    assert!(!is_writer(&w, id).await);
}

#[tokio::test]
async fn x_23_no_member_any_more_and_no_such_group_any_more_are_done() {
    use ad_directory::{DeleteGroupOptions, Directory as _, FindOptions, GroupKey, MemberOptions};
    let w = World::new().await;
    let id = account(&w).await;
    granted(&w, id, Some(in_days(&w, 1))).await;
    let guid = w.view(id).await.account.object_guid;
    w.directory.remove_member(&GroupKey::Dn(group(WRITERS)), guid, MemberOptions::new()).await.unwrap();
    w.advance_days(1);
    w.sweep().await;
    assert!(w.run().await.notes.is_empty());
    assert!(!is_writer(&w, id).await);

    granted(&w, id, Some(in_days(&w, 1))).await;
    let writers = GroupKey::Dn(group(WRITERS));
    let there = w.directory.find_group(&writers, FindOptions::new()).await.unwrap().unwrap();
    w.directory.delete_group(there.guid, DeleteGroupOptions::new()).await.unwrap();
    w.advance_days(1);
    w.sweep().await;
    let saga = w.view(id).await.account.operation.unwrap().saga;
    assert!(w.run().await.notes.is_empty());
    assert!(!w.view(id).await.account.groups.contains(&group(WRITERS)));
    let record: SagaRecord = w.document(saga.uuid()).await;
    assert!(record.findings[0].contains("no group"), "{:?}", record.findings);
}

/// L-31: an emergency stop in the middle takes the membership back, since the record never had it.
#[tokio::test]
async fn r_14_an_emergency_stop_takes_back_what_was_half_given() {
    use ad_directory::{Directory as _, GroupKey, MemberOptions};
    let w = World::new().await;
    let id = account(&w).await;
    let ask = RequestPrivilege::join(id, group(WRITERS), "the year-end run writes");
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.approve(request).await;
    // Done in the directory, and its end not yet heard.
    let guid = w.view(id).await.account.object_guid;
    w.directory.add_member(&GroupKey::Dn(group(WRITERS)), guid, MemberOptions::new()).await.unwrap();
    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert!(!is_writer(&w, id).await);
    assert_eq!(w.alm.request(&w.requester, request).await.unwrap().status, RequestStatus::Abandoned);
}
