//! The simulator's secrets with something before them: check-out, comment, ticket, approval, second lock.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use secretserver_client::auth::Password;
use secretserver_client::resource::secrets::{
    self, Access, AccessOptions, AccessState, NewAccessRequest, RequestStatus,
};
use secretserver_client::simulator::{Restrictions, Simulator};
use secretserver_client::{Client, Error, ErrorKind, SecretId, SecretPolicyId};

struct World {
    server: Simulator,
    service: Client,
    admin: Client,
    id: SecretId,
}

async fn world(restrictions: Restrictions) -> World {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let client = |name: &str, password: &str| {
        Client::builder(server.url()).credential(Password::new(name, password.into())).build().unwrap()
    };
    server.restrict(seed.secret_id, restrictions).unwrap();
    World {
        service: client(&seed.username, &seed.password),
        admin: client(&seed.admin_username, &seed.admin_password),
        id: SecretId::new(seed.secret_id.into()).unwrap(),
        server,
    }
}

fn code(error: &Error) -> &str {
    error.api().and_then(|api| api.code()).unwrap_or_default()
}

fn actions(world: &World) -> Vec<String> {
    let id = world.id.get();
    world.server.audit().into_iter().filter(|a| a.secret_id == id).map(|a| a.action).collect()
}

#[tokio::test]
async fn a_plain_read_checks_out_and_one_that_says_no_does_not() {
    let w = world(Restrictions::default().with_check_out(30)).await;
    let state = w.service.secrets().state(w.id).await.unwrap();
    assert_eq!(state.secret_state, AccessState::RequiresCheckout);
    let quiet = AccessOptions::default();
    let error =
        w.service.request(secrets::GetRestricted { id: w.id.into(), access: quiet }).await.unwrap_err();
    assert_eq!(code(&error), "API_ValidateSecretAccessCheckOutRequired");
    assert!(actions(&w).is_empty(), "nothing was seen, and nothing checked out");

    let access = AccessOptions::default().checking_out();
    let secret =
        w.service.request(secrets::GetRestricted { id: w.id.into(), access: access.clone() }).await.unwrap();
    assert!(secret.checked_out && secret.value("password").is_some());
    let error = w.admin.request(secrets::GetRestricted { id: w.id.into(), access }).await.unwrap_err();
    assert_eq!(code(&error), "API_ValidateSecretAccessCheckedOut");
    let state = w.admin.secrets().state(w.id).await.unwrap();
    assert_eq!((state.is_checked_out, state.is_checked_out_by_current_user), (true, false));
    assert_eq!(actions(&w), ["CHECK OUT", "VIEW"]);
}

#[tokio::test]
async fn whoever_has_it_checks_it_in_and_others_only_by_force() {
    let w = world(Restrictions::default().with_check_out(30).changing_on_check_in()).await;
    w.service.request(secrets::CheckOut { id: w.id.into() }).await.unwrap();
    let before = w.service.secrets().field(w.id, "password").await.unwrap();
    let access = AccessOptions::default();
    let error = w.admin.request(secrets::CheckIn { id: w.id.into(), access }).await.unwrap_err();
    assert_eq!(code(&error), "API_ValidateSecretAccessCheckedOut");
    let mut forced = AccessOptions::default();
    forced.force_check_in = true;
    let summary =
        w.admin.request(secrets::CheckIn { id: w.id.into(), access: forced.clone() }).await.unwrap();
    assert!(!summary.checked_out);
    // By force needs a permission, which the service account does not have.
    w.admin.request(secrets::CheckOut { id: w.id.into() }).await.unwrap();
    w.service.request(secrets::CheckIn { id: w.id.into(), access: forced }).await.unwrap_err();
    let after = w.admin.secrets().field(w.id, "password").await.unwrap();
    assert!(before.expose() != after.expose(), "the password changed on check-in");
}

#[tokio::test]
async fn a_comment_is_given_first_or_with_the_read() {
    let w = world(Restrictions::default().with_comment().with_check_out(5)).await;
    let state = w.service.secrets().state(w.id).await.unwrap();
    assert_eq!(state.secret_state, AccessState::RequiresCheckoutAndComment);
    let error = w.service.request(secrets::CheckOut { id: w.id.into() }).await.unwrap_err();
    assert_eq!(code(&error), "API_ValidateSecretAccessCommentRequired");
    assert_eq!(error.api().unwrap().message(), "The requested Secret requires a comment when viewed.");
    let access = AccessOptions::comment("INC1: restart").checking_out();
    w.service.request(secrets::GetRestricted { id: w.id.into(), access }).await.unwrap();
    w.service.secrets().field(w.id, "password").await.expect("the comment still counts");
    let said = w.server.audit().into_iter().find(|a| a.action == "VIEW COMMENT").unwrap();
    assert_eq!(said.notes, "INC1: restart");
}

#[tokio::test]
async fn tickets_approval_and_second_locks() {
    let w = world(Restrictions::default().with_ticket()).await;
    let error = w.service.secrets().get(w.id).await.unwrap_err();
    assert_eq!(code(&error), "API_ValidateSecretAccessTicketRequired");
    let access = AccessOptions::default().ticket("INC2", None);
    w.service.request(secrets::GetRestricted { id: w.id.into(), access }).await.unwrap();

    let w = world(Restrictions::default().with_approval()).await;
    assert_eq!(w.service.secrets().state(w.id).await.unwrap().secret_state, AccessState::RequiresApproval);
    w.service.secrets().get(w.id).await.unwrap_err();
    w.server.approve(w.id.get(), &w.server.seed().username, Duration::from_mins(1)).unwrap();
    w.service.secrets().get(w.id).await.unwrap();
    assert_eq!(
        code(&w.admin.secrets().get(w.id).await.unwrap_err()),
        "API_ValidateSecretAccessApprovalRequired"
    );

    let w = world(Restrictions::default().with_double_lock("second")).await;
    let state = w.service.secrets().state(w.id).await.unwrap().secret_state;
    assert_eq!(state, AccessState::RequiresDoubleLockPassword);
    for (password, ok) in [("wrong", false), ("second", true)] {
        let access = AccessOptions::default().double_lock(password.into());
        let read = secrets::GetRestrictedField { id: w.id.into(), slug: "password".to_owned(), access };
        assert_eq!(w.service.request(read).await.is_ok(), ok, "{password}");
    }
}

#[tokio::test]
async fn access_is_asked_for_and_pending_until_somebody_decides() {
    let w = world(Restrictions::default().with_approval()).await;
    let name = w.server.seed().username.clone();
    let secrets = w.service.secrets();
    assert!(w.server.deny(w.id.get(), &name, "no").is_err(), "nobody has asked");
    assert_eq!(secrets.access(w.id).await.unwrap(), Access::ApprovalRequired);
    assert!(secrets.access_rules(w.id).await.unwrap().enable_requires_approval_for_access);
    let asked = secrets.request_access(NewAccessRequest::new(w.id, "INC7")).await.unwrap();
    assert_eq!((asked.status, asked.secret_id), (Some(RequestStatus::Pending), Some(w.id)));
    assert_eq!(secrets.access(w.id).await.unwrap(), Access::ApprovalPending);
    let again = secrets.request_access(NewAccessRequest::new(w.id, "INC7")).await.unwrap_err();
    assert_eq!((again.kind(), code(&again)), (ErrorKind::Invalid, "API_AccessRequestExists"));

    w.server.deny(w.id.get(), &name, "use the other one").unwrap();
    assert_eq!(secrets.access(w.id).await.unwrap(), Access::ApprovalRequired, "denied: one may ask again");
    let until = jiff::Timestamp::now() + Duration::from_mins(2);
    secrets.request_access(NewAccessRequest::new(w.id, "INC8").until(until)).await.unwrap();
    w.server.approve(w.id.get(), &name, Duration::from_hours(1)).unwrap();
    assert_eq!(secrets.access(w.id).await.unwrap(), Access::Open);
    secrets.get(w.id).await.unwrap();
    let requests: Vec<_> = secrets.access_requests(w.id).try_collect().await.unwrap();
    let stand = |at: usize| {
        (requests[at].status.clone(), requests[at].response_comment.clone(), requests[at].completed)
    };
    assert_eq!(stand(0), (Some(RequestStatus::Denied), Some("use the other one".to_owned()), true));
    assert_eq!(stand(1), (Some(RequestStatus::Approved), Some(String::new()), true));
    let end = requests[1].expiration_date.unwrap();
    assert!((end - until).get_seconds().abs() <= 1, "not longer than asked for: {end}");
    assert_eq!(
        w.admin.secrets().access(w.id).await.unwrap(),
        Access::ApprovalRequired,
        "each asks for itself"
    );
}

#[tokio::test]
async fn a_request_for_later_does_not_open_now_and_one_for_the_past_is_refused() {
    let w = world(Restrictions::default().with_approval()).await;
    let (name, now) = (w.server.seed().username.clone(), jiff::Timestamp::now());
    let past = NewAccessRequest::new(w.id, "why").until(now - Duration::from_mins(1));
    assert_eq!(w.service.secrets().request_access(past).await.unwrap_err().kind(), ErrorKind::Invalid);
    let later = NewAccessRequest::new(w.id, "why").from(now + Duration::from_mins(10));
    w.service.secrets().request_access(later).await.unwrap();
    w.server.approve(w.id.get(), &name, Duration::from_hours(1)).unwrap();
    assert_eq!(w.service.secrets().access(w.id).await.unwrap(), Access::ApprovalRequired);
}

#[tokio::test]
async fn a_policy_stands_before_all_secrets_of_its_folder() {
    let w = world(Restrictions::default()).await;
    let policy = w.server.add_policy("Ask first", Restrictions::default().with_approval()).unwrap();
    w.server.set_policy(w.server.seed().folder_id, Some(policy)).unwrap();
    assert_eq!(w.service.secrets().access(w.id).await.unwrap(), Access::ApprovalRequired);
    let read = w.admin.policies().get(SecretPolicyId::new(policy.into()).unwrap()).await.unwrap();
    assert!(read.security_items.require_approval_for_access.applies());
    assert!(!read.security_items.check_out_enabled.applies());
    let error = w.service.policies().get(SecretPolicyId::new(policy.into()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn changes_of_the_password_and_heartbeats_come_later() {
    let w = world(Restrictions::default()).await;
    let change = secrets::ChangePassword {
        id: w.id.into(),
        new_password: Some("n3w".into()),
        access: AccessOptions::default(),
    };
    w.service.request(change.clone()).await.unwrap();
    assert_eq!(w.service.secrets().field(w.id, "password").await.unwrap().expose(), "n3w");
    w.server.set_heartbeat(w.id.get(), "Failed").unwrap();
    let change = secrets::ChangePassword { new_password: Some("lost".into()), ..change };
    w.service.request(change).await.unwrap();
    assert_eq!(w.service.secrets().field(w.id, "password").await.unwrap().expose(), "n3w", "it failed");
    let pending = w.service.request(secrets::Heartbeat { id: w.id.into() }).await.unwrap();
    assert_eq!(pending.last_heart_beat_status.unwrap().as_str(), "Pending");
    let done = w.service.secrets().summary(w.id).await.unwrap();
    assert_eq!(done.last_heart_beat_status.unwrap().as_str(), "Failed");
    w.service.request(secrets::Expire { id: w.id.into(), access: AccessOptions::default() }).await.unwrap();
    let audit: Vec<_> = w.admin.secrets().audit(w.id).try_collect().await.unwrap();
    assert!(audit.iter().any(|a| a.action == "EXPIRE"), "{audit:?}");
    w.service.secrets().audit(w.id).try_collect::<Vec<_>>().await.unwrap_err();
}
