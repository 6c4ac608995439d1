//! Several controllers: which is asked, which is not, and what is asked again when one is lost.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ad_directory::{
    CreateOptions, DeleteOptions, Directory, ErrorKind, FindOptions, LdapDirectory, LdapDirectoryBuilder,
    ListOptions, NewAccount, ObjectGuid, Outcome, PinOptions, ProbeOptions, Query, Reach, Result,
    ServiceNameOptions, SrvRecord, SrvResolver, TimeLimits,
};
use async_trait::async_trait;
use futures_util::StreamExt;

use crate::{
    ground::dn,
    services::mappings,
    stub::{ADD, Answer, BIND, SEARCH, Stub, account, done, entry},
};

const OK: Answer = Answer::Result(0, "");

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

fn one() -> Answer {
    Answer::Entries(vec![account(7, "m", &[])])
}

/// What a controller says of itself.
fn root(capabilities: &[&str]) -> Answer {
    let values = capabilities.iter().map(|oid| oid.as_bytes().to_vec()).collect();
    Answer::Operations(vec![entry("", &[("supportedCapabilities", values)]), done(0, &[])])
}

const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

pub(crate) fn controller() -> Answer {
    root(&[ACTIVE_DIRECTORY])
}

/// A directory of two controllers that different authorities vouch for.
pub(crate) fn both(first: &Stub, second: &Stub) -> LdapDirectory {
    first.builder().fallback(&second.url).ca_pem(second.ca.as_bytes()).build().unwrap()
}

async fn find(directory: &LdapDirectory) -> Result<bool> {
    Ok(directory.find_account(&guid().into(), FindOptions::new()).await?.is_some())
}

#[tokio::test]
async fn a_reading_that_lost_its_controller_is_answered_by_another() {
    let first = Stub::new(vec![controller(), OK, one(), Answer::Close]).await;
    let second = Stub::new(vec![controller(), OK, one(), one()]).await;
    let directory = both(&first, &second);
    assert!(find(&directory).await.unwrap());
    assert!(find(&directory).await.unwrap());
    assert_eq!(first.tags(), [SEARCH, BIND, SEARCH, SEARCH]);
    assert_eq!(second.tags(), [SEARCH, BIND, SEARCH]);
    // And it stays there: the other has just failed.
    assert!(find(&directory).await.unwrap());
    assert_eq!(second.tags(), [SEARCH, BIND, SEARCH, SEARCH]);
}

#[tokio::test]
async fn a_change_that_lost_its_controller_is_sent_to_no_other() {
    let first = Stub::new(vec![controller(), OK, Answer::Close]).await;
    let second = Stub::new(vec![controller(), OK, OK, one()]).await;
    let new = NewAccount::new(dn("OU=Accounts,DC=corp,DC=example"), "svc".parse().unwrap());
    let error = both(&first, &second).create_account(&new, CreateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Unknown));
    assert_eq!(first.tags(), [SEARCH, BIND, ADD]);
    assert!(second.tags().is_empty());
}

/// What was read before it is read again, since nothing was sent; then the change goes where that was read.
#[tokio::test]
async fn a_change_whose_first_reading_was_lost_goes_to_the_other_controller() {
    let first = Stub::new(vec![controller(), OK, Answer::Close]).await;
    let second = Stub::new(vec![controller(), OK, one(), OK]).await;
    both(&first, &second).delete_account(guid(), DeleteOptions::new()).await.unwrap();
    assert_eq!((first.tags().len(), second.tags().len()), (3, 4));
}

#[tokio::test]
async fn a_pinned_view_asks_no_other_controller() {
    let first = Stub::new(vec![controller(), OK, Answer::Close, OK, Answer::Close]).await;
    let second = Stub::new(vec![controller(), OK, one()]).await;
    let pinned = both(&first, &second).pin(PinOptions::new()).await.unwrap();
    let error = pinned.find_account(&guid().into(), FindOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 2));
    assert_eq!(first.tags(), [SEARCH, BIND, SEARCH, BIND, SEARCH]);
    assert!(second.tags().is_empty());
}

#[tokio::test]
async fn a_read_only_controller_and_a_server_that_is_none_get_no_password() {
    for capabilities in [&[ACTIVE_DIRECTORY, "1.2.840.113556.1.4.1920"][..], &[]] {
        let first = Stub::new(vec![root(capabilities)]).await;
        let second = Stub::new(vec![controller(), OK, one()]).await;
        assert!(find(&both(&first, &second)).await.unwrap());
        assert_eq!((first.tags(), second.tags()), (vec![SEARCH], vec![SEARCH, BIND, SEARCH]));
        assert_eq!(first.sent(b"Canary"), 0);
    }
    let only = Stub::new(vec![root(&[])]).await;
    let other = Stub::new(vec![root(&[])]).await;
    let error = find(&both(&only, &other)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Unsupported, Outcome::NotSent, 2)
    );
}

/// One that let a whole operation wait is asked last for a while.
#[tokio::test]
async fn a_controller_that_does_not_answer_is_asked_after_the_others() {
    let first = Stub::new(vec![controller(), OK, Answer::Silence]).await;
    let second = Stub::new(vec![controller(), OK, one()]).await;
    let directory = both(&first, &second);
    assert_eq!(find(&directory).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(find(&directory).await.unwrap());
    assert_eq!(second.tags(), [SEARCH, BIND, SEARCH]);
}

/// Whoever reads a list and asks for something else for each of its items must not wait for himself.
#[tokio::test]
async fn one_connection_is_enough_to_ask_while_a_list_is_read() {
    let page = |cookie| Answer::Page(vec![account(1, "m", &[])], cookie);
    // The list reads a page ahead and waits with another: it still has its connection when the question comes.
    let stub = Stub::new(vec![OK, page(b"a"), page(b"b"), page(b""), OK, one()]).await;
    let directory = stub.builder().max_connections(1).build().unwrap();
    let mut list = directory.list_accounts(&Query::all(), ListOptions::new());
    list.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(find(&directory).await.unwrap());
    assert_eq!(stub.connections(), [1, 1, 1, 1, 2, 2]);
    assert_eq!(list.by_ref().count().await, 2);
    // A list more than allowed says what is wrong, instead of waiting for ever.
    let stub = Stub::new(vec![OK, page(b"more"), page(b"more"), page(b"more")]).await;
    let directory = stub.builder().max_connections(1).build().unwrap();
    let mut list = directory.list_accounts(&Query::all(), ListOptions::new());
    list.next().await.unwrap().unwrap();
    let mut second = directory.list_accounts(&Query::all(), ListOptions::new());
    let error = second.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("1 lists are being read"), "{error}");
}

const REFUSED: Answer = Answer::Result(
    49,
    "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563",
);

async fn owners(directory: &LdapDirectory) -> Result<(usize, Reach)> {
    // Nothing else stands for this class.
    let name = "MSSQLSvc/web.corp.example".parse().unwrap();
    let owners = directory.service_name_owners(&name, ServiceNameOptions::new()).await?;
    Ok((owners.owners.len(), owners.reach))
}

fn with_catalog(domain: &Stub, catalog: &Stub) -> LdapDirectory {
    domain.builder().global_catalog(&catalog.url).ca_pem(catalog.ca.as_bytes()).build().unwrap()
}

/// Each refusal counts towards the lock-out of the account, wherever it was given.
#[tokio::test]
async fn a_password_that_the_global_catalog_refused_is_sent_to_no_controller_until_it_is_replaced() {
    let page = |cookie| Answer::Page(vec![account(1, "m", &[])], cookie);
    let [root, mapping] = mappings();
    let domain = Stub::new(vec![OK, page(b"a"), page(b"b"), page(b""), root, mapping]).await;
    let catalog = Stub::new(vec![REFUSED, OK, one()]).await;
    let directory = with_catalog(&domain, &catalog);
    assert_eq!(owners(&directory).await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(owners(&directory).await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(catalog.tags(), [BIND]);
    // The list has the only connection of the domain, which is signed in; another one would have to sign in.
    let mut list = directory.list_accounts(&Query::all(), ListOptions::new());
    list.next().await.unwrap().unwrap();
    let error = find(&directory).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotSent));
    assert_eq!(domain.tags().split(|tag| *tag == BIND).count(), 2);
    directory.replace_password("Another-9c1d".into()).unwrap();
    assert_eq!(list.by_ref().count().await, 2);
    assert_eq!(owners(&directory).await.unwrap(), (1, Reach::Forest));
    assert_eq!((catalog.tags(), catalog.sent(b"Another-9c1d")), (vec![BIND, BIND, SEARCH], 1));
}

/// It is only read from, so one that cannot be written to will do; what is no controller gets no password there either.
#[tokio::test]
async fn a_read_only_global_catalog_is_used() {
    let [root_dse, mapping] = mappings();
    let domain = Stub::new(vec![OK, root_dse, mapping]).await;
    let stranger = Stub::new(vec![root(&[])]).await;
    let read_only = Stub::new(vec![root(&[ACTIVE_DIRECTORY, "1.2.840.113556.1.4.1920"]), OK, one()]).await;
    let directory = domain
        .builder()
        .global_catalog(&stranger.url)
        .ca_pem(stranger.ca.as_bytes())
        .global_catalog(&read_only.url)
        .ca_pem(read_only.ca.as_bytes())
        .build()
        .unwrap();
    assert_eq!(owners(&directory).await.unwrap(), (1, Reach::Forest));
    assert_eq!((stranger.tags(), read_only.tags()), (vec![SEARCH], vec![SEARCH, BIND, SEARCH]));
}

/// A lost connection is opened anew; and when no catalog is left, the domain answers for itself and says so.
#[tokio::test]
async fn a_global_catalog_that_is_lost_is_asked_again_and_then_the_domain() {
    let [root, mapping] = mappings();
    let domain = Stub::new(vec![OK, root, mapping, one()]).await;
    let catalog = Stub::new(vec![OK, Answer::Close, OK, one(), Answer::Close, Answer::Close]).await;
    let directory = with_catalog(&domain, &catalog);
    assert_eq!(owners(&directory).await.unwrap(), (1, Reach::Forest));
    assert_eq!(catalog.tags(), [BIND, SEARCH, BIND, SEARCH]);
    assert_eq!(domain.tags(), [BIND, SEARCH, SEARCH]);
    assert_eq!(owners(&directory).await.unwrap(), (1, Reach::Domain));
    assert_eq!(domain.tags(), [BIND, SEARCH, SEARCH, SEARCH]);
}

#[derive(Clone, Debug, Default)]
struct Names {
    records: Arc<Mutex<Vec<(&'static str, SrvRecord)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    fn new(records: Vec<(&'static str, SrvRecord)>) -> Self {
        Self { records: Arc::new(Mutex::new(records)), asked: Arc::default() }
    }
}

#[async_trait]
impl SrvResolver for Names {
    async fn lookup(&self, name: &str) -> Result<Vec<SrvRecord>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let records = self.records.lock().unwrap();
        Ok(records.iter().filter(|(of, _)| *of == name).map(|(_, record)| record.clone()).collect())
    }
}

const DOMAIN: &str = "_ldap._tcp.dc._msdcs.corp.example";
const SITE: &str = "_ldap._tcp.Berlin._sites.dc._msdcs.corp.example";

fn record(stub: &Stub, priority: u16) -> SrvRecord {
    let port = stub.url.rsplit(':').next().unwrap().parse().unwrap();
    SrvRecord::new("127.0.0.1.", port).priority(priority)
}

fn located(names: &Names, trusted: &[&Stub]) -> LdapDirectoryBuilder {
    let builder = LdapDirectory::locate("corp.example")
        .resolver(names.clone())
        .controllers_below("127.0.0.1")
        .bind_name("svc@corp.example")
        .password("Canary-7f3a".into())
        .base_dn(dn("DC=corp,DC=example"))
        .time_limits(TimeLimits::default().operation(Duration::from_secs(2)));
    trusted.iter().fold(builder, |builder, stub| builder.ca_pem(stub.ca.as_bytes()))
}

#[tokio::test]
async fn controllers_of_the_site_come_first_and_the_others_after_them() {
    let far = Stub::new(vec![controller(), OK, one()]).await;
    let near = Stub::new(vec![controller(), OK, one(), Answer::Close]).await;
    let names =
        Names::new(vec![(DOMAIN, record(&far, 0)), (DOMAIN, record(&near, 0)), (SITE, record(&near, 0))]);
    let directory = located(&names, &[&far, &near]).site("Berlin").build().unwrap();
    assert!(names.asked.lock().unwrap().is_empty(), "nothing is asked before the first operation");
    assert!(find(&directory).await.unwrap());
    assert!(find(&directory).await.unwrap());
    assert_eq!((near.tags().len(), far.tags().len()), (4, 3));
    // Asked once: what DNS says is good for a while.
    assert_eq!(*names.asked.lock().unwrap(), [SITE, DOMAIN]);
}

#[tokio::test]
async fn the_priority_decides_who_is_asked_first() {
    for _ in 0..5 {
        let spare = Stub::new(vec![]).await;
        let first = Stub::new(vec![controller(), OK, one()]).await;
        let names = Names::new(vec![(DOMAIN, record(&spare, 20)), (DOMAIN, record(&first, 10))]);
        assert!(find(&located(&names, &[&spare, &first]).build().unwrap()).await.unwrap());
        assert!(spare.tags().is_empty());
    }
}

/// Whoever answers for the name servers could name a host of his own, with a good certificate for its name.
#[tokio::test]
async fn a_controller_outside_of_the_domain_is_not_used() {
    let stub = Stub::new(vec![controller(), OK, one()]).await;
    let names = Names::new(vec![(DOMAIN, record(&stub, 0))]);
    let directory = LdapDirectory::locate("corp.example")
        .resolver(names)
        .bind_name("svc@corp.example")
        .password("Canary-7f3a".into())
        .ca_pem(stub.ca.as_bytes())
        .build()
        .unwrap();
    let error = directory.probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    assert!(error.to_string().contains("controllers_below"), "{error}");
    assert!(stub.tags().is_empty());
}

#[tokio::test]
async fn a_domain_without_controllers_is_named() {
    let stub = Stub::new(vec![]).await;
    let names = Names::default();
    let error = find(&located(&names, &[&stub]).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Connect, Some("corp.example")));
    // The next operation asks again.
    names.records.lock().unwrap().push((DOMAIN, record(&stub, 0)));
    let _refused = find(&located(&names, &[&stub]).build().unwrap()).await;
    assert_eq!(stub.tags(), [SEARCH]);
}

#[tokio::test]
async fn an_address_of_version_6_is_verified_as_such() {
    let (issuer, ca) = crate::stub::authority();
    let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
        panic!("this test needs IPv6 on the loopback interface");
    };
    let port = listener.local_addr().unwrap().port();
    let right = crate::stub::acceptor(&issuer, "::1");
    let wrong = crate::stub::acceptor(&issuer, "::2");
    tokio::spawn(async move {
        for acceptor in [wrong, right] {
            let (stream, _) = listener.accept().await.unwrap();
            // Who gets as far as here has accepted the certificate; nobody answers then.
            let _closed = acceptor.accept(stream).await;
        }
    });
    let directory = || {
        LdapDirectory::builder(format!("ldaps://[::1]:{port}"))
            .bind_name("svc@corp.example")
            .password("Canary-7f3a".into())
            .ca_pem(ca.as_bytes())
            .build()
            .unwrap()
    };
    let error = directory().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("[::1]"), "{error}");
    let error = directory().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "the handshake was good, and then it was closed: {error}");
}
