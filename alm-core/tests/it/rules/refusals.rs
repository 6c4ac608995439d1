//! Refusals that no story leads to: texts that cannot be, places that nobody knows, dates beyond the calendar.

use alm_core::model::account::{AccountStatus, Owner};
use alm_core::model::ids::{DomainId, PersonId, VaultId};
use alm_core::model::people::{APPROVER, Person};
use alm_core::model::period::Period;
use alm_core::model::request::{Decision, Request, RequestForm, RequestStatus};
use alm_core::model::template::{EolAction, TemplateVersion};
use alm_core::rules::{approval, naming};
use alm_core::service::accounts::{
    DeleteAccount, DisableAccount, EnableAccount, RenewAccount, SetOwners, SubmitRenewal,
};
use alm_core::service::api_tokens::EditApiToken;
use alm_core::service::approvals::CastVote;
use alm_core::service::estate::{AddDomain, AddVault};
use alm_core::service::people::AddPerson;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{CopyRequest, DraftRequest, SubmitRequest, WithdrawRequest};
use alm_core::service::templates::DraftTemplate;
use alm_core::{Error, ErrorKind, Refusal};
use uuid::Uuid;

use super::received;
use crate::it::world::{World, at};

/// As a caller of the rule itself receives it.
fn error(refusal: Refusal) -> Error {
    Error::refused("rules", vec![refusal])
}

#[tokio::test]
async fn t_1_nm_1_a_templates_texts_can_be_read_and_its_prefix_leaves_room() {
    let world = World::new().await;
    let body = || world.body(EolAction::Review);
    for name in ["", "   ", "two\nlines", &"x".repeat(101), "back\u{202E}wards"] {
        world.refused(&world.admin, DraftTemplate::new(name, body()), "T-1").await;
    }
    world.execute(&world.admin, DraftTemplate::new("Life", body())).await.unwrap();
    world.refused(&world.admin, DraftTemplate::new("LIFE", body()), "T-1").await;
    for purpose in ["zero\u{200B}width", &"x".repeat(4_001)] {
        let mut body = body();
        purpose.clone_into(&mut body.purpose);
        let name = format!("purpose of {}", purpose.len());
        let id = world.execute(&world.admin, DraftTemplate::new(name, body)).await.unwrap();
        world.refused(&world.admin, PublishTemplate::new(id), "T-1").await;
    }
    for (length, fits) in [(19, true), (20, false)] {
        let mut body = body();
        body.directory.name_prefix = "x".repeat(length);
        let name = format!("prefix of {length}");
        let id = world.execute(&world.admin, DraftTemplate::new(name, body)).await.unwrap();
        if fits {
            world.execute(&world.admin, PublishTemplate::new(id)).await.unwrap();
        } else {
            world.refused(&world.admin, PublishTemplate::new(id), "NM-1").await;
        }
    }
}

#[tokio::test]
async fn t_12_domain_and_vault_are_known_ones() {
    let world = World::new().await;
    let mut nowhere = world.body(EolAction::Review);
    nowhere.directory.domain = DomainId::new(Uuid::from_u128(404));
    let mut unkept = world.body(EolAction::Review);
    unkept.vault.as_mut().unwrap().vault = VaultId::new(Uuid::from_u128(404));
    for (name, body, field) in [("nowhere", nowhere, "domain"), ("unkept", unkept, "vault")] {
        let id = world.execute(&world.admin, DraftTemplate::new(name, body)).await.unwrap();
        let error = world.refused(&world.admin, PublishTemplate::new(id), "T-12").await;
        assert!(error.refusals().iter().any(|refusal| refusal.field() == field), "{error}");
    }
}

#[tokio::test]
async fn o_8_o_9_domains_and_vaults_have_names_of_their_own() {
    let world = World::new().await;
    let base = || "DC=corp,DC=example,DC=com".parse().unwrap();
    for name in ["", "two\nlines", "CORP.example.com"] {
        world.refused(&world.admin, AddDomain::new(name, base()), "O-9").await;
    }
    for name in ["", "secret SERVER", "\u{FEFF}x"] {
        world.refused(&world.admin, AddVault::new(name, "https://vault"), "O-8").await;
    }
    world.refused(&world.lead, AddVault::new("Another", "https://vault"), "P-1").await;
    world.execute(&world.admin, AddVault::new("Another", "https://vault")).await.unwrap();
}

#[tokio::test]
async fn o_1_o_2_o_3_names_of_people_groups_and_roles_can_be_read() {
    use alm_core::service::groups::AddGroup;
    use alm_core::service::roles::AddRole;
    let world = World::new().await;
    for name in ["", "two\nlines", "\u{2066}x"] {
        world.refused(&world.admin, AddPerson::new(name, "x@example.com"), "O-1").await;
        world.refused(&world.admin, AddGroup::new(name, []), "O-2").await;
        world.refused(&world.admin, AddRole::new(name, []), "O-3").await;
    }
    let gone = alm_core::model::ids::ApiTokenId::new(Uuid::from_u128(404));
    let error = world.execute(&world.admin, EditApiToken::new(gone, "x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn r_3_r_9_what_requesters_write_can_be_read() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    for (justification, description) in
        [("", "x"), ("  \n", "x"), ("bell\u{7}", "x"), ("why", "two\nlines"), ("why", "pay\u{202E}roll")]
    {
        let mut form = RequestForm::new("payroll", Period::Days(90), justification);
        description.clone_into(&mut form.description);
        let id = world.execute(&world.requester, DraftRequest::new(template, form)).await.unwrap();
        world.refused(&world.requester, SubmitRequest::new(id), "R-3").await;
    }
    let account = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    for reason in ["\u{202E}", &"x".repeat(4_001)] {
        world.refused(&world.requester, SubmitRenewal::new(account, reason), "R-9").await;
    }
    // it may, but need not, carry a reason.
    world.execute(&world.requester, SubmitRenewal::new(account, "")).await.unwrap();
}

#[tokio::test]
async fn t_5_a_renewal_has_one_of_the_templates_periods() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let account = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    let other = RenewAccount::new(account).period(Period::Days(91));
    world.refused(&world.requester, other, "T-5").await;
    let offered = RenewAccount::new(account).period(Period::Years(1));
    world.execute(&world.requester, offered).await.unwrap();
    world.run().await;
    assert_eq!(world.view(account).await.account.eol, at("2028-02-08T00:00:00Z"));
}

#[tokio::test]
async fn l_34_an_end_beyond_the_calendar_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    world.clock.set(at("9999-10-15T00:00:00Z"));
    let request = world.submitted(template, "payroll").await;
    world.execute(&world.lead, CastVote::approve(request)).await.unwrap();
    world.refused(&world.security, CastVote::approve(request), "L-34").await;
    let same: Request = world.document(request.uuid()).await;
    assert_eq!((same.status, same.votes.len()), (RequestStatus::Submitted, 1));
}

#[tokio::test]
async fn i_4_l_29_l_30_deleted_is_final_whatever_is_asked() {
    let world = World::new().await;
    for action in EolAction::ALL {
        let template = world.template(action).await;
        let id = world.provisioned(template, &format!("{action:?}").to_lowercase()).await;
        world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
        world.run().await;
        let owners = [Owner::Person(world.lead.person)];
        for rule in ["L-29", "L-30"] {
            assert_eq!(world.view(id).await.account.status, AccountStatus::Deleted);
            world.refused(&world.requester, SetOwners::new(id, owners), "I-4").await;
            world.refused(&world.requester, EnableAccount::new(id), rule).await;
            world.refused(&world.requester, DisableAccount::new(id), rule).await;
            world.refused(&world.requester, RenewAccount::new(id), rule).await;
            world.refused(&world.requester, SubmitRenewal::new(id, ""), rule).await;
            if rule == "L-29" {
                world.execute(&world.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
                world.run().await;
                assert!(world.view(id).await.account.erased_at.is_some());
            } else {
                world.refused(&world.requester, DeleteAccount::new(id).confirmed(), rule).await;
            }
        }
    }
}

#[tokio::test]
async fn l_31_the_last_vote_on_a_renewal_waits_for_the_operation_under_way() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let account = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    let renewal = world.execute(&world.requester, SubmitRenewal::new(account, "")).await.unwrap();
    world.execute(&world.lead, CastVote::approve(renewal)).await.unwrap();
    world.execute(&world.requester, DisableAccount::new(account)).await.unwrap();
    world.refused(&world.security, CastVote::approve(renewal), "L-31").await;
    world.run().await;
    world.execute(&world.security, CastVote::approve(renewal)).await.unwrap();
    world.run().await;
    // L: a Disabled account stays Disabled with a new end unless the request asked for more.
    let after = world.view(account).await.account;
    assert_eq!((after.status, after.eol), (AccountStatus::Disabled, at("2027-05-09T00:00:00Z")));
}

#[tokio::test]
async fn r_5_a_renewal_is_asked_for_again_and_not_copied() {
    let world = World::new().await;
    let template = world.template(EolAction::Expire).await;
    let account = world.provisioned(template, "payroll").await;
    world.advance_days(80);
    let renewal = world.execute(&world.requester, SubmitRenewal::new(account, "")).await.unwrap();
    world.execute(&world.requester, WithdrawRequest::new(renewal)).await.unwrap();
    world.refused(&world.requester, CopyRequest::new(renewal), "R-5").await;
    world.execute(&world.requester, SubmitRenewal::new(account, "")).await.unwrap();
}

/// What a published template never leads to, and the rules refuse all the same.
#[tokio::test]
async fn r_8_t_3_rules_refuse_what_no_published_template_leads_to() {
    let world = World::new().await;
    let mut body = world.body(EolAction::Review);
    body.directory.ous.clear();
    let refusal = naming::choose_ou(&body.directory, None).unwrap_err();
    received(&error(refusal), "T-3");

    let template = world.template(EolAction::Review).await;
    let id = world.submitted(template, "payroll").await;
    let mut request: Request = world.document(id.uuid()).await;
    let version: TemplateVersion = world.document(request.template.uuid()).await;
    request.step = version.body.approval.len();
    let mut person = Person::new(PersonId::new(Uuid::from_u128(1)), "Nobody");
    person.roles.insert(APPROVER);
    let voter = approval::Voter::new(&person);
    let now = at("2026-11-20T09:00:00Z");
    let decided = approval::decide(&request, &version.body, &voter, &[], now, &Decision::Approve);
    received(&error(decided.unwrap_err()), "R-8");
}
