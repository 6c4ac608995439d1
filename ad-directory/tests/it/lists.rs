//! Lists and attributes in parts, as controllers of Windows send them and Samba does not: on scripted controllers.

use ad_directory::{
    Account, AccountUpdate, Directory, DirectoryExt, Error, ErrorKind, GroupKey, ListOptions, MemberKind,
    ObjectGuid, Outcome, Query, UpdateOptions, UserAccountControl,
};
use futures_util::{StreamExt, TryStreamExt};

use crate::stub::{Answer, BIND, MODIFY, SEARCH, Stub, account, done, entry};

const OK: Answer = Answer::Result(0, "");

async fn list(script: Vec<Answer>) -> (Result<Vec<Account>, Error>, Stub) {
    let stub = Stub::new([vec![OK], script].concat()).await;
    let list = stub.directory().list_accounts(&Query::all(), ListOptions::new().page_size(2));
    (list.try_collect().await, stub)
}

fn ids(accounts: &[Account]) -> Vec<u8> {
    accounts.iter().map(|account| account.guid.to_wire()[0]).collect()
}

#[tokio::test]
async fn pages_follow_each_other_on_one_connection() {
    let page =
        |ids: &[u8], cookie| Answer::Page(ids.iter().map(|id| account(*id, "m", &[])).collect(), cookie);
    // An empty page in the middle is not the end.
    let (listed, stub) = list(vec![page(&[1, 2], b"first"), page(&[], b"second"), page(&[3], b"")]).await;
    assert_eq!(ids(&listed.unwrap()), [1, 2, 3]);
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, SEARCH]);
    assert_eq!(stub.connections(), [1, 1, 1, 1]);
    assert_eq!((stub.sent(b"first"), stub.sent(b"second")), (1, 1));
    assert_eq!(stub.sent(b"1.2.840.113556.1.4.319"), 3);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_never_a_short_one() {
    let page = || Answer::Page(vec![account(1, "m", &[])], b"more");
    for (rest, kind) in [
        (Answer::Close, ErrorKind::Interrupted),
        (Answer::Silence, ErrorKind::Timeout),
        (Answer::Result(4, ""), ErrorKind::Protocol),
        (Answer::Cut(vec![account(2, "m", &[])], 4), ErrorKind::Protocol),
        (Answer::Cut(vec![account(2, "m", &[])], 3), ErrorKind::Busy),
        (Answer::Result(52, ""), ErrorKind::Busy),
        (Answer::Result(12, "0000202C: x"), ErrorKind::Unsupported),
        (Answer::Entries(vec![("CN=x,DC=y".to_owned(), vec![])]), ErrorKind::Protocol),
        (Answer::Page(vec![], b"more"), ErrorKind::Protocol),
    ] {
        let shown = format!("{rest:?}");
        let (listed, _stub) = list(vec![page(), rest]).await;
        let error = listed.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, error.kind_outcome()), "{shown}");
        assert_eq!(error.operation(), "accounts.list");
    }
}

/// Reading changes nothing, so nothing is unknown of it.
trait KindOutcome {
    fn kind_outcome(&self) -> Outcome;
}

impl KindOutcome for Error {
    fn kind_outcome(&self) -> Outcome {
        if self.ldap_code().is_some() { Outcome::NotDone } else { Outcome::NotSent }
    }
}

#[tokio::test]
async fn a_list_ends_after_an_error() {
    let stub = Stub::new(vec![OK, Answer::Page(vec![account(1, "m", &[])], b"more"), Answer::Close]).await;
    let mut list = stub.directory().list_accounts(&Query::all(), ListOptions::new());
    assert!(list.next().await.unwrap().is_ok());
    assert!(list.next().await.unwrap().is_err());
    assert!(list.next().await.is_none());
}

#[tokio::test]
async fn nothing_is_asked_before_it_is_read() {
    let stub = Stub::new(vec![OK]).await;
    drop(stub.directory().list_accounts(&Query::all(), ListOptions::new()));
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(stub.tags().is_empty());
}

#[tokio::test]
async fn values_that_come_in_parts_are_put_together() {
    let part = |name: &'static str, group: &str| {
        let (dn, mut attributes) = account(1, "m", &[]);
        attributes.push((name, format!("CN={group},DC=x").into_bytes()));
        (dn, attributes)
    };
    // Unasked, with an empty sibling; a value that is in two parts since the account joined a group meanwhile; any case of letters.
    let script = vec![
        Answer::Page(vec![part("memberOf;range=0-0", "a"), account(2, "m", &[])], b""),
        Answer::Entries(vec![part("MEMBEROF;Range=1-1", "b")]),
        Answer::Entries(vec![part("memberOf;range=2-*", "b")]),
    ];
    let (listed, stub) = list(script).await;
    let listed = listed.unwrap();
    let names =
        |account: &Account| account.member_of.iter().map(|dn| dn.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(listed.iter().map(names).collect::<Vec<_>>(), [vec!["a".to_owned(), "b".to_owned()], vec![]]);
    assert_eq!((stub.sent(b"memberof;range=1-*"), stub.sent(b"memberof;range=2-*")), (1, 1));
    // The same for a single account, whose last part lies behind the end.
    let stub = Stub::new(vec![
        OK,
        Answer::Entries(vec![part("memberOf;range=0-0", "a")]),
        Answer::Entries(vec![account(1, "m", &[])]),
    ])
    .await;
    let guid = ObjectGuid::from_wire(&[1; 16]).unwrap();
    assert_eq!(stub.directory().get_account(guid).await.unwrap().member_of.len(), 1);
    // Parts that do not lead further are no end.
    let stub = Stub::new(vec![
        OK,
        Answer::Entries(vec![part("memberOf;range=0-0", "a")]),
        Answer::Entries(vec![part("memberOf;range=0-0", "a")]),
    ])
    .await;
    assert_eq!(stub.directory().get_account(guid).await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_flag_that_was_changed_in_between_is_kept() {
    let one = |flags: &str| Answer::Entries(vec![account(1, "m", &[("userAccountControl", flags)])]);
    let changed =
        Answer::Result(16, "00002085: AtrErr: DSID-0315286E, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0");
    let guid = ObjectGuid::from_wire(&[1; 16]).unwrap();
    let enable = AccountUpdate::new().enabled(true);
    // 1048576 ("not delegated") came meanwhile.
    let stub = Stub::new(vec![OK, one("514"), changed.clone(), one("1049090"), OK, one("1049088")]).await;
    let account = stub.directory().update_account(guid, &enable, UpdateOptions::new()).await.unwrap();
    assert!(account.user_account_control.contains(UserAccountControl::NOT_DELEGATED));
    assert_eq!(stub.tags(), [BIND, SEARCH, MODIFY, SEARCH, MODIFY, SEARCH]);
    assert_eq!((stub.sent(b"512"), stub.sent(b"1049088")), (1, 1));
    // The same code with the same flags came of something else.
    let stub = Stub::new(vec![OK, one("514"), changed.clone(), one("514")]).await;
    let error = stub.directory().update_account(guid, &enable, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    // And one who is never quick enough hears of it.
    let mut script = vec![OK];
    for flags in ["514", "1049090", "514", "1049090", "514"] {
        script.extend([one(flags), changed.clone()]);
    }
    let stub = Stub::new(script).await;
    let error = stub.directory().update_account(guid, &enable, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Busy, Outcome::NotDone));
}

/// A group that may have members from other domains names them; what they are called, only their own domain knows.
#[tokio::test]
async fn members_from_other_domains_are_listed_last() {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let group = |scope: &str| {
        let attributes = [
            ("objectGUID", vec![vec![9; 16]]),
            ("sAMAccountName", texts(&["readers"])),
            ("groupType", texts(&[scope])),
        ];
        Answer::Operations(vec![entry("CN=readers,DC=corp,DC=example", &attributes), done(0, &[])])
    };
    let own = "<GUID=01010101-0101-0101-0101-010101010101>;<SID=S-1-5-21-1-2-3-1104>;CN=svc,OU=Accounts,DC=corp,DC=example";
    let other = "<GUID=02020202-0202-0202-0202-020202020202>;<SID=S-1-5-21-4-5-6-1105>;CN=far,DC=sub,DC=corp,DC=example";
    let last = "<GUID=03030303-0303-0303-0303-030303030303>;CN=further,DC=other,DC=example";
    let part = |name: &'static str, values: &[&str]| {
        Answer::Operations(vec![
            entry("CN=readers,DC=corp,DC=example", &[(name, texts(values))]),
            done(0, &[]),
        ])
    };
    let universal = "-2147483640";
    let script = vec![
        OK,
        group(universal),
        Answer::Page(vec![account(1, "m", &[])], b""),
        part("member;range=0-1", &[own, other]),
        part("member;range=2-*", &[last]),
    ];
    let stub = Stub::new(script).await;
    let key: GroupKey = ObjectGuid::from_wire(&[9; 16]).unwrap().into();
    let members = stub.directory().all_members(key.clone(), false).await.unwrap();
    let seen: Vec<_> =
        members.iter().map(|member| (member.dn.name(), member.kind, member.sid.is_some())).collect();
    assert_eq!(
        seen,
        [
            ("svc", MemberKind::Other, false),
            ("far", MemberKind::Elsewhere, true),
            ("further", MemberKind::Elsewhere, false)
        ]
    );
    assert_eq!(members.get(1).map(|member| member.guid), ObjectGuid::from_wire(&[2; 16]).ok());
    // The rest is asked for in the same form.
    assert_eq!(stub.sent(b"1.2.840.113556.1.4.529"), 2);
    // A global group has no such members, and is not asked.
    let stub = Stub::new(vec![OK, group("-2147483646"), Answer::Page(vec![account(1, "m", &[])], b"")]).await;
    assert_eq!(stub.directory().all_members(key.clone(), false).await.unwrap().len(), 1);
    // One without an identity would be lost to whoever keeps members by it: that is no list.
    let nameless = part("member", &["CN=far,DC=sub,DC=corp,DC=example"]);
    let stub = Stub::new(vec![OK, group(universal), Answer::Page(vec![], b""), nameless]).await;
    assert_eq!(stub.directory().all_members(key, false).await.unwrap_err().kind(), ErrorKind::Protocol);
}
