//! N-16: what e-mail says, and messages over a real socket.

use std::sync::Arc;
use std::time::Duration;

use alm_core::adapter::email::{SmtpCourier, SmtpCourierBuilder, SmtpSecurity};
use alm_core::model::delivery::DeliveryState;
use alm_core::model::destination::{EventFilter, Target};
use alm_core::model::email::EmailTarget;
use alm_core::model::event::EventKind;
use alm_core::model::ids::DestinationId;
use alm_core::model::template::EolAction;
use alm_core::service::destinations::AddDestination;
use alm_core::service::emails::SetEmailTemplate;
use alm_core::service::people::{EditPerson, SetPersonEnabled};
use alm_core::{Dispatcher, ErrorKind};

use super::smtp_server::Server;
use super::tls::tls;
use crate::it::rules::received;
use crate::it::world::World;

async fn sender(world: &World, kind: EventKind) -> DestinationId {
    let target = Target::Email(EmailTarget::new("alm@corp.example.com"));
    let add = AddDestination::new("mail", target).events(EventFilter::these([kind]));
    world.execute(&world.admin, add).await.unwrap()
}

fn plain(server: &Server) -> SmtpCourierBuilder {
    SmtpCourier::builder("127.0.0.1").port(server.port).security(SmtpSecurity::Plain)
}

fn dispatcher(world: &World, builder: SmtpCourierBuilder) -> Dispatcher {
    Dispatcher::new(world.alm.clone()).courier(Arc::new(builder.build().unwrap()))
}

/// Decodes what quoted-printable makes of the few characters that these tests use.
fn decoded(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, more)) = rest.split_first() {
        let code = (first == b'=' && more.len() >= 2)
            .then(|| u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).ok())
            .flatten();
        if let Some(code) = code {
            bytes.push(code);
            rest = &more[2..];
        } else {
            bytes.push(first);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn n_16_o_1_each_recipient_gets_one_message_to_all_their_addresses() {
    let world = World::new().await;
    let server = Server::start(None, false).await;
    sender(&world, EventKind::ApprovalRequired).await;
    let body = "Dear ${person},\n${requester} asks for ${request_account}.\nGr\u{fc}\u{df}e, ${text}";
    let words =
        SetEmailTemplate::new(EventKind::ApprovalRequired, "Please decide on ${request_account}", body);
    world.execute(&world.admin, words).await.unwrap();
    let two = EditPerson::new(world.lead.person, "Lea Lead", ["lea@corp.example.com", "lea@home.example"]);
    world.execute(&world.admin, two).await.unwrap();
    let template = world.template(EolAction::Review).await;
    let request = world.submitted(template, "payroll").await;
    let report = dispatcher(&world, plain(&server)).run_ready().await.unwrap();
    assert_eq!((report.delivered, report.failed), (1, 0));
    let taken = server.taken();
    assert_eq!(taken.len(), 2, "one for each of the two team leads");
    let hers = taken.iter().find(|one| one.to.len() == 2).unwrap();
    assert!(hers.to[0].contains("lea@corp.example.com") && hers.to[1].contains("lea@home.example"));
    assert!(hers.from.contains("alm@corp.example.com"));
    assert_eq!(hers.header("Subject"), ["Please decide on svc-payroll"]);
    assert_eq!(hers.header("Auto-Submitted"), ["auto-generated"]);
    assert!(hers.header("Content-Type")[0].starts_with("text/plain"));
    let requester = world.document::<alm_core::model::people::Person>(world.requester.person.uuid()).await;
    let text = decoded(&hers.text);
    assert!(
        text.contains(&format!("Dear Lea Lead,\r\n{} asks for svc-payroll.", requester.display_name)),
        "{text}"
    );
    assert!(text.contains("Gr\u{fc}\u{df}e"), "{text}");
    let _ = request;
    // Told twice, it is one message to a mail program.
    let ids: std::collections::BTreeSet<_> = taken.iter().flat_map(|one| one.header("Message-ID")).collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn n_16_what_is_wrong_with_a_template_is_said_when_it_is_saved() {
    let world = World::new().await;
    let set = |subject: &str, body: &str| SetEmailTemplate::new(EventKind::EndOfLife, subject, body);
    for (subject, body) in [
        ("", "x"),
        ("x", " "),
        ("two\nlines", "x"),
        ("x\r\nBcc: eve@example.com", "x"),
        ("${nobody}", "x"),
        ("x", "${requester}"),
        ("x", "${account"),
        ("${}", "x"),
        ("x", "bell\u{7}"),
        (&"x".repeat(201), "x"),
        ("x", &"x".repeat(20_001)),
    ] {
        world.refused(&world.admin, set(subject, body), "N-16").await;
    }
    let error = world.refused(&world.admin, set("${a}", "${b} ${c}"), "N-16").await;
    assert_eq!(error.refusals().len(), 3, "all at once");
    assert!(error.to_string().contains("account_end"), "what there is: {error}");
    world.refused(&world.lead, set("x", "y"), "P-1").await;
    received(&world.alm.email_templates(&world.lead).await.unwrap_err(), "P-1");
    for from in ["", "nobody", "a@b@c", "@x", "a@", "a b@c", "Ada <a@b>", "a@b\r\nBcc: eve@example.com"] {
        let add = AddDestination::new("mail", Target::Email(EmailTarget::new(from)));
        world.refused(&world.admin, add, "N-16").await;
    }
    world.execute(&world.admin, set("${account} is over", "it is")).await.unwrap();
    let all = world.alm.email_templates(&world.admin).await.unwrap();
    assert_eq!(all.len(), EventKind::ALL.len());
    let said = all.iter().find(|one| one.kind == EventKind::EndOfLife).unwrap();
    assert_eq!(said.subject, "${account} is over");
    world.execute(&world.admin, SetEmailTemplate::built_in(EventKind::EndOfLife)).await.unwrap();
    let all = world.alm.email_templates(&world.admin).await.unwrap();
    assert!(all.iter().all(|one| one.subject.contains("${text}")));
}

#[tokio::test]
async fn n_16_no_name_begins_a_header_and_nothing_is_sent_where_it_is_turned_off() {
    let world = World::new().await;
    let server = Server::start(None, false).await;
    sender(&world, EventKind::ApprovalRequired).await;
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "a").await;
    // As no command would leave it.
    world
        .rewrite::<alm_core::model::people::Person>(world.lead.person.uuid(), |person| {
            person.display_name = "Lea\r\nBcc: eve@example.com".to_owned();
            person.emails =
                vec!["x\r\nRCPT TO:<eve@example.com>".to_owned(), "lea@corp.example.com".to_owned()];
        })
        .await;
    let all = SetEmailTemplate::new(EventKind::ApprovalRequired, "for ${person}", "${person}");
    world.execute(&world.admin, all).await.unwrap();
    let mail = dispatcher(&world, plain(&server));
    mail.run_ready().await.unwrap();
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    for one in &taken {
        assert!(one.header("Bcc").is_empty(), "{}", one.text);
        assert!(!one.to.iter().any(|to| to.contains("eve")), "{:?}", one.to);
        assert_eq!(one.header("Subject").len(), 1);
    }
    world.execute(&world.admin, SetEmailTemplate::off(EventKind::ApprovalRequired)).await.unwrap();
    world.submitted(template, "b").await;
    assert_eq!(mail.run_ready().await.unwrap().delivered, 1);
    assert_eq!(server.taken().len(), 2);
    // And disabled people get nothing.
    world.execute(&world.admin, SetEmailTemplate::built_in(EventKind::ApprovalRequired)).await.unwrap();
    world.submitted(template, "c").await;
    world.execute(&world.admin, SetPersonEnabled::new(world.lead2.person, false)).await.unwrap();
    mail.run_ready().await.unwrap();
    assert_eq!(server.taken().len(), 3);
}

#[tokio::test]
async fn n_16_a_refused_address_costs_the_others_nothing_and_nobody_gets_it_twice() {
    let world = World::new().await;
    let server = Server::start(None, false).await;
    let id = sender(&world, EventKind::ApprovalRequired).await;
    let two = EditPerson::new(world.lead.person, "Lea", ["gone@corp.example.com", "lea@corp.example.com"]);
    world.execute(&world.admin, two).await.unwrap();
    let other = EditPerson::new(world.lead2.person, "Leo", ["leo@corp.example.com"]);
    world.execute(&world.admin, other).await.unwrap();
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "a").await;
    let later = ("leo@", "451 not now, said leo@corp.example.com");
    server.state.lock().unwrap().refuse = vec![("gone@", "550 nobody"), later];
    let mail = dispatcher(&world, plain(&server));
    assert_eq!(mail.run_ready().await.unwrap().failed, 1);
    let sent =
        |who: &str| server.taken().iter().filter(|one| one.to.iter().any(|to| to.contains(who))).count();
    assert_eq!(sent("leo@"), 0);
    let waiting = world.alm.deliveries(&world.admin, id, DeliveryState::Waiting, None, 9).await.unwrap();
    let note = waiting[0].note.as_deref().unwrap();
    assert!(note.contains("451") && !note.contains("leo@"), "what a server says is not repeated: {note}");
    server.state.lock().unwrap().refuse.pop();
    world.clock.advance(jiff::SignedDuration::from_secs(6));
    mail.run_ready().await.unwrap();
    assert_eq!((sent("lea@"), sent("leo@")), (1, 1));

    // Nobody there at all: for good.
    server.state.lock().unwrap().refuse = vec![("@", "550 nobody")];
    world.submitted(template, "b").await;
    assert_eq!(mail.run_ready().await.unwrap().dead, 1);
    // No server: later.
    let away = dispatcher(&world, SmtpCourier::builder("127.0.0.1").port(1).security(SmtpSecurity::Plain));
    world.submitted(template, "c").await;
    let report = away.run_ready().await.unwrap();
    assert_eq!((report.failed, report.dead), (1, 0));
}

#[tokio::test]
async fn n_16_a_mailbox_that_is_full_for_now_keeps_nothing_from_the_others() {
    let world = World::new().await;
    let server = Server::start(None, false).await;
    sender(&world, EventKind::ApprovalRequired).await;
    for (person, emails) in [
        (world.lead.person, vec!["full@corp.example.com", "lea@corp.example.com"]),
        (world.lead2.person, vec!["full@corp.example.com", "leo@corp.example.com"]),
    ] {
        world.execute(&world.admin, EditPerson::new(person, "Lea", emails)).await.unwrap();
    }
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "a").await;
    server.state.lock().unwrap().refuse = vec![("full@", "451 not now")];
    let mail = dispatcher(&world, plain(&server));
    assert_eq!(mail.run_ready().await.unwrap().failed, 1);
    let sent =
        |who: &str| server.taken().iter().filter(|one| one.to.iter().any(|to| to.contains(who))).count();
    assert_eq!((sent("full@"), sent("lea@"), sent("leo@")), (0, 1, 1));
    server.state.lock().unwrap().refuse.clear();
    world.clock.advance(jiff::SignedDuration::from_secs(6));
    assert_eq!(mail.run_ready().await.unwrap().delivered, 1);
    assert_eq!((sent("full@"), sent("lea@"), sent("leo@")), (2, 1, 1), "nobody gets it twice");
}

#[tokio::test]
async fn n_16_who_is_not_there_makes_no_dead_letter_of_what_the_others_got() {
    let world = World::new().await;
    let server = Server::start(None, false).await;
    let id = sender(&world, EventKind::ApprovalRequired).await;
    for (person, email) in
        [(world.lead.person, "lea@corp.example.com"), (world.lead2.person, "leo@home.example")]
    {
        world.execute(&world.admin, EditPerson::new(person, "Lea", [email])).await.unwrap();
    }
    let template = world.template(EolAction::Review).await;
    world.submitted(template, "a").await;
    server.state.lock().unwrap().refuse = vec![("leo@", "550 nobody")];
    let report = dispatcher(&world, plain(&server)).run_ready().await.unwrap();
    assert_eq!((report.delivered, report.failed, report.dead), (1, 0, 0));
    assert_eq!(server.taken().len(), 1);
    let done = world.alm.deliveries(&world.admin, id, DeliveryState::Delivered, None, 9).await.unwrap();
    let note = done[0].note.as_deref().unwrap();
    assert!(note.contains("550") && note.contains(&world.lead2.person.to_string()), "{note}");
    assert!(!note.contains(&world.lead.person.to_string()) && !note.contains("leo@"), "{note}");
}

#[tokio::test]
async fn n_16_other_machines_are_reached_over_verified_tls_only() {
    let world = World::new().await;
    let id = sender(&world, EventKind::ApprovalRequired).await;
    let (authority, acceptor) = tls();
    let template = world.template(EolAction::Review).await;
    let password = || secrecy::SecretString::from("canary-4711");
    for (name, security) in [("a", SmtpSecurity::StartTls), ("b", SmtpSecurity::Tls)] {
        let server = Server::start(Some(acceptor.clone()), security == SmtpSecurity::Tls).await;
        let at = || {
            let builder = SmtpCourier::builder("localhost").port(server.port).security(security);
            builder.login("alm", password()).step_limit(Duration::from_secs(5))
        };
        world.submitted(template, name).await;
        // Nobody vouches for it.
        let report = dispatcher(&world, at()).run_ready().await.unwrap();
        assert_eq!((report.delivered, report.failed), (0, 1));
        assert!(server.taken().is_empty());
        world.clock.advance(jiff::SignedDuration::from_secs(10));
        let trusting = dispatcher(&world, at().authority(authority.clone()));
        let report = trusting.run_ready().await.unwrap();
        assert_eq!((report.delivered, report.failed), (1, 0));
        assert!(server.taken().iter().all(|one| one.tls && one.login) && server.taken().len() == 2);
        // A sign-in that is refused is mended by a person: no dead letter.
        server.state.lock().unwrap().login = Some("535 no, not canary-4711");
        world.submitted(template, &format!("{name}2")).await;
        let report = trusting.run_ready().await.unwrap();
        assert_eq!((report.failed, report.dead), (1, 0));
        let waiting = world.alm.deliveries(&world.admin, id, DeliveryState::Waiting, None, 9).await.unwrap();
        assert!(waiting.iter().all(|one| !one.note.as_deref().unwrap_or_default().contains("canary")));
        server.state.lock().unwrap().login = None;
        world.clock.advance(jiff::SignedDuration::from_secs(10));
        trusting.run_ready().await.unwrap();
    }
    // One that offers no TLS gets nothing.
    let server = Server::start(None, false).await;
    world.submitted(template, "c").await;
    let strict = SmtpCourier::builder("localhost").port(server.port).authority(authority);
    assert_eq!(dispatcher(&world, strict).run_ready().await.unwrap().failed, 1);
    assert!(server.taken().is_empty());

    let elsewhere = SmtpCourier::builder("mail.example.com").security(SmtpSecurity::Plain).build();
    assert_eq!(elsewhere.unwrap_err().kind(), ErrorKind::Config);
    let signed_in = SmtpCourier::builder("localhost").security(SmtpSecurity::Plain).login("alm", password());
    assert!(!format!("{signed_in:?}").contains("canary"));
    assert_eq!(signed_in.build().unwrap_err().kind(), ErrorKind::Config);
    let broken = SmtpCourier::builder("localhost").authority("no certificate").build();
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::Config);
}
