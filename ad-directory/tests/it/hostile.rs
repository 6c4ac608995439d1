//! Answers that no controller should give. Each ends in an error or in what was meant, never in a panic and never in less than was there.

use ad_directory::{
    Account, Directory, DirectoryExt, Error, ErrorKind, FindOptions, ListOptions, ObjectGuid, Query, Result,
};
use futures_util::TryStreamExt;

use crate::stub::{Answer, BIND, SEARCH, Stub, account, done, encoded, entry, tlv};

const OK: Answer = Answer::Result(0, "");
const DN: &str = "CN=svc,OU=Accounts,DC=corp,DC=example";

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

async fn found(answer: Answer) -> Result<Option<Account>> {
    let stub = Stub::new(vec![OK, answer.clone(), OK, answer]).await;
    stub.directory().find_account(&guid().into(), FindOptions::new()).await
}

/// The attributes of a good account, with some of them in another form.
fn with(changes: &[(&'static str, Option<Vec<Vec<u8>>>)]) -> Answer {
    let good: [(&str, &[u8]); 5] = [
        ("objectGUID", &[7; 16]),
        ("sAMAccountName", b"svc"),
        ("cn", b"svc"),
        ("userAccountControl", b"66050"),
        ("accountExpires", b"0"),
    ];
    let mut all: Vec<(&str, Vec<Vec<u8>>)> =
        good.iter().map(|(name, value)| (*name, vec![value.to_vec()])).collect();
    for (name, values) in changes {
        all.retain(|(have, _)| have != name);
        all.extend(values.iter().map(|values| (*name, values.clone())));
    }
    Answer::Operations(vec![entry(DN, &all), done(0, &[])])
}

#[tokio::test]
async fn what_is_missing_or_of_another_type_is_named() {
    let text = |text: &str| Some(vec![text.as_bytes().to_vec()]);
    for (name, value) in [
        ("objectGUID", None),
        ("objectGUID", Some(vec![vec![7; 15]])),
        ("objectGUID", Some(vec![])),
        ("sAMAccountName", None),
        ("sAMAccountName", Some(vec![vec![0xff, 0xfe]])),
        ("userAccountControl", None),
        ("userAccountControl", text("many")),
        ("accountExpires", text("tomorrow")),
        ("accountExpires", text("99999999999999999999999")),
        ("memberOf", text("not a name")),
    ] {
        let error = found(with(&[(name, value.clone())])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name} {value:?}");
        assert!(error.to_string().contains(name), "{error} does not name {name}");
        assert!(!error.to_string().contains("tomorrow"), "{error}");
    }
    // What may be missing, and what is only shown, is no reason to fail.
    for (name, value) in [
        ("cn", None),
        ("accountExpires", None),
        ("whenCreated", text("yesterday")),
        ("pwdLastSet", text("-5")),
        ("objectSid", Some(vec![vec![1, 2, 3]])),
        ("primaryGroupID", text("x")),
        ("description", Some(vec![vec![0xc3, 0x28]])),
    ] {
        let account = found(with(&[(name, value)])).await.unwrap().unwrap();
        assert_eq!(account.guid, guid(), "{name}");
    }
}

#[tokio::test]
async fn an_attribute_of_ten_thousand_values_is_whole() {
    let groups = (0..10_000).map(|n| format!("CN=g{n},DC=corp,DC=example").into_bytes()).collect();
    let account = found(with(&[("memberOf", Some(groups))])).await.unwrap().unwrap();
    assert_eq!(account.member_of.len(), 10_000);
}

/// RFC 4511, 4.5.2 does not forbid it.
#[tokio::test]
async fn an_attribute_that_comes_twice_has_the_values_of_both() {
    let list = |name: &str| Some(vec![format!("CN={name},DC=corp,DC=example").into_bytes()]);
    // In another case, too, since `with` would put the second one in the place of the first.
    let account = found(with(&[("memberOf", list("a")), ("MEMBEROF", list("b"))])).await.unwrap().unwrap();
    assert_eq!(account.member_of.len(), 2);
}

/// In pieces of 1500, as Windows sends them unasked (MS-ADTS 3.1.1.3.1.3.3).
#[tokio::test]
async fn unasked_pieces_of_fifteen_hundred_are_put_together() {
    let groups = |range: std::ops::Range<usize>| -> Vec<Vec<u8>> {
        range.map(|n| format!("CN=g{n},DC=corp,DC=example").into_bytes()).collect()
    };
    let rest = |name: &'static str, range| {
        Answer::Operations(vec![entry(DN, &[(name, groups(range))]), done(0, &[])])
    };
    let first = with(&[("memberOf", Some(vec![])), ("memberOf;range=0-1499", Some(groups(0..1500)))]);
    let stub = Stub::new(vec![
        OK,
        first,
        rest("memberOf;range=1500-2999", 1500..3000),
        rest("memberOf;range=3000-*", 3000..3001),
    ])
    .await;
    let account = stub.directory().get_account(guid()).await.unwrap();
    assert_eq!(account.member_of.len(), 3001);
    assert_eq!((stub.sent(b"memberof;range=1500-*"), stub.sent(b"memberof;range=3000-*")), (1, 1));
}

#[tokio::test]
async fn names_hold_every_character_that_a_name_can() {
    let deep: Vec<String> = (0..256).map(|level| format!("OU=level {level}")).collect();
    let deep = format!("CN=svc,{},DC=corp,DC=example", deep.join(","));
    for (text, name) in [
        (r"CN=\ a\,b\+c\22\3cd\3e\;e\=f\\\#g\ ,DC=x", " a,b+c\"<d>;e=f\\#g "),
        (r"CN=\#a,DC=x", "#a"),
        (r"CN=a\00b,DC=x", "a\0b"),
        ("CN=svc 🔑 schlüssel,DC=x", "svc 🔑 schlüssel"),
        (
            r"CN=old\0ADEL:b39b9fe7-020f-4cdf-afac-000102030405,CN=Deleted Objects,DC=x",
            "old\nDEL:b39b9fe7-020f-4cdf-afac-000102030405",
        ),
        (deep.as_str(), "svc"),
    ] {
        let (_, attributes) = account(7, "m", &[]);
        let answer = Answer::Entries(vec![(text.to_owned(), attributes)]);
        let account = found(answer).await.unwrap().unwrap();
        assert_eq!(account.dn.name(), name);
        // It can be written back: what it reads as is the same name.
        assert_eq!(account.dn.to_string().parse::<ad_directory::Dn>().unwrap(), account.dn);
    }
    for text in ["CN=a,", "CN", "=a", r"CN=a\", "CN=a\0b,x"] {
        let (_, attributes) = account(7, "m", &[]);
        let error = found(Answer::Entries(vec![(text.to_owned(), attributes)])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{text:?}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[tokio::test]
async fn referrals_are_neither_followed_nor_taken_for_entries() {
    let reference = tlv(0x73, &tlv(4, b"ldaps://other.corp.example/CN=Configuration,DC=corp,DC=example"));
    let (dn, attributes) = account(7, "m", &[]);
    let one: Vec<_> = attributes.iter().map(|(name, value)| (*name, vec![value.clone()])).collect();
    let answer = Answer::Operations(vec![reference.clone(), entry(&dn, &one), reference, done(0, &[])]);
    assert_eq!(found(answer.clone()).await.unwrap().unwrap().guid, guid());
    let stub = Stub::new(vec![OK, answer]).await;
    let list: Vec<Account> =
        stub.directory().list_accounts(&Query::all(), ListOptions::new()).try_collect().await.unwrap();
    assert_eq!(list.len(), 1);
    // As the result of the whole search: an error that says so, and nobody goes there.
    let text = "0000202B: RefErr: DSID-03100835, data 0, 1 access points\n\tref 1: 'other.corp.example'\n\0";
    let end = tlv(
        0x65,
        &[
            tlv(0x0a, &[10]),
            tlv(4, b""),
            tlv(4, text.as_bytes()),
            tlv(0xa3, &tlv(4, b"ldap://other.corp.example/DC=other,DC=example")),
        ]
        .concat(),
    );
    let error = found(Answer::Operations(vec![end])).await.unwrap_err();
    assert_eq!((error.ldap_code(), error.win32_code()), (Some(10), Some(0x202b)));
    assert_eq!(error.to_string().lines().count(), 1);
}

/// What the library would panic on in the task of its caller, or of its connection.
#[tokio::test]
async fn what_is_no_answer_ends_in_an_error() {
    let broken: Vec<(&str, Answer)> = vec![
        ("an end without a code", Answer::Operations(vec![tlv(0x65, &[])])),
        (
            "a code of another type",
            Answer::Operations(vec![tlv(0x65, &[tlv(4, b"x"), tlv(4, b""), tlv(4, b"")].concat())]),
        ),
        (
            "a text that is no text",
            Answer::Operations(vec![tlv(0x65, &[tlv(0x0a, &[0]), tlv(4, b""), tlv(4, &[0xff])].concat())]),
        ),
        (
            "an operation that no search gives",
            Answer::Operations(vec![tlv(0x6b, &[tlv(0x0a, &[0]), tlv(4, b""), tlv(4, b"")].concat())]),
        ),
        (
            "an entry without attributes",
            Answer::Operations(vec![tlv(0x64, &tlv(4, b"CN=a,DC=x")), done(0, &[])]),
        ),
        (
            "an entry whose name is no text",
            Answer::Operations(vec![tlv(0x64, &[tlv(4, &[0xff]), tlv(0x30, &[])].concat()), done(0, &[])]),
        ),
        ("an empty message", Answer::Bytes(&[0x30, 0])),
        ("a message without an operation", Answer::Bytes(&[0x30, 3, 2, 1, 2])),
        ("no message", Answer::Bytes(&[0x04, 2, 1, 2])),
        ("a length that never comes", Answer::Bytes(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 2])),
        ("a length of a length that is too long", Answer::Bytes(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1])),
        ("text", Answer::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        (
            "a control without an identifier",
            Answer::Operations(vec![[done(0, &[]), tlv(0xa0, &tlv(0x30, &[]))].concat()]),
        ),
        (
            "a control that is none",
            Answer::Operations(vec![[done(0, &[]), tlv(0xa0, &tlv(4, b"x"))].concat()]),
        ),
    ];
    for (what, answer) in broken {
        let error = found(answer).await.map_err(|error| error.kind());
        assert!(
            matches!(error, Err(ErrorKind::Protocol | ErrorKind::Interrupted | ErrorKind::Timeout)),
            "{what}: {error:?}"
        );
    }
}

/// A page that is cut anywhere is an error, whatever was read of it before.
#[tokio::test]
async fn a_connection_that_is_closed_at_any_byte_gives_no_short_list() {
    let page = || Answer::Page(vec![account(1, "m", &[]), account(2, "m", &[])], b"");
    let length = encoded(&page(), 2, SEARCH).len();
    assert!(length > 300, "{length}");
    for cut in 0..length {
        let again = Answer::CutAt(Box::new(page()), cut);
        let stub = Stub::new(vec![OK, again.clone(), OK, again]).await;
        let list = stub.directory().list_accounts(&Query::all(), ListOptions::new());
        let listed: Result<Vec<Account>, Error> = list.try_collect().await;
        let error = listed.expect_err("a list that was cut");
        assert!(
            matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Protocol),
            "{cut} of {length}: {error:?}"
        );
    }
}

/// The same for the answer to a change: nobody knows whether it was done, at whichever byte it broke off.
#[tokio::test]
async fn a_change_whose_answer_is_cut_at_any_byte_is_unknown() {
    use ad_directory::{DeleteOptions, Outcome};
    let one = || Answer::Entries(vec![account(7, "m", &[])]);
    let length = encoded(&OK, 3, crate::stub::DELETE).len();
    for cut in 0..length {
        let stub = Stub::new(vec![OK, one(), Answer::CutAt(Box::new(OK), cut)]).await;
        let error = stub.directory().delete_account(guid(), DeleteOptions::new()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{cut} of {length}: {error:?}");
    }
}

#[tokio::test]
async fn a_notice_of_disconnection_is_a_lost_connection() {
    let stub = Stub::new(vec![OK, Answer::Notice, OK, Answer::Entries(vec![account(7, "m", &[])])]).await;
    let account = stub.directory().find_account(&guid().into(), FindOptions::new()).await.unwrap();
    assert!(account.is_some());
    assert_eq!(stub.tags(), [BIND, SEARCH, BIND, SEARCH]);
}

/// 20 characters are the most for a user (MS-SAMR 3.1.1.6); what a directory has is read, however long.
#[tokio::test]
async fn a_name_that_is_too_long_is_refused_before_it_is_sent_and_read_when_it_is_there() {
    assert!("a".repeat(20).parse::<ad_directory::SamAccountName>().is_ok());
    assert!("a".repeat(21).parse::<ad_directory::SamAccountName>().is_err());
    let long = vec!["a".repeat(256).into_bytes()];
    let account = found(with(&[("sAMAccountName", Some(long))])).await.unwrap().unwrap();
    assert_eq!(account.sam_account_name.as_str().len(), 256);
}
