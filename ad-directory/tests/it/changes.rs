//! Changes, as Windows tells them and Samba does not: on scripted controllers.

use ad_directory::{
    ChangeBatch, ChangeEvent, ChangeSource, ChangesOptions, Directory, Error, ErrorKind, MembersSeen,
    ObjectGuid, ObjectKind, Outcome,
};
use futures_util::TryStreamExt;

use crate::stub::{Answer, Stub, done, entry, tlv};

const OK: Answer = Answer::Result(0, "");
const DIRSYNC: &str = "1.2.840.113556.1.4.841";
const BASE: &str = "DC=corp,DC=example";

type Attributes<'a> = Vec<(&'a str, Vec<Vec<u8>>)>;

pub(crate) fn texts(values: &[&str]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.as_bytes().to_vec()).collect()
}

fn object(id: u8, dn: &str, more: Attributes<'_>) -> Vec<u8> {
    let mut attributes: Attributes<'_> =
        vec![("objectGUID", vec![vec![id; 16]]), ("instanceType", texts(&["4"]))];
    attributes.extend(more);
    entry(dn, &attributes)
}

fn guid(id: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[id; 16]).unwrap()
}

/// What is asked before the first question: the root DSE, the controller's settings, the domain, and whether deleted objects can be read.
pub(crate) fn before() -> Vec<Answer> {
    before_at("dc1.corp.example")
}

/// The same, as the controller of this name says it.
pub(crate) fn before_at(host: &str) -> Vec<Answer> {
    let root = entry(
        "",
        &[
            ("supportedCapabilities", texts(&["1.2.840.113556.1.4.800"])),
            ("defaultNamingContext", texts(&[BASE])),
            ("dnsHostName", texts(&[host])),
            (
                "dsServiceName",
                texts(&[
                    "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,CN=Configuration,DC=corp,DC=example",
                ]),
            ),
        ],
    );
    let one = |entry: Vec<u8>| Answer::Operations(vec![entry, done(0, &[])]);
    vec![
        one(root),
        one(entry("CN=NTDS Settings", &[("invocationId", vec![vec![9; 16]])])),
        one(entry(BASE, &[("objectGUID", vec![vec![8; 16]])])),
        one(entry("CN=Deleted Objects,DC=corp,DC=example", &[("objectGUID", vec![vec![6; 16]])])),
    ]
}

pub(crate) fn piece(mut entries: Vec<Vec<u8>>, more: u8, cookie: &[u8]) -> Answer {
    let value = tlv(0x30, &[tlv(2, &[more]), tlv(2, &[0]), tlv(4, cookie)].concat());
    entries.push(done(0, &[(DIRSYNC, value)]));
    Answer::Operations(entries)
}

async fn read(script: Vec<Answer>, options: ChangesOptions) -> (Result<Vec<ChangeBatch>, Error>, Stub) {
    let stub = Stub::new([vec![OK], before(), script].concat()).await;
    let list = stub.directory().list_changes(options);
    (list.try_collect().await, stub)
}

pub(crate) fn user(id: u8, name: &str) -> Vec<u8> {
    object(
        id,
        &format!("CN={name},{BASE}"),
        vec![
            ("objectClass", texts(&["top", "person", "organizationalPerson", "user"])),
            ("name", texts(&[name])),
            ("sAMAccountName", texts(&[name])),
        ],
    )
}

#[tokio::test]
async fn a_reading_goes_on_until_nothing_is_left_and_each_piece_has_its_token() {
    let script = vec![
        piece(vec![user(1, "a")], 1, b"first"),
        piece(vec![], 1, b"second"),
        piece(vec![user(2, "b")], 0, b"third"),
    ];
    let (batches, stub) = read(script, ChangesOptions::new()).await;
    let batches = batches.unwrap();
    let shape: Vec<_> = batches.iter().map(|b| (b.changes.len(), b.is_last, b.is_full)).collect();
    assert_eq!(shape, [(1, false, true), (0, false, true), (1, true, true)]);
    assert_eq!((stub.sent(b"first"), stub.sent(b"second"), stub.sent(b"third")), (1, 1, 0));
    // 0x80000000 as the signed number that it is on the wire.
    assert_eq!(stub.sent(&[2, 4, 0x80, 0, 0, 0]), 3);
    // Killed after the first piece, and gone on with its token: still a reading from the beginning.
    let options = ChangesOptions::new().token(batches[0].token.clone());
    let (rest, stub) = read(vec![piece(vec![user(2, "b")], 0, b"end")], options).await;
    let rest = rest.unwrap();
    assert_eq!((rest.len(), rest[0].is_full, stub.sent(b"first")), (1, true, 1));
    // And with the last one, only what has changed since.
    let options = ChangesOptions::new().token(batches[2].token.clone());
    let (rest, stub) = read(vec![piece(vec![], 0, b"end")], options).await;
    assert_eq!((rest.unwrap()[0].is_full, stub.sent(b"third")), (false, 1));
}

#[tokio::test]
async fn pieces_that_do_not_end_are_an_error() {
    let script = vec![piece(vec![], 1, b"same"), piece(vec![], 1, b"same")];
    let (batches, _stub) = read(script, ChangesOptions::new()).await;
    let error = batches.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Protocol, "changes.list"));
    for answer in [
        Answer::Operations(vec![user(1, "a"), done(0, &[])]),
        Answer::Operations(vec![done(0, &[(DIRSYNC, vec![0x30, 1])])]),
    ] {
        let (batches, _stub) = read(vec![answer], ChangesOptions::new()).await;
        assert_eq!(batches.unwrap_err().kind(), ErrorKind::Protocol);
    }
}

/// Everything of one object in a piece is one change, with names in the long form that Windows gives.
#[tokio::test]
async fn what_a_piece_says_of_one_object_is_merged() {
    let long = |id: u8, name: &str| format!("<GUID={}>;<SID=S-1-5-21-1-2-3-{id}>;CN={name},{BASE}", guid(id));
    let group = format!("CN=readers,{BASE}");
    let entries = vec![
        object(5, &group, vec![("member;range=1-1", texts(&[&long(1, "a"), &long(2, "b")]))]),
        object(5, &group, vec![("member;range=0-0", texts(&[&long(1, "a")])), ("description", vec![])]),
    ];
    let (first, _stub) = read(vec![piece(vec![], 0, b"c")], ChangesOptions::new()).await;
    let token = first.unwrap()[0].token.clone();
    // What it is, is asked for: the changes do not say it.
    let kind = Answer::Operations(vec![
        object(5, &group, vec![("objectClass", texts(&["top", "group"]))]),
        done(0, &[]),
    ]);
    let (batches, _stub) =
        read(vec![piece(entries, 0, b"d"), kind], ChangesOptions::new().token(token)).await;
    let batches = batches.unwrap();
    let [change] = batches[0].changes.as_slice() else { panic!("{batches:?}") };
    assert_eq!(
        (change.guid, change.kind, change.event),
        (guid(5), Some(ObjectKind::Group), ChangeEvent::Changed)
    );
    let MembersSeen::Changed { joined, left } = &change.members else { panic!("{change:?}") };
    assert_eq!(joined.iter().map(|m| m.guid).collect::<Vec<_>>(), [Some(guid(2))]);
    assert_eq!((left[0].guid, left[0].dn.name()), (Some(guid(1)), "a"));
    assert!(change.attributes[&"description".parse().unwrap()].is_empty());
}

#[tokio::test]
async fn without_the_right_it_reads_what_it_may_see_and_says_so() {
    let mut script = before();
    script.pop();
    // Deleted objects cannot be read, either.
    script.push(Answer::Result(32, "0000208D: NameErr: x"));
    script.push(Answer::Result(
        50,
        "00002105: SecErr: DSID-031A11D1, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
    ));
    script.push(piece(vec![user(1, "a")], 0, b"c"));
    let stub = Stub::new([vec![OK], script].concat()).await;
    let batches: Vec<ChangeBatch> =
        stub.directory().list_changes(ChangesOptions::new()).try_collect().await.unwrap();
    assert_eq!((batches[0].source, batches[0].sees_deletions), (ChangeSource::DirSync, false));
    assert_eq!(stub.sent(&[2, 4, 0x80, 0, 0, 1]), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_needs_a_fresh_reading_and_a_busy_controller_does_not() {
    let (first, _stub) = read(vec![piece(vec![], 0, b"c")], ChangesOptions::new()).await;
    let token = first.unwrap()[0].token.clone();
    for (code, kind) in [
        (12, ErrorKind::ResyncNeeded),
        (53, ErrorKind::ResyncNeeded),
        (2, ErrorKind::ResyncNeeded),
        (50, ErrorKind::Forbidden),
        (51, ErrorKind::Busy),
        (52, ErrorKind::Busy),
    ] {
        let options = ChangesOptions::new().token(token.clone());
        let (batches, _stub) = read(vec![Answer::Result(code, "0000202C: x")], options).await;
        let error = batches.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotDone), "{code}");
        assert_eq!(error.ldap_code(), Some(code.into()));
    }
}

/// The database of the controller was restored under the same name: its numbers are not those of the token.
#[tokio::test]
async fn numbers_of_another_database_need_a_fresh_reading() {
    let highest = |number: &str| {
        Answer::Operations(vec![entry("", &[("highestCommittedUSN", texts(&[number]))]), done(0, &[])])
    };
    let by_numbers = || ChangesOptions::new().source(ChangeSource::UpdateNumbers);
    let whole = || Answer::Operations(vec![user(1, "a"), done(0, &[])]);
    let (first, _stub) = read(vec![highest("100"), whole()], by_numbers()).await;
    let token = first.unwrap()[0].token.clone();
    // Less than it counted before.
    let (batches, _stub) = read(vec![highest("50")], by_numbers().token(token.clone())).await;
    assert_eq!(batches.unwrap_err().kind(), ErrorKind::ResyncNeeded);
    let mut script = before();
    script[1] = Answer::Operations(vec![
        entry("CN=NTDS Settings", &[("invocationId", vec![vec![1; 16]])]),
        done(0, &[]),
    ]);
    let stub = Stub::new([vec![OK], script].concat()).await;
    let list = stub.directory().list_changes(by_numbers().token(token));
    let error = list.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResyncNeeded);
    assert!(error.to_string().contains("restored"), "{error}");
}

/// Two controllers answer the same whatever kind of changes: a controller without DirSync is read by its numbers.
#[tokio::test]
async fn without_dirsync_the_numbers_are_read() {
    let highest =
        Answer::Operations(vec![entry("", &[("highestCommittedUSN", texts(&["100"]))]), done(0, &[])]);
    let script = vec![
        Answer::Result(12, "0000202C: x"),
        highest,
        Answer::Operations(vec![user(1, "a"), done(0, &[])]),
    ];
    let (batches, stub) = read(script, ChangesOptions::new()).await;
    let batches = batches.unwrap();
    assert_eq!(
        (batches[0].source, batches[0].is_full, batches[0].changes.len()),
        (ChangeSource::UpdateNumbers, true, 1)
    );
    assert_eq!(stub.sent(b"uSNChanged"), 1);
    let (batches, _stub) =
        read(vec![Answer::Result(12, "x")], ChangesOptions::new().source(ChangeSource::DirSync)).await;
    assert_eq!(batches.unwrap_err().kind(), ErrorKind::Unsupported);
}

/// A unit that was moved took along what lies in it, and nobody names that.
#[tokio::test]
async fn a_unit_that_was_moved_needs_a_fresh_reading_of_a_part() {
    let unit = Answer::Operations(vec![
        entry(
            "OU=Accounts,DC=corp,DC=example",
            &[("objectGUID", vec![vec![4; 16]]), ("objectClass", texts(&["top", "organizationalUnit"]))],
        ),
        done(0, &[]),
    ]);
    let options = ChangesOptions::new().below("OU=Accounts,DC=corp,DC=example".parse().unwrap());
    let part = |script: Vec<Answer>, options| {
        let mut all = before();
        all.insert(3, unit.clone());
        all.extend(script);
        async move {
            let stub = Stub::new([vec![OK], all].concat()).await;
            stub.directory().list_changes(options).try_collect::<Vec<_>>().await
        }
    };
    let token = part(vec![piece(vec![], 0, b"c")], options.clone()).await.unwrap()[0].token.clone();
    let moved = object(
        3,
        "OU=Payroll,OU=Accounts,DC=corp,DC=example",
        vec![("name", texts(&["Payroll"])), ("parentGUID", vec![vec![4; 16]])],
    );
    let what = Answer::Operations(vec![
        object(
            3,
            "OU=Payroll,OU=Accounts,DC=corp,DC=example",
            vec![("objectClass", texts(&["top", "organizationalUnit"]))],
        ),
        done(0, &[]),
    ]);
    let error = part(vec![piece(vec![moved], 0, b"d"), what], options.token(token)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResyncNeeded);
}
