//! The protocol itself, on a scripted controller; on the real domain in `real_domain`.

use ad_directory::{
    AttributeValues, ErrorKind, Filter, LdapEntry, ListOptions, Modification, Outcome, Query,
};
use futures_util::TryStreamExt;

use crate::{
    ground::dn,
    stub::{Answer, BIND, MODIFY, SEARCH, Stub, done, entry},
};

const OK: Answer = Answer::Result(0, "");
const PLACE: &str = "CN=Sites,CN=Configuration,DC=corp,DC=example";

fn values(values: &[&[u8]]) -> AttributeValues {
    AttributeValues::new(values.iter().map(|value| value.to_vec()).collect())
}

#[tokio::test]
async fn objects_of_any_kind_are_found_with_what_was_asked_for() {
    let subnet = entry(
        PLACE,
        &[("siteObject", vec![b"CN=Berlin".to_vec()]), ("objectGUID", vec![vec![0xff; 16]]), ("cn", vec![])],
    );
    let stub = Stub::new(vec![OK, Answer::Operations(vec![subnet, done(0, &[])])]).await;
    let query =
        Query::all().below(dn(PLACE)).matching(Filter::equals("objectClass".parse().unwrap(), "subnet"));
    let asked = ["SiteObject", "objectGUID", "cn"].map(|name| name.parse().unwrap());
    let list = stub.directory().search(&query, ListOptions::new().attributes(asked.to_vec()));
    let found: Vec<LdapEntry> = list.try_collect().await.unwrap();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(found.dn, dn(PLACE));
    assert_eq!(found.attributes.len(), 2, "one without values is none: {found:?}");
    assert_eq!(found.attributes[&asked[0]].texts().collect::<Vec<_>>(), ["CN=Berlin"]);
    assert_eq!(found.attributes[&asked[1]], values(&[&[0xff; 16]]));
    assert_eq!((stub.sent(PLACE.as_bytes()), stub.sent(b"subnet")), (1, 1));
    let nothing = stub.directory().search(&query, ListOptions::new()).try_collect::<Vec<_>>().await;
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(stub.tags(), [BIND, SEARCH]);
}

#[tokio::test]
async fn a_modification_is_one_request_and_holds_no_password() {
    let refused =
        Answer::Result(16, "00002085: AtrErr: DSID-0315286E, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0");
    let stub = Stub::new(vec![OK, OK, refused, Answer::Close]).await;
    let directory = stub.directory();
    let name = |name: &str| name.parse().unwrap();
    let change = [
        Modification::Delete(name("info"), values(&[b"before"])),
        Modification::Add(name("info"), values(&[b"after"])),
        Modification::Replace(name("comment"), values(&[])),
    ];
    directory.modify_entry(&dn(PLACE), &change).await.unwrap();
    assert_eq!((stub.sent(b"before"), stub.sent(b"after")), (1, 1));
    let error = directory.modify_entry(&dn(PLACE), &change).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    let error = directory.modify_entry(&dn(PLACE), &change).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(stub.tags(), [BIND, MODIFY, MODIFY, MODIFY]);
    for wrong in [
        vec![],
        vec![Modification::Add(name("info"), values(&[]))],
        vec![Modification::Replace(name("UNICODEPWD"), values(&[b"Canary-7f3a"]))],
    ] {
        let error = directory.modify_entry(&dn(PLACE), &wrong).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
        assert!(!format!("{error:?} {wrong:?}").contains("Canary"));
    }
    assert_eq!(stub.tags().len(), 4);
}
