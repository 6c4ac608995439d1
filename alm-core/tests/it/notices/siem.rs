//! H-4, H-5: events to collectors, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use alm_core::adapter::siem::{SiemCourier, SiemCourierBuilder};
use alm_core::model::destination::{EventFilter, Target};
use alm_core::model::event::EventKind;
use alm_core::model::ids::DestinationId;
use alm_core::model::siem::{SiemFormat, SiemTarget, SiemTransport};
use alm_core::model::template::EolAction;
use alm_core::port::courier::Fate;
use alm_core::service::destinations::AddDestination;
use alm_core::{Dispatcher, ErrorKind};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::tls::{mutual_tls, tls};
use crate::it::world::World;

async fn add(world: &World, name: &str, target: SiemTarget) -> DestinationId {
    let only = EventFilter::these([EventKind::TemplateStateChanged]);
    let add = AddDestination::new(name, Target::Siem(target)).events(only);
    world.execute(&world.admin, add).await.unwrap()
}

fn courier() -> SiemCourierBuilder {
    SiemCourier::builder("alm.example.com").limit(Duration::from_secs(5))
}

fn dispatcher(world: &World, builder: SiemCourierBuilder) -> Dispatcher {
    Dispatcher::new(world.alm.clone()).courier(Arc::new(builder.build().unwrap()))
}

/// What a collector of RFC 6587 makes of a stream.
fn counted(stream: &[u8]) -> Vec<String> {
    let (mut records, mut rest) = (Vec::new(), stream);
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let (record, more) = rest[space + 1..].split_at(length);
        records.push(String::from_utf8(record.to_vec()).unwrap());
        rest = more;
    }
    records
}

#[tokio::test]
async fn h_4_h_5_collectors_get_syslog_cef_and_json_over_udp_and_tcp() {
    let world = World::new().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let over_udp = SiemTarget::new("127.0.0.1", SiemTransport::Udp).port(socket.local_addr().unwrap().port());
    let over_tcp =
        SiemTarget::new("127.0.0.1", SiemTransport::Tcp).port(listener.local_addr().unwrap().port());
    add(&world, "udp", over_udp.clone()).await;
    for format in [SiemFormat::Syslog, SiemFormat::Cef, SiemFormat::Json] {
        add(&world, &format!("tcp {format:?}"), over_tcp.clone().format(format)).await;
    }
    world.template(EolAction::Review).await;
    let accepting = tokio::spawn(async move {
        let mut streams = Vec::new();
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            streams.push(bytes);
        }
        streams
    });
    assert_eq!(dispatcher(&world, courier()).run_ready().await.unwrap().delivered, 4);
    let mut datagram = [0; 2_000];
    let (length, _) = socket.recv_from(&mut datagram).await.unwrap();
    let plain = String::from_utf8(datagram[..length].to_vec()).unwrap();
    assert!(plain.starts_with("<110>1 2026-11-20T09:00:00.000Z alm.example.com alm "), "{plain}");
    assert!(plain.ends_with("\u{feff}Review accounts is Published"), "{plain}");
    let streams = accepting.await.unwrap();
    let (json, framed): (Vec<_>, Vec<_>) = streams.iter().partition(|stream| stream[0] == b'{');
    assert_eq!(json[0].last(), Some(&b'\n'));
    let read: serde_json::Value = serde_json::from_slice(json[0]).unwrap();
    assert_eq!(read["title"], "Provision Template State Changed", "H-5");
    assert_eq!(read["type"], "template_state_changed");
    let records: Vec<_> = framed.into_iter().flat_map(|stream| counted(stream)).collect();
    assert_eq!(records.len(), 2);
    assert!(records.contains(&plain), "the same over either transport: {records:?}");
    let cef = records.iter().find(|record| record.contains("CEF:0|")).unwrap();
    assert!(cef.contains("|template_state_changed|Provision Template State Changed|3|rt="), "{cef}");
    assert!(cef.contains(read["id"].as_str().unwrap()));
}

/// What the first client says that it comes to an understanding with.
async fn first_taken(listener: TcpListener, acceptor: TlsAcceptor) -> Vec<u8> {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            return bytes;
        }
    }
}

#[tokio::test]
async fn h_4_tls_is_verified_and_a_collector_that_is_away_gets_it_later() {
    let world = World::new().await;
    let (authority, acceptor) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let id = add(&world, "tls", SiemTarget::new("localhost", SiemTransport::Tls).port(port)).await;
    let accepting = tokio::spawn(first_taken(listener, acceptor));
    // Nobody vouches for it.
    let why = dispatcher(&world, courier()).test(&world.admin, id).await.unwrap().unwrap();
    assert!(why.why().contains("no TLS that can be trusted"), "{why}");
    let trusting = dispatcher(&world, courier().authority(authority));
    assert_eq!(trusting.test(&world.admin, id).await.unwrap(), None);
    let records = counted(&accepting.await.unwrap());
    assert!(records[0].contains(" test [alm@32473 "), "{records:?}");
    // Nobody is there any more: later.
    world.template(EolAction::Review).await;
    let report = trusting.run_ready().await.unwrap();
    assert_eq!((report.failed, report.dead), (1, 0));
    assert!(courier().authority("nothing").build().is_err());
}

/// With TLS 1.3 such a collector says no only after the handshake, when the record is on its way already.
#[tokio::test]
async fn h_4_a_collector_that_wants_a_certificate_of_ours_gets_it_and_one_that_refuses_us_has_nothing() {
    let world = World::new().await;
    let (authority, acceptor, (certificate, key)) = mutual_tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let id = add(&world, "tls", SiemTarget::new("localhost", SiemTransport::Tls).port(port)).await;
    let accepting = tokio::spawn(first_taken(listener, acceptor));
    let trusting = || courier().authority(authority.clone());
    let why = dispatcher(&world, trusting()).test(&world.admin, id).await.unwrap().unwrap();
    assert_eq!(why.fate(), Fate::Again, "{why}");
    let known = dispatcher(&world, trusting().identity(certificate.clone(), key.clone()));
    assert_eq!(known.test(&world.admin, id).await.unwrap(), None);
    assert_eq!(counted(&accepting.await.unwrap()).len(), 1);

    let (_, _, (_, another)) = mutual_tls();
    for (certificate, key) in
        [("nothing", key.clone()), (certificate.as_str(), "nothing".into()), (certificate.as_str(), another)]
    {
        let error = courier().identity(certificate, key).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert!(!format!("{:?}", courier().identity(certificate, key)).contains("PRIVATE"));
}

#[tokio::test]
async fn h_4_o_11_what_is_wrong_with_a_collector_is_said_when_it_is_saved() {
    let world = World::new().await;
    let add = |target| AddDestination::new("siem", Target::Siem(target));
    for server in ["", "two words", "a\nb", "http://x/", "h\u{f6}st"] {
        world.refused(&world.admin, add(SiemTarget::new(server, SiemTransport::Udp)), "H-4").await;
    }
    let nowhere = SiemTarget::new("siem.example.com", SiemTransport::Tls).port(0);
    world.refused(&world.admin, add(nowhere), "H-4").await;
    world.refused(&world.lead, add(SiemTarget::new("x", SiemTransport::Tcp)), "P-1").await;
    assert_eq!(SiemTarget::new("x", SiemTransport::Udp).port, 514);
}
