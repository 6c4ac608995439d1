//! Secrets that something stands before: what is asked, what is sent, and what the answers mean. By script, so that each answer is exact.

use std::sync::Arc;

use secretserver_client::auth::StaticToken;
use secretserver_client::resource::secrets::{
    Access, AccessOptions, CheckedOut, GeneralPatch, NewAccessRequest, Ordered, ReadOptions, SecretPath,
};
use secretserver_client::testing::Script;
use secretserver_client::{Client, ErrorKind, GroupId, Outcome, SecretId, UserId};

fn client(script: &Arc<Script>) -> Client {
    Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("token".into()))
        .build()
        .unwrap()
        .with_attempts(1)
}

fn sent(script: &Script) -> Vec<String> {
    script
        .requests()
        .iter()
        .map(|r| {
            let body = String::from_utf8_lossy(r.body());
            format!("{} {} {body}", r.method(), r.uri().path_and_query().unwrap()).trim_end().to_owned()
        })
        .collect()
}

fn id() -> SecretId {
    SecretId::new(4).unwrap()
}

#[tokio::test]
async fn a_check_out_gives_its_reason_first() {
    let script = Arc::new(Script::new().json(200, "true").json(200, r#"{"responseCodes":null}"#));
    let why = AccessOptions::comment("why").ticket("INC1", None);
    assert_eq!(client(&script).secrets().check_out(id(), why).await.unwrap(), CheckedOut::Done);
    assert_eq!(
        sent(&script),
        [
            r#"POST /api/v1/secret-access-requests/secrets/4/view-comment {"comment":"why","ticketNumber":"INC1"}"#,
            "POST /api/v1/secrets/4/check-out",
        ]
    );
}

#[tokio::test]
async fn a_reason_that_is_not_taken_ends_the_check_out() {
    let script = Arc::new(Script::new().json(200, "false"));
    let error = client(&script).secrets().check_out(id(), AccessOptions::comment("x")).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, "secrets.give_reason"));
    assert_eq!(script.requests().len(), 1);
}

/// (the answer to the check-out, the state afterwards, what comes of it)
#[tokio::test]
async fn a_check_out_that_is_refused_says_why() {
    let other = r#"{"secretState":"RequiresCheckout","isCheckedOut":true,"checkedOutUserId":9}"#;
    let with_other = Access::CheckedOutBy { user: UserId::new(9).ok(), name: None, minutes: None };
    for (status, answer, state, expected) in [
        (200, r#"{"responseCodes":["X"]}"#, other, with_other.clone()),
        (400, r#"{"message":"It is checked out."}"#, other, with_other.clone()),
        (400, r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#, other, with_other),
        (
            400,
            r#"{"errorCode":"API_ValidateSecretAccessCommentRequired","message":"x"}"#,
            r#"{"secretState":"RequiresCheckoutAndComment"}"#,
            Access::CheckOutRequired { comment: true },
        ),
    ] {
        let script = Arc::new(Script::new().json(status, answer).json(200, state));
        let result = client(&script).secrets().check_out(id(), AccessOptions::default()).await.unwrap();
        assert_eq!(result, CheckedOut::Refused(expected), "{answer}");
    }
    // The server remarks something, and yet the caller has it.
    let mine = r#"{"secretState":"None","isCheckedOut":true,"isCheckedOutByCurrentUser":true}"#;
    let script = Arc::new(Script::new().json(200, r#"{"responseCodes":["X"]}"#).json(200, mine));
    let result = client(&script).secrets().check_out(id(), AccessOptions::default()).await.unwrap();
    assert_eq!(result, CheckedOut::Done);
    // Nothing explains the refusal, or nobody knows what became of it: then it is an error.
    let script = Arc::new(Script::new().json(400, "{}").json(200, r#"{"secretState":"None"}"#));
    let error = client(&script).secrets().check_out(id(), AccessOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, "secrets.check_out"));
    let script = Arc::new(Script::new().json(500, "{}"));
    let error = client(&script).secrets().check_out(id(), AccessOptions::default()).await.unwrap_err();
    assert_eq!((error.outcome(), script.requests().len()), (Outcome::Unknown, 1));
}

#[tokio::test]
async fn a_read_that_is_refused_for_want_of_a_comment_says_so() {
    let body = r#"{"errorCode":"API_ValidateSecretAccessCommentRequired","message":"The requested Secret requires a comment when viewed."}"#;
    let script = Arc::new(Script::new().json(400, body));
    let error = client(&script).secrets().get(id()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Restricted, Outcome::NotDone));
    assert_eq!(error.restriction(), Some(Access::CommentRequired));
    assert!(error.advice().contains("comment") && error.to_string().contains("something stands before"));
    let script = Arc::new(Script::new().json(400, r#"{"errorCode":"API_AccessDenied"}"#));
    assert_eq!(client(&script).secrets().get(id()).await.unwrap_err().restriction(), None);
}

#[tokio::test]
async fn an_approval_that_was_asked_for_is_pending() {
    let state = r#"{"id":4,"secretState":"RequiresApproval"}"#;
    for (requests, expected) in [
        (r#"{"records":[{"requestingUserId":7,"status":"Pending"}]}"#, Access::ApprovalPending),
        (r#"{"records":[{"requestingUserId":8,"status":"Pending"}]}"#, Access::ApprovalRequired),
        (r#"{"records":[{"requestingUserId":7,"status":"Denied"}]}"#, Access::ApprovalRequired),
        (r#"{"records":[]}"#, Access::ApprovalRequired),
        ("nonsense", Access::ApprovalRequired),
    ] {
        let script = Arc::new(
            Script::new().json(200, state).json(200, r#"{"id":7,"userName":"me"}"#).json(200, requests),
        );
        assert_eq!(client(&script).secrets().access(id()).await.unwrap(), expected, "{requests}");
    }
}

#[tokio::test]
async fn access_is_asked_for_once() {
    let script = Arc::new(Script::new().json(500, "{}"));
    let client = Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("token".into()))
        .build()
        .unwrap();
    let error = client.secrets().request_access(NewAccessRequest::new(id(), "why")).await.unwrap_err();
    assert_eq!((error.outcome(), script.requests().len()), (Outcome::Unknown, 1));
    assert_eq!(
        sent(&script),
        [r#"POST /api/v1/secret-access-requests {"secretId":4,"requestComment":"why"}"#]
    );
}

#[tokio::test]
async fn what_is_done_on_a_machine_is_ordered_and_remarks_are_seen() {
    let script = Arc::new(
        Script::new()
            .json(200, r#"{"id":4,"lastHeartBeatStatus":"Pending"}"#)
            .json(200, r#"{"id":4,"responseCodes":["Something"]}"#)
            .json(200, r#"{"id":4}"#),
    );
    let client = client(&script);
    assert!(client.secrets().heartbeat(id()).await.unwrap().is_accepted());
    let remarked = client.secrets().change_password(id(), None, AccessOptions::default()).await.unwrap();
    assert!(matches!(&remarked, Ordered::Remarked(summary) if summary.response_codes == ["Something"]));
    assert_eq!(client.secrets().expire(id(), AccessOptions::default()).await.unwrap().summary().id, id());
}

/// A read in the background never takes a secret from people.
#[tokio::test]
async fn every_read_says_that_it_does_not_check_out() {
    let script = Arc::new((0..6).fold(Script::new(), |script, _| script.json(200, "{}")));
    let client = client(&script);
    let options = ReadOptions::default();
    drop(client.secrets().get(id()).await);
    drop(client.secrets().get_v2(id(), options).await);
    drop(client.secrets().field(id(), "password").await);
    drop(client.secrets().download_file(id(), "key", options).await);
    drop(client.secrets().get_restricted(id(), AccessOptions::default()).await);
    drop(client.secrets().restricted_field(id(), "password", AccessOptions::default()).await);
    let sent = sent(&script);
    assert_eq!(sent.len(), 6);
    for request in sent {
        assert!(
            request.contains("noAutoCheckout=true") || request.contains(r#""noAutoCheckout":true"#),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_path_goes_with_every_operation_that_takes_one() {
    let script = Arc::new((0..12).fold(Script::new(), |script, _| script.json(200, "{}")));
    let client = client(&script);
    let secrets = client.secrets();
    let path = || SecretPath::new("Web\\db & co").unwrap();
    drop(secrets.get(path()).await);
    drop(secrets.summary(path()).await);
    drop(secrets.state(path()).await);
    drop(secrets.field(path(), "password").await);
    drop(secrets.update_field(path(), "password", "x").await);
    drop(secrets.deactivate(path()).await);
    drop(secrets.restore(path()).await);
    drop(secrets.heartbeat(path()).await);
    drop(secrets.check_in(path(), AccessOptions::default()).await);
    drop(secrets.name(path()).await);
    for request in sent(&script) {
        assert!(request.contains("secretPath=%5CWeb%5Cdb+%26+co"), "{request}");
        assert!(request.contains("secrets/0") || request.contains("secrets/lookup/0"), "{request}");
    }
    let error = secrets.get_by_path("\\A\\", ReadOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
}

#[tokio::test]
async fn the_version_is_asked_for_once_and_only_where_a_change_depends_on_it() {
    let general = r#"{"id":4,"name":"n"}"#;
    let rename = || GeneralPatch { name: "n".to_owned().into(), ..GeneralPatch::default() };
    for (version, address) in [
        (r#"{"version":"11.2.000002"}"#, "PATCH /api/v2/secrets/4/general"),
        // Before 11.0 the answer wraps each field.
        (r#"{"model":{"version":"10.9.000033"}}"#, "PATCH /api/v1/secrets/4/general"),
    ] {
        let wrapped =
            r#"{"id":4,"name":{"value":"n","label":"Name"},"folder":{"value":null},"active":{"value":true}}"#;
        let general = if address.contains("v1") { wrapped } else { general };
        let script = Arc::new(Script::new().json(200, version).json(200, general).json(200, general));
        let client = client(&script);
        assert_eq!(client.secrets().patch(id(), rename()).await.unwrap().name, "n");
        client.clone().secrets().patch(id(), rename()).await.unwrap();
        let sent = sent(&script);
        assert_eq!(sent[0], "GET /api/v1/version");
        assert!(sent[1].starts_with(address) && sent[2].starts_with(address) && sent.len() == 3, "{sent:?}");
    }
    // Hidden: the newest is assumed. Not to be asked at all: nothing is changed.
    let script = Arc::new(Script::new().json(403, r#"{"message":"no"}"#).json(200, general));
    client(&script).secrets().patch(id(), rename()).await.unwrap();
    assert!(sent(&script)[1].starts_with("PATCH /api/v2/"));
    let script = Arc::new(Script::new().json(500, "{}"));
    client(&script).secrets().patch(id(), rename()).await.unwrap_err();
    assert_eq!(script.requests().len(), 1);
    // Stated: never asked for.
    let script = Arc::new(Script::new().json(200, r#"{"id":20,"userName":"u"}"#).json(200, r#"{"id":20}"#));
    let old = Client::builder("https://vault.example")
        .transport(script.clone())
        .credential(StaticToken::new("token".into()))
        .server_version("10.5.000003".parse().unwrap())
        .build()
        .unwrap();
    old.users().reset_password(UserId::new(20).unwrap(), "new".into()).await.unwrap();
    let sent = sent(&script);
    assert!(
        sent[0].starts_with("GET /api/v1/users/20") && sent[1].starts_with("PUT /api/v1/users/20"),
        "{sent:?}"
    );
    assert!(sent[1].contains(r#""password":"new""#) && sent.len() == 2);
}

#[tokio::test]
async fn a_read_is_asked_for_at_the_other_address_when_the_server_lacks_the_first() {
    let secret = r#"{"id":4,"secretTemplateId":6001}"#;
    let unknown = r#"{"message":"No HTTP resource was found that matches the request URI."}"#;
    for (status, body, requests) in [
        (404, unknown, 2),
        (405, r#"{"message":"The requested resource does not support http method 'GET'."}"#, 2),
        (404, r#"{"message":"There is no such secret."}"#, 1),
        (400, r#"{"errorCode":"API_AccessDenied"}"#, 1),
    ] {
        let script = Arc::new(Script::new().json(status, body).json(200, secret));
        let found = client(&script).secrets().get(id()).await;
        assert_eq!((script.requests().len(), found.is_ok()), (requests, requests == 2), "{body}");
    }
}

#[tokio::test]
async fn a_user_who_is_in_no_list_of_members_is_no_member_and_a_refused_list_is_an_error() {
    let denied = r#"{"errorCode":"API_AccessDenied","message":"Access Denied"}"#;
    let (group, user) = (GroupId::new(3).unwrap(), UserId::new(20).unwrap());
    let others = r#"{"records":[{"groupId":3,"userId":21}],"total":1}"#;
    let script = Arc::new(Script::new().json(400, denied).json(200, others));
    assert_eq!(client(&script).groups().member(group, user).await.unwrap(), None);
    let script = Arc::new(Script::new().json(400, denied).json(400, denied));
    let error = client(&script).groups().member(group, user).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Denied, "groups.member"));
    let script = Arc::new(Script::new().json(400, denied).json(500, "{}"));
    assert_eq!(client(&script).groups().member(group, user).await.unwrap_err().kind(), ErrorKind::Server);
}
