//! H-1 to H-3: events to other programs, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use alm_core::adapter::webhook::{WebhookCourier, WebhookCourierBuilder};
use alm_core::model::delivery::{Delivery, DeliveryState};
use alm_core::model::destination::{EventFilter, Target};
use alm_core::model::event::EventKind;
use alm_core::model::ids::DestinationId;
use alm_core::model::people::{Feature, Permission, Verb};
use alm_core::model::template::EolAction;
use alm_core::model::webhook::{Authorization, OAuth, TokenContent, Webhook};
use alm_core::port::clock::Clock as _;
use alm_core::port::credential::{Credential, CredentialSource as _, FolderCredentials, OwnCredentials};
use alm_core::service::destinations::{
    AddDestination, EditDestination, RemoveDestination, SetDestinationEnabled,
};
use alm_core::service::people::AddPerson;
use alm_core::service::roles::AddRole;
use alm_core::{Caller, Dispatcher, ErrorKind};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::tls::tls;
use super::web_server::{Request, WebServer};
use crate::it::rules::{proves, received};
use crate::it::world::World;

const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

/// Credentials that are for these servers.
fn credentials(servers: &[&WebServer]) -> Arc<OwnCredentials> {
    let credential = |user: &str, secret: &str| {
        let one = Credential::new(user, SecretString::from(secret)).for_host("example.com");
        servers.iter().fold(one, |one, server| {
            one.for_host(format!("127.0.0.1:{}", server.port))
                .for_host(format!("LocalHost:{}", server.port))
                .token_for_host(format!("127.0.0.1:{}", server.port))
        })
    };
    Arc::new(
        OwnCredentials::new()
            .with("key", credential("", KEY))
            .with("itsm", credential("alm", "canary-4711 \u{e4}&="))
            .with("bad-key", credential("", "no key at all")),
    )
}

fn courier(world: &World, servers: &[&WebServer]) -> WebhookCourierBuilder {
    WebhookCourier::builder(credentials(servers), world.clock.clone()).request_limit(Duration::from_secs(5))
}

fn dispatcher(world: &World, servers: &[&WebServer]) -> Dispatcher {
    let courier = courier(world, servers).allow_host("127.0.0.1").build().unwrap();
    Dispatcher::new(world.alm.clone()).courier(Arc::new(courier))
}

fn to(server: &WebServer) -> Webhook {
    Webhook::new(format!("http://127.0.0.1:{}/hook?a=b", server.port), "key")
}

fn target(webhook: Webhook) -> Target {
    Target::Webhook(Box::new(webhook))
}

async fn add(world: &World, webhook: Webhook) -> DestinationId {
    let only = EventFilter::these([EventKind::TemplateStateChanged]);
    let add = AddDestination::new("hook", target(webhook)).events(only);
    world.execute(&world.admin, add).await.unwrap()
}

/// Base64, as a receiver that is not ours would compute it.
fn signature(request: &Request) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"0123456789abcdef01234567").unwrap();
    let (id, time) = (request.header("webhook-id").unwrap(), request.header("webhook-timestamp").unwrap());
    mac.update(format!("{id}.{time}.{}", request.body).as_bytes());
    let table: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut bits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:08b}")).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push('0');
    }
    let text: String = bits
        .as_bytes()
        .chunks(6)
        .map(|six| table[usize::from_str_radix(std::str::from_utf8(six).unwrap(), 2).unwrap()])
        .collect();
    format!("v1,{text}=")
}

async fn waiting(world: &World, id: DestinationId) -> Vec<Delivery> {
    world.alm.deliveries(&world.admin, id, DeliveryState::Waiting, None, 100).await.unwrap()
}

#[tokio::test]
async fn h_1_h_3_x_15_a_receiver_gets_a_signed_event_and_the_same_again_until_it_takes_it() {
    let world = World::new().await;
    let server = WebServer::start(None).await;
    let id = add(&world, to(&server).header("X-Tenant", "one")).await;
    server.answer("500 Oops", "", "canary in an answer");
    let template = world.template(EolAction::Review).await;
    let hooks = dispatcher(&world, &[&server]);
    assert_eq!(hooks.run_ready().await.unwrap().failed, 1);
    let failed = waiting(&world, id).await;
    assert_eq!(failed[0].note.as_deref(), Some("answered with status 500"));
    let first_time = world.clock.now();
    world.clock.advance(jiff::SignedDuration::from_secs(10));
    assert_eq!(hooks.run_ready().await.unwrap().delivered, 1);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for (request, attempt) in seen.iter().zip([1, 2]) {
        assert_eq!(request.line, "POST /hook?a=b HTTP/1.1");
        assert_eq!(request.header("x-tenant"), Some("one"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("webhook-signature"), Some(signature(request).as_str()));
        let body = request.json();
        assert_eq!(body["type"], "template_state_changed");
        assert_eq!(body["data"]["id"], request.header("webhook-id").unwrap());
        assert_eq!(body["data"]["template"], template.to_string());
        assert_eq!(body["data"]["attempt"], attempt);
        assert_eq!(body["timestamp"], failed[0].event.at.to_string());
    }
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    let times = seen.iter().map(|request| request.header("webhook-timestamp").unwrap().to_owned());
    assert_eq!(
        times.collect::<Vec<_>>(),
        [first_time.as_second().to_string(), (first_time.as_second() + 10).to_string()]
    );
    // H-1: its history, a test, and off.
    let history = world.alm.deliveries(&world.admin, id, DeliveryState::Delivered, None, 9).await.unwrap();
    assert_eq!((history.len(), history[0].attempts), (1, 2));
    assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
    assert_eq!(server.seen()[2].json()["type"], "test");
    world.execute(&world.admin, SetDestinationEnabled::new(id, false)).await.unwrap();
    world.template(EolAction::Disable).await;
    hooks.run_ready().await.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn h_1_h_6_a_receiver_says_when_and_whether() {
    let world = World::new().await;
    let server = WebServer::start(None).await;
    let id = add(&world, to(&server)).await;
    let hooks = dispatcher(&world, &[&server]);
    server.answer("429 Slow", "retry-after: 120\r\n", "");
    for name in ["one", "two", "three"] {
        world.publish(name, world.body(EolAction::Review)).await;
    }
    hooks.run_ready().await.unwrap();
    let asked = waiting(&world, id).await.into_iter().find(|one| one.note.is_some()).unwrap();
    assert_eq!(asked.ready_at, world.clock.now() + jiff::SignedDuration::from_secs(120));
    // It is the receiver that asked, not the event: nothing else comes meanwhile.
    world.clock.advance(jiff::SignedDuration::from_secs(100));
    hooks.run_ready().await.unwrap();
    assert_eq!((server.seen().len(), waiting(&world, id).await.len()), (1, 3));
    world.clock.advance(jiff::SignedDuration::from_secs(30));
    assert_eq!(hooks.run_ready().await.unwrap().delivered, 3);
    world.template(EolAction::Review).await;
    // A redirect is not followed: it could lead anywhere, with our signature.
    let elsewhere = WebServer::start(None).await;
    let there = format!("location: http://127.0.0.1:{}/\r\n", elsewhere.port);
    server.answer("307 There", &there, "");
    assert_eq!(hooks.run_ready().await.unwrap().failed, 1);
    assert!(elsewhere.seen().is_empty());
    server.answer("410 Gone", "", "");
    world.clock.advance(jiff::SignedDuration::from_hours(1));
    assert_eq!(hooks.run_ready().await.unwrap().dead, 1);
    assert!(!world.alm.destinations(&world.admin).await.unwrap()[0].enabled);
    assert_eq!(world.events(EventKind::DeliveryFailed).await.len(), 1);
}

#[tokio::test]
async fn h_2_basic_and_oauth_with_credentials_that_only_the_host_knows() {
    let world = World::new().await;
    let server = WebServer::start(None).await;
    let id = add(&world, to(&server).authorization(Authorization::Basic { credential: "itsm".into() })).await;
    let tokens = WebServer::start(None).await;
    let hooks = dispatcher(&world, &[&server, &tokens]);
    hooks.test(&world.admin, id).await.unwrap();
    // "alm:canary-4711 ä&=" in base64.
    assert_eq!(server.seen()[0].header("authorization"), Some("Basic YWxtOmNhbmFyeS00NzExIMOkJj0="));

    let url = format!("http://127.0.0.1:{}/token", tokens.port);
    let mut oauth = OAuth::client_credentials("itsm", url);
    let edit = |oauth: &OAuth| {
        let webhook = to(&server).authorization(Authorization::OAuth(oauth.clone()));
        EditDestination::new(id, AddDestination::new("hook", target(webhook)))
    };
    world.execute(&world.admin, edit(&oauth)).await.unwrap();
    tokens.answer("200 OK", "", r#"{"access_token":"t1","expires_in":3600}"#);
    for _ in 0..2 {
        assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
    }
    assert_eq!(tokens.seen().len(), 1, "kept as long as it is good");
    let form = &tokens.seen()[0];
    assert_eq!(form.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        form.body,
        "client_id=alm&client_secret=canary-4711+%C3%A4%26%3D&grant_type=client_credentials"
    );
    let last = || server.seen().last().unwrap().header("authorization").unwrap().to_owned();
    assert_eq!(last(), "Bearer t1");
    // Over: another, once.
    server.answer("401 No", "", "");
    tokens.answer("200 OK", "", r#"{"access_token":"t2"}"#);
    assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
    assert_eq!(last(), "Bearer t2");
    server.answer("401 No", "", "");
    server.answer("401 No", "", "");
    tokens.answer("200 OK", "", r#"{"access_token":"t3"}"#);
    let why = hooks.test(&world.admin, id).await.unwrap().unwrap();
    assert!(why.why().contains("401 to a new token"), "{why}");
    assert_eq!(tokens.seen().len(), 3);

    // As JSON, with the token elsewhere; and replies that have none.
    oauth.content = TokenContent::Json;
    oauth.fields = [("name", "${auth_id}"), ("key", "Key ${auth_secret}")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    "/data/0/token".clone_into(&mut oauth.token);
    world.execute(&world.admin, edit(&oauth)).await.unwrap();
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
    for reply in ["{}", "canary", r#"{"data":[{"token":""}]}"#, &long] {
        tokens.answer("200 OK", "", reply);
        let why = hooks.test(&world.admin, id).await.unwrap().unwrap();
        assert!(why.why().starts_with("the token: ") && !why.why().contains("canary"), "{why}");
    }
    tokens.answer("403 No", "", "canary");
    assert_eq!(
        hooks.test(&world.admin, id).await.unwrap().unwrap().why(),
        "the token: answered with status 403"
    );
    tokens.answer("200 OK", "", r#"{"data":[{"token":"t4"}]}"#);
    assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
    assert_eq!(last(), "Bearer t4");
    assert_eq!(
        tokens.seen().last().unwrap().json(),
        json!({ "name": "alm", "key": "Key canary-4711 \u{e4}&=" })
    );
    // Nothing of it is anywhere in the store.
    let (count, _) = world.store.audit_head().await.unwrap();
    let audited = world.store.audit(1, u32::try_from(count).unwrap()).await.unwrap();
    assert!(audited.iter().all(|record| !record.body.contains("canary") && !record.body.contains("whsec_")));
    let kept = world.document::<alm_core::model::destination::Destination>(id.uuid()).await;
    assert!(!serde_json::to_string(&kept).unwrap().contains("canary"));
}

#[tokio::test]
async fn a_1_what_may_be_a_secret_in_a_webhook_is_neither_audited_nor_shown() {
    let world = World::new().await;
    let mut oauth = OAuth::client_credentials("itsm", "https://login.example.com/canary-1?sig=canary-2");
    oauth.fields.insert("scope".into(), "canary-3".into());
    let webhook = |path: &str| {
        Webhook::new(format!("https://hooks.example.com/{path}?sig=canary-4"), "key")
            .header("X-Tenant", "canary-5")
            .body(json!(["${id}${type}${time}", "canary-6"]))
            .authorization(Authorization::OAuth(oauth.clone()))
    };
    let shown = format!("{:?}", AddDestination::new("hook", target(webhook("canary-7"))));
    let id = add(&world, webhook("canary-7")).await;
    let to = AddDestination::new("hook", target(webhook("canary-8")));
    world.execute(&world.admin, EditDestination::new(id, to)).await.unwrap();
    world.execute(&world.admin, RemoveDestination::new(id)).await.unwrap();
    let (count, _) = world.store.audit_head().await.unwrap();
    let audited = world.store.audit(1, u32::try_from(count).unwrap()).await.unwrap();
    let of_it: Vec<_> = audited.iter().filter(|record| record.body.contains("hooks.example.com")).collect();
    assert_eq!(of_it.len(), 3);
    for text in of_it.iter().map(|record| record.body.as_str()).chain([shown.as_str()]) {
        assert!(!text.contains("canary"), "{text}");
        for said in ["https://hooks.example.com", "https://login.example.com", "X-Tenant", "scope", "itsm"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

#[tokio::test]
async fn h_2_a_token_is_dropped_when_its_time_is_over_or_the_receiver_says_403() {
    let world = World::new().await;
    let (server, tokens) = (WebServer::start(None).await, WebServer::start(None).await);
    let oauth = OAuth::client_credentials("itsm", format!("http://127.0.0.1:{}/token", tokens.port));
    let id = add(&world, to(&server).authorization(Authorization::OAuth(oauth))).await;
    let hooks = dispatcher(&world, &[&server, &tokens]);
    let last = || server.seen().last().unwrap().header("authorization").unwrap().to_owned();
    // Over as soon as it is there.
    for (number, life) in ["5", "\"5\"", "3600"].into_iter().enumerate() {
        tokens.answer("200 OK", "", &format!(r#"{{"access_token":"t{number}","expires_in":{life}}}"#));
        assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
        assert_eq!(last(), format!("Bearer t{number}"));
    }
    server.answer("403 No", "", "");
    tokens.answer("200 OK", "", r#"{"access_token":"t3"}"#);
    assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
    assert_eq!((last().as_str(), tokens.seen().len()), ("Bearer t3", 4));
}

#[tokio::test]
async fn h_3_a_body_of_ones_own_is_json_whatever_the_values_say() {
    let world = World::new().await;
    let server = WebServer::start(None).await;
    let body = json!({
        "ticket": { "key": "alm-${id}", "when": "${time}", "what": "${type}", "n": 7 },
        "lines": ["${text}", "gap: ${after_gap}", "${account_id}"],
    });
    add(&world, to(&server).body(body)).await;
    let template = world.body(EolAction::Review);
    world.publish("a \"quoted\", \\ and ${id} name", template).await;
    dispatcher(&world, &[&server]).run_ready().await.unwrap();
    let request = &server.seen()[0];
    let said = request.json();
    assert_eq!(said["ticket"]["key"], format!("alm-{}", request.header("webhook-id").unwrap()));
    assert_eq!(said["ticket"]["n"], 7);
    assert_eq!(said["lines"][0], "a \"quoted\", \\ and ${id} name is Published");
    assert_eq!((&said["lines"][1], &said["lines"][2]), (&json!("gap: false"), &json!("")));
    assert_eq!(request.header("webhook-signature"), Some(signature(request).as_str()));
}

#[tokio::test]
async fn h_1_h_2_h_3_o_11_what_is_wrong_with_a_webhook_is_said_when_it_is_saved() {
    let world = World::new().await;
    let good = || Webhook::new("https://example.com/hook", "key");
    let add = |webhook| AddDestination::new("hook", target(webhook));
    for url in [
        "",
        "nonsense",
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https://user@example.com/",
        "https://user:canary@example.com/",
        "https://example.com/#x",
        "https://example.com/\nx",
        "http://10.0.0.1/",
        "http://localhost.example.com/",
    ] {
        let error = world.refused(&world.admin, add(Webhook::new(url, "key")), "H-1").await;
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    for name in ["", "../key", "a b", &"x".repeat(65)] {
        world.refused(&world.admin, add(Webhook::new("https://example.com/", name)), "H-3").await;
        let basic = Authorization::Basic { credential: name.to_owned() };
        world.refused(&world.admin, add(good().authorization(basic)), "H-2").await;
    }
    for (name, value) in [
        ("Authorization", "Basic x"),
        ("Webhook-Id", "1"),
        ("Content-Length", "1"),
        ("Host", "example.com"),
        ("a b", "x"),
        ("", "x"),
        ("x", "a\r\nb: c"),
        ("x", "\u{e4}"),
    ] {
        world.refused(&world.admin, add(good().header(name, value)), "H-1").await;
    }
    let many = (0..21).fold(good(), |webhook, number| webhook.header(format!("x-{number}"), "y"));
    world.refused(&world.admin, add(many), "H-1").await;
    for body in [
        json!({}),
        json!("${id} ${type}"),
        json!(["${id}${type}${time}", "${secret}"]),
        json!(["${id}${type}${time}", "${text"]),
        json!(["${id}${type}${time}", "x".repeat(20_000)]),
    ] {
        world.refused(&world.admin, add(good().body(body)), "H-3").await;
    }
    let oauth = || OAuth::client_credentials("itsm", "https://login.example.com/");
    let spoilt: [fn(&mut OAuth); 6] = [
        |oauth| oauth.token_url.clear(),
        |oauth| oauth.credential.clear(),
        |oauth| oauth.fields.clear(),
        |oauth| oauth.token.clear(),
        |oauth| drop(oauth.fields.insert("x".into(), "${password}".into())),
        |oauth| drop(oauth.fields.insert(String::new(), "x".into())),
    ];
    for spoil in spoilt {
        let mut oauth = oauth();
        spoil(&mut oauth);
        let webhook = good().authorization(Authorization::OAuth(oauth));
        world.refused(&world.admin, add(webhook), "H-2").await;
    }
    world.refused(&world.lead, add(good()), "P-1").await;
    // Whoever may with webhooks may, and nothing else.
    let hooks = [Verb::Create, Verb::Read, Verb::Update].map(|verb| Permission::new(Feature::Webhook, verb));
    let role = world.execute(&world.admin, AddRole::new("hooks", hooks)).await.unwrap();
    let hooker = AddPerson::new("Hanna", "hanna@example.com").role(role);
    let hanna = Caller::new(world.execute(&world.admin, hooker).await.unwrap(), "test");
    let id = world.execute(&hanna, add(good())).await.unwrap();
    world.refused(&hanna, AddDestination::new("x", Target::Program), "P-1").await;
    let other = EditDestination::new(id, AddDestination::new("x", Target::Program));
    world.refused(&world.admin, other, "H-6").await;
    world.execute(&world.admin, AddDestination::new("inner", Target::Program)).await.unwrap();
    assert_eq!(world.alm.destinations(&hanna).await.unwrap().len(), 1);
    received(&world.alm.deliveries(&world.lead, id, DeliveryState::Dead, None, 1).await.unwrap_err(), "P-1");
}

#[tokio::test]
async fn h_1_webhooks_go_nowhere_inside_unless_that_is_allowed() {
    let _proof = proves(&["H-1"]);
    let world = World::new().await;
    let (authority, acceptor) = tls();
    let server = WebServer::start(Some(acceptor)).await;
    let id = add(&world, Webhook::new(format!("https://localhost:{}/", server.port), "key")).await;
    let test = async |builder: WebhookCourierBuilder, id| {
        let dispatcher = Dispatcher::new(world.alm.clone()).courier(Arc::new(builder.build().unwrap()));
        dispatcher.test(&world.admin, id).await.unwrap()
    };
    let trusting = || courier(&world, &[&server]).authority(authority.clone());
    // By its name, it leads to this machine; private networks are something else.
    assert!(test(trusting(), id).await.is_some());
    assert!(test(trusting().allow_private_networks(), id).await.is_some());
    // Allowed, and nobody vouches for it.
    assert!(test(courier(&world, &[&server]).allow_host("localhost"), id).await.is_some());
    assert!(server.seen().is_empty());
    assert_eq!(test(trusting().allow_host("LocalHost"), id).await, None);
    assert_eq!(server.seen().len(), 1);
    // By its address, before anything is connected.
    for literal in
        ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.1.2.3", "[fd00:ec2::254]"]
    {
        let add = AddDestination::new(literal, target(Webhook::new(format!("https://{literal}/"), "key")));
        let id = world.execute(&world.admin, add).await.unwrap();
        let why = test(courier(&world, &[&server]), id).await.unwrap();
        assert!(why.why().contains("may not go"), "{literal}: {why}");
    }
    // A key that is none, a credential that there is not: a person mends that, so it is tried again.
    for name in ["bad-key", "nobody"] {
        let add = AddDestination::new(name, target(Webhook::new("https://example.com/", name)));
        let id = world.execute(&world.admin, add).await.unwrap();
        let why = test(courier(&world, &[&server]), id).await.unwrap();
        assert_eq!(why.fate(), alm_core::port::courier::Fate::Again);
        assert!(why.why().contains(name), "{why}");
    }
    let broken = courier(&world, &[&server]).authority("nothing").build().unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::Config);
}

/// Whoever may edit a webhook and no more could otherwise have any credential of the host sent to a host of theirs, or what it can be had for.
#[tokio::test]
async fn h_2_a_credential_goes_to_the_hosts_that_it_is_for_and_to_no_other() {
    let world = World::new().await;
    let (known, foreign) = (WebServer::start(None).await, WebServer::start(None).await);
    let hooks = dispatcher(&world, &[&known]);
    let basic = Authorization::Basic { credential: "itsm".into() };
    let token = |of: &WebServer| {
        let url = format!("http://127.0.0.1:{}/token", of.port);
        Authorization::OAuth(OAuth::client_credentials("itsm", url))
    };
    let id = add(&world, to(&foreign)).await;
    for (case, webhook) in [
        ("a signature that the right receiver would take", to(&foreign)),
        ("a password", to(&foreign).authorization(basic.clone())),
        ("a password for a token", to(&known).authorization(token(&foreign))),
        ("a token", to(&foreign).authorization(token(&known))),
    ] {
        let edit = EditDestination::new(id, AddDestination::new("hook", target(webhook)));
        world.execute(&world.admin, edit).await.unwrap();
        let why = hooks.test(&world.admin, id).await.unwrap().unwrap();
        let place = format!("is not for 127.0.0.1:{}", foreign.port);
        assert!(why.why().contains(&place), "{case}: {why}");
        assert_eq!(why.fate(), alm_core::port::courier::Fate::Again, "{case}: a person may add the host");
        assert_eq!((known.seen().len(), foreign.seen().len()), (0, 0), "{case}");
    }
    let edit = EditDestination::new(id, AddDestination::new("hook", target(to(&known).authorization(basic))));
    world.execute(&world.admin, edit).await.unwrap();
    assert_eq!(hooks.test(&world.admin, id).await.unwrap(), None);
}

#[tokio::test]
async fn h_2_credentials_come_from_files_of_a_folder_and_never_from_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("credentials");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("itsm.secret"), "canary-1\n").unwrap();
    std::fs::write(inside.join("itsm.user"), "alm\r\n").unwrap();
    std::fs::write(inside.join("itsm.hosts"), "sso.example.com\nLogin.example.com:8443\n").unwrap();
    std::fs::write(inside.join("itsm.token-hosts"), "itsm.example.com").unwrap();
    std::fs::write(inside.join("key.secret"), KEY).unwrap();
    std::fs::write(folder.path().join("other.secret"), "canary-2").unwrap();
    let source = FolderCredentials::new(&inside);
    let itsm = source.credential("itsm").await.unwrap();
    assert_eq!((itsm.user.as_str(), itsm.secret.expose_secret()), ("alm", "canary-1"));
    assert!(!format!("{itsm:?}").contains("canary"));
    let hosts: Vec<_> = itsm.hosts.iter().map(String::as_str).collect();
    assert_eq!(hosts, ["login.example.com:8443", "sso.example.com"]);
    assert!(itsm.gives_token_to(&"https://itsm.example.com/hook".parse().unwrap()));
    assert!(!itsm.is_for(&"https://itsm.example.com/hook".parse().unwrap()), "a token only");
    assert!(!itsm.gives_token_to(&"https://sso.example.com/".parse().unwrap()));
    let key = source.credential("key").await.unwrap();
    assert_eq!((key.user.as_str(), key.hosts.len()), ("", 0), "for nobody, until somebody says for whom");
    for name in ["", "nobody", "../other", "a/b", "."] {
        let error = source.credential(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    let environment = alm_core::port::credential::EnvironmentCredentials::new();
    assert_eq!(environment.credential("not-there").await.unwrap_err().kind(), ErrorKind::Config);
}
