//! A controller that is lost in the middle of a reading: what another one goes on with, and what it must not, since it would leave something out.

use ad_directory::{
    ChangeBatch, ChangeSource, ChangesOptions, Directory, DirectoryExt, ErrorKind, LdapDirectory,
    ListOptions, PinOptions, ProbeOptions, Query, Result,
};
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    changes::{before, before_at, piece, texts, user},
    controllers::{both, controller},
    stub::{Answer, BIND, SEARCH, Stub, account, done, entry},
};

const OK: Answer = Answer::Result(0, "");

fn one(entry: Vec<u8>) -> Answer {
    Answer::Operations(vec![entry, done(0, &[])])
}

/// How far the numbers of a controller have come.
fn highest(host: &str) -> Answer {
    one(entry("", &[("highestCommittedUSN", texts(&["100"])), ("dnsHostName", texts(&[host]))]))
}

/// Two controllers; each is asked what it is and lets us in first.
async fn two(first: Vec<Answer>, second: Vec<Answer>) -> (Stub, Stub, LdapDirectory) {
    let first = Stub::new([vec![controller(), OK], first].concat()).await;
    let second = Stub::new([vec![controller(), OK], second].concat()).await;
    let directory = both(&first, &second);
    (first, second, directory)
}

#[tokio::test]
async fn a_list_goes_on_at_no_other_controller() {
    let page = |id, cookie| Answer::Page(vec![account(id, "m", &[])], cookie);
    let (_first, second, directory) =
        two(vec![page(1, b"more"), Answer::Close, Answer::Close], vec![page(1, b"more"), page(2, b"")]).await;
    let list = || directory.list_accounts(&Query::all(), ListOptions::new());
    let found: Vec<_> = list().collect().await;
    let [Ok(_), Err(error)] = found.as_slice() else { panic!("one account and then an error: {found:?}") };
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Interrupted, true));
    assert!(second.tags().is_empty());
    // Read anew, it is whole: the first one lets nobody in any more, and the other one is asked.
    assert_eq!(list().try_collect::<Vec<_>>().await.unwrap().len(), 2);
    assert_eq!(second.tags(), [SEARCH, BIND, SEARCH, SEARCH]);
}

#[tokio::test]
async fn a_list_that_lost_its_controller_before_the_first_page_is_read_at_another() {
    let (_first, second, directory) =
        two(vec![Answer::Close], vec![Answer::Page(vec![account(1, "m", &[])], b"")]).await;
    let list = directory.list_accounts(&Query::all(), ListOptions::new());
    assert_eq!(list.try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!(second.tags(), [SEARCH, BIND, SEARCH]);
}

/// Each controller has the values of a link in an order of its own.
#[tokio::test]
async fn values_in_parts_are_read_from_one_controller() {
    let part = |range, group| Answer::Entries(vec![account(7, "m", &[(range, group)])]);
    let (first, second, directory) = two(
        vec![part("memberOf;range=0-0", "CN=a,DC=corp,DC=example"), Answer::Close],
        vec![part("memberOf;range=1-*", "CN=c,DC=corp,DC=example")],
    )
    .await;
    let guid = ad_directory::ObjectGuid::from_wire(&[7; 16]).unwrap();
    let error = directory.get_account(guid).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Interrupted, true));
    assert_eq!(first.sent(b"range=1-*"), 1);
    assert!(second.tags().is_empty());
}

async fn read(directory: &LdapDirectory, options: ChangesOptions) -> Result<Vec<ChangeBatch>> {
    directory.list_changes(options).try_collect().await
}

/// The cookie of DirSync is good at every controller of the domain, so the reading goes on where it was.
#[tokio::test]
async fn changes_by_dirsync_go_on_at_another_controller() {
    let (first, second, directory) = two(
        [before(), vec![piece(vec![user(1, "a")], 1, b"first-cookie"), Answer::Close]].concat(),
        vec![piece(vec![user(2, "b")], 0, b"second-cookie")],
    )
    .await;
    let batches = read(&directory, ChangesOptions::new()).await.unwrap();
    let shape: Vec<_> = batches.iter().map(|b| (b.changes.len(), b.is_last, b.is_full)).collect();
    assert_eq!(shape, [(1, false, true), (1, true, true)]);
    assert_eq!((first.sent(b"first-cookie"), second.sent(b"first-cookie")), (1, 1));
}

/// And when it is lost once more, the token of what was told last leads on: nothing is told twice, and nothing left out.
#[tokio::test]
async fn changes_that_broke_off_go_on_with_the_last_token() {
    let (_first, second, directory) = two(
        [before(), vec![piece(vec![user(1, "a")], 1, b"first-cookie"), Answer::Close]].concat(),
        [vec![Answer::Close, OK], before(), vec![piece(vec![user(2, "b")], 0, b"second-cookie")]].concat(),
    )
    .await;
    let mut list = directory.list_changes(ChangesOptions::new());
    let told = list.next().await.unwrap().unwrap();
    let error = list.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Interrupted, true));
    assert!(list.next().await.is_none());
    let batches = read(&directory, ChangesOptions::new().token(told.token)).await.unwrap();
    assert_eq!((batches.len(), batches[0].changes[0].guid.to_wire()[0]), (1, 2));
    assert_eq!(second.sent(b"first-cookie"), 2);
}

/// The numbers of a controller say nothing of another one: its objects with the numbers of the first would leave out what had not come to it.
#[tokio::test]
async fn changes_by_numbers_go_on_at_no_other_controller() {
    let whole = || one(user(1, "a"));
    let options = || ChangesOptions::new().source(ChangeSource::UpdateNumbers);
    let (_first, second, directory) =
        two([before(), vec![highest("dc1.corp.example"), Answer::Close]].concat(), vec![whole()]).await;
    let error = read(&directory, options()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Interrupted, true));
    assert!(second.tags().is_empty());
    // Lost between its name and its numbers: what another one counts is not taken for this one's.
    let mut lost = before();
    lost[3] = Answer::Close;
    let deleted = before().pop().unwrap();
    let (_first, second, directory) = two(lost, vec![deleted, highest("dc2.corp.example"), whole()]).await;
    let error = read(&directory, options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.to_string().contains("dc1.corp.example"), "{error}");
    assert_eq!(second.sent(b"uSNChanged"), 0);
}

/// Whoever reads his own writes must be told that he cannot any more; where he goes on is his decision.
#[tokio::test]
async fn a_pinned_view_whose_controller_died_says_so_until_it_is_pinned_anew() {
    let dead = vec![Answer::Close; 8];
    let first = Stub::new([vec![controller(), OK], before()[..2].to_vec(), dead].concat()).await;
    let other = || before_at("dc2.corp.example")[..2].to_vec();
    let second = Stub::new([vec![controller(), OK], other(), other()].concat()).await;
    let directory = both(&first, &second);
    let pinned = directory.pin(PinOptions::new()).await.unwrap();
    let recorded = pinned.probe(ProbeOptions::new()).await.unwrap().controller;
    for _ in 0..2 {
        let error = pinned.probe(ProbeOptions::new()).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    assert!(second.tags().is_empty(), "what was pinned has gone to no other controller");
    // By its name neither: another one is asked for its own, and is not taken for it.
    let error = directory.pin(PinOptions::new().controller(recorded)).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let pinned = directory.pin(PinOptions::new()).await.unwrap();
    let probe = pinned.probe(ProbeOptions::new()).await.unwrap();
    assert_eq!((probe.controller.host.as_str(), first.sent(b"Canary") > 0), ("dc2.corp.example", true));
}

/// One that is killed while it shakes hands is one that cannot be reached, and may be back in a minute; its certificate was not looked at.
#[tokio::test]
async fn a_controller_that_goes_during_the_handshake_may_be_asked_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldaps://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let other = Stub::new(vec![controller(), OK]).await;
    let directory = LdapDirectory::builder(url)
        .bind_name("svc@corp.example")
        .password("Canary-7f3a".into())
        .ca_pem(other.ca.as_bytes())
        .build()
        .unwrap();
    let error = directory.probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Connect, true), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
}
