//! What Windows says, and what becomes of answers that are lost: on scripted controllers.

use std::time::Duration;

use ad_directory::{
    AccountKey, AccountUpdate, CheckPasswordOptions, CreateOptions, DeleteOptions, Directory, ErrorKind,
    FindOptions, MarkerChange, MemberOptions, MembershipChange, NewAccount, ObjectGuid, Outcome,
    PasswordCheck, ProbeOptions, SetPasswordOptions, TimeLimits, UpdateOptions,
};

use crate::{
    ground::dn,
    stub::{ADD, Answer, BIND, DELETE, MODIFY, SEARCH, Stub, account},
};

const OK: Answer = Answer::Result(0, "");
const POLICY: Answer =
    Answer::Result(53, "0000052D: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0\n\0");

fn draft() -> NewAccount {
    NewAccount::new(dn("OU=Accounts,DC=corp,DC=example"), "svc".parse().unwrap())
        .password("Canary-1-Password".to_owned())
}

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

fn one(marker: &str) -> Answer {
    Answer::Entries(vec![account(7, marker, &[])])
}

async fn create_fails(script: Vec<Answer>) -> (ad_directory::Error, Stub) {
    let stub = Stub::new([vec![OK], script].concat()).await;
    let error = stub.directory().create_account(&draft(), CreateOptions::new()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Canary"), "{error:?}");
    (error, stub)
}

#[tokio::test]
async fn a_lost_answer_leaves_it_unknown() {
    let (error, _stub) = create_fails(vec![Answer::Close]).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Unknown));
    let (error, _stub) = create_fails(vec![Answer::Silence]).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
}

#[tokio::test]
async fn what_was_done_and_cannot_be_read_back_is_done() {
    for lost in [Answer::Silence, Answer::Entries(vec![])] {
        let (error, stub) = create_fails(vec![OK, lost]).await;
        assert_eq!(error.outcome(), Outcome::Done, "{error:?}");
        assert_eq!(stub.tags(), [BIND, ADD, SEARCH]);
    }
    // It is asked for once more, and the change is never sent again.
    let (error, stub) = create_fails(vec![OK, Answer::Close, OK, Answer::Close]).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Done));
    assert_eq!(stub.tags(), [BIND, ADD, SEARCH, BIND, SEARCH]);
    let stub = Stub::new(vec![OK, OK, Answer::Close, OK, one("m")]).await;
    stub.directory().create_account(&draft(), CreateOptions::new()).await.unwrap();
}

#[tokio::test]
async fn a_refused_password_is_not_tried_in_another_form() {
    let (error, stub) = create_fails(vec![POLICY]).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::PasswordPolicy, Outcome::NotDone));
    assert_eq!((error.ldap_code(), error.win32_code()), (Some(53), Some(0x52d)));
    assert_eq!(stub.tags(), [BIND, ADD]);
}

#[tokio::test]
async fn a_controller_that_takes_no_password_in_an_add_gets_it_afterwards() {
    let no_form =
        Answer::Result(53, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0");
    let stub = Stub::new(vec![OK, no_form.clone(), OK, OK, one("m")]).await;
    let made = stub.directory().create_account(&draft(), CreateOptions::new()).await.unwrap();
    assert_eq!(made.guid, guid());
    assert_eq!(stub.tags(), [BIND, ADD, ADD, MODIFY, SEARCH]);
    assert_eq!(stub.sent(b"unicodePwd"), 2);
    // What cannot get its password does not stay.
    let (error, stub) = create_fails(vec![no_form.clone(), OK, POLICY, OK]).await;
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::PasswordPolicy, Outcome::NotDone));
    assert_eq!(stub.tags(), [BIND, ADD, ADD, MODIFY, DELETE]);
    let (error, _stub) =
        create_fails(vec![no_form, OK, POLICY, Answer::Result(50, "00000005: SecErr: x")]).await;
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn names_that_are_taken_come_in_many_codes() {
    for (code, text) in [
        (68, "00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0"),
        (68, "00002071: UpdErr: DSID-031B0E44, problem 6005 (ENTRY_EXISTS), data 0"),
        (
            19,
            "000021C8: AtrErr: DSID-03200EA3, #1:\n\t0: 000021C8: DSID-03200EA3, problem 1005 (CONSTRAINT_ATT_TYPE), data 0",
        ),
    ] {
        let (error, _stub) = create_fails(vec![Answer::Result(code, text)]).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::AlreadyExists, Outcome::NotDone), "{text}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let (error, _stub) = create_fails(vec![Answer::Result(
        32,
        "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0",
    )])
    .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_controller_decides_about_the_marker() {
    let update = AccountUpdate::new()
        .description(Some("x".to_owned()))
        .marker(MarkerChange::replace("ours".parse().unwrap(), "next".parse().unwrap()));
    let gone =
        Answer::Result(16, "00002085: AtrErr: DSID-0315286E, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0");
    let stub = Stub::new(vec![OK, one("ours"), gone.clone(), one("theirs")]).await;
    let error = stub.directory().update_account(guid(), &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.ldap_code()),
        (ErrorKind::MarkerMismatch, Outcome::NotDone, Some(16))
    );
    // The same code with the marker in its place came of something else.
    let stub = Stub::new(vec![OK, one("ours"), gone, one("ours")]).await;
    let error = stub.directory().update_account(guid(), &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Constraint, Outcome::NotDone));
    // And one that does not fit from the start is not sent.
    let stub = Stub::new(vec![OK, one("theirs")]).await;
    let error = stub.directory().update_account(guid(), &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MarkerMismatch);
    assert_eq!(stub.tags(), [BIND, SEARCH]);
}

#[tokio::test]
async fn a_change_that_was_cut_off_is_unknown_and_one_that_was_not_sent_is_not() {
    let stub = Stub::new(vec![OK, one("m"), Answer::Close]).await;
    let set = stub
        .directory()
        .set_password(guid(), &"Canary-1".into(), SetPasswordOptions::new())
        .await
        .unwrap_err();
    assert_eq!((set.kind(), set.outcome()), (ErrorKind::Interrupted, Outcome::Unknown));
    let stub = Stub::new(vec![OK, Answer::Close, OK, Answer::Close]).await;
    let delete = stub.directory().delete_account(guid(), DeleteOptions::new()).await.unwrap_err();
    assert_eq!((delete.kind(), delete.outcome()), (ErrorKind::Interrupted, Outcome::NotSent));
}

#[tokio::test]
async fn windows_says_more_of_a_refused_sign_in() {
    for (text, answer, proof) in [
        ("data 52e, v1db1", PasswordCheck::Wrong, Some(false)),
        ("data 525, v1db1", PasswordCheck::Wrong, Some(false)),
        ("data 530, v1db1", PasswordCheck::LogonHours, Some(true)),
        ("data 532, v1db1", PasswordCheck::PasswordExpired, Some(true)),
        ("data 775, v1db1", PasswordCheck::LockedOut, None),
        ("data 57, v1db1", PasswordCheck::Restricted, None),
        ("", PasswordCheck::Restricted, None),
    ] {
        let text: &'static str =
            format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, {text}\0")
                .leak();
        let stub = Stub::new(vec![OK, one("m"), Answer::Result(49, text)]).await;
        let check = stub
            .directory()
            .check_password(guid(), &"Canary-1".into(), CheckPasswordOptions::new())
            .await
            .unwrap();
        assert_eq!((check, check.proves_password()), (answer, proof), "{text}");
    }
}

#[tokio::test]
async fn memberships_are_idempotent_in_the_codes_of_windows() {
    let group = || {
        Answer::Entries(vec![(
            "CN=readers,DC=corp,DC=example".to_owned(),
            vec![
                ("objectGUID", vec![9; 16]),
                ("sAMAccountName", b"readers".to_vec()),
                ("groupType", b"-2147483646".to_vec()),
            ],
        )])
    };
    let member = |is: bool| {
        let more: &[_] = if is { &[("memberOf", "CN=Readers,DC=corp,DC=example")] } else { &[] };
        Answer::Entries(vec![account(7, "m", more)])
    };
    let key = ad_directory::GroupKey::Dn(dn("CN=readers,DC=corp,DC=example"));
    // Somebody else adds it between the look and the change.
    let exists = Answer::Result(68, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0");
    let stub = Stub::new(vec![OK, group(), member(false), exists.clone(), member(true)]).await;
    let added = stub.directory().add_member(&key, guid(), MemberOptions::new()).await.unwrap();
    assert_eq!(added, MembershipChange::Already);
    // The code alone is not believed.
    let stub = Stub::new(vec![OK, group(), member(false), exists, member(false)]).await;
    assert!(stub.directory().add_member(&key, guid(), MemberOptions::new()).await.is_err());
    let none = Answer::Result(53, "00000561: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0");
    let stub = Stub::new(vec![OK, group(), member(true), none, member(false)]).await;
    let removed = stub.directory().remove_member(&key, guid(), MemberOptions::new()).await.unwrap();
    assert_eq!(removed, MembershipChange::Already);
}

/// Of a batch, one member was added by somebody else between the look and the change: who is a member is asked again.
#[tokio::test]
async fn a_batch_that_was_overtaken_is_made_anew() {
    let entry = |id: u8, name: &str| (format!("CN={name},DC=x"), vec![("objectGUID", vec![id; 16])]);
    let group = Answer::Entries(vec![(
        "CN=readers,DC=corp,DC=example".to_owned(),
        vec![
            ("objectGUID", vec![9; 16]),
            ("sAMAccountName", b"readers".to_vec()),
            ("groupType", b"-2147483646".to_vec()),
        ],
    )]);
    let key = ad_directory::GroupKey::Dn(dn("CN=readers,DC=corp,DC=example"));
    let both = || Answer::Entries(vec![entry(1, "first"), entry(2, "second")]);
    let exists = Answer::Result(68, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0");
    let inside = |entries| Answer::Entries(entries);
    let changes =
        ad_directory::MemberChanges::new().add([1, 2].map(|id| ObjectGuid::from_wire(&[id; 16]).unwrap()));
    let script = vec![
        OK,
        group.clone(),
        both(),
        inside(vec![]),
        exists.clone(),
        both(),
        inside(vec![entry(1, "first")]),
        OK,
    ];
    let stub = Stub::new(script).await;
    let done = stub.directory().change_members(&key, &changes, MemberOptions::new()).await.unwrap();
    assert_eq!((done.added, done.removed), (1, 0));
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, SEARCH, MODIFY, SEARCH, SEARCH, MODIFY]);
    // Not for ever.
    let lost = group.clone();
    let mut script = vec![OK, group];
    for _ in 0..4 {
        script.extend([both(), inside(vec![]), exists.clone()]);
    }
    let stub = Stub::new(script).await;
    let error = stub.directory().change_members(&key, &changes, MemberOptions::new()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotDone);
    // And an answer that was lost leaves it open.
    let stub = Stub::new(vec![OK, lost, both(), inside(vec![]), Answer::Close]).await;
    let error = stub.directory().change_members(&key, &changes, MemberOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Interrupted, Outcome::Unknown));
}

#[tokio::test]
async fn entries_that_lie_are_errors_and_not_panics() {
    let broken = [
        account(7, "m", &[("memberOf", "not a name")]),
        ("not a name".to_owned(), account(7, "m", &[]).1),
        ("CN=a,DC=x".to_owned(), vec![]),
        ("CN=a,DC=x".to_owned(), vec![("objectGUID", vec![1; 15])]),
    ];
    for entry in broken {
        let stub = Stub::new(vec![OK, Answer::Entries(vec![entry.clone()])]).await;
        let error = stub.directory().find_account(&guid().into(), FindOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{entry:?}: {error:?}");
    }
    let stub = Stub::new(vec![OK, Answer::Entries(vec![account(7, "m", &[]), account(8, "m", &[])])]).await;
    let key = AccountKey::SamAccountName("svc".parse().unwrap());
    let error = stub.directory().find_account(&key, FindOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
}

#[tokio::test]
async fn a_foreign_marker_is_seen_and_stops_an_adoption() {
    let stub = Stub::new(vec![OK, one("Set by John, 2019"), one("Set by John, 2019")]).await;
    let directory = stub.directory();
    let found = directory.find_account(&guid().into(), FindOptions::new()).await.unwrap().unwrap();
    assert_eq!((found.marker, found.foreign_marker), (None, true));
    let adopt = AccountUpdate::new().marker(MarkerChange::adopt("ours".parse().unwrap()));
    let error = directory.update_account(guid(), &adopt, UpdateOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MarkerMismatch);
}

#[tokio::test]
async fn a_locked_account_is_told_from_a_wrong_password() {
    for (text, words, again) in [("data 775, v1db1", "locked out", true), ("data 52e, v1db1", "wrong", false)]
    {
        let text: &'static str = format!("80090308: LdapErr: DSID-0C0903A9, comment: x, {text}\0").leak();
        let stub = Stub::new(vec![Answer::Result(49, text), Answer::Result(49, text)]).await;
        let directory = stub.directory();
        for _ in 0..2 {
            let error = directory.probe(ProbeOptions::new()).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotSent));
            assert!(error.to_string().contains(words) && error.to_string().contains("127.0.0.1"), "{error}");
        }
        // Only a wrong password is kept back: an account that is unlocked works again by itself.
        assert_eq!(stub.tags().len(), if again { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_a_broken_one_is_not() {
    let stub = Stub::new(vec![OK, one("m"), one("m"), Answer::Close, OK, Answer::Close, OK, one("m")]).await;
    let directory = stub.directory();
    let find = async || directory.find_account(&guid().into(), FindOptions::new()).await;
    find().await.unwrap();
    find().await.unwrap();
    // Asked once more on another connection, and no more than that.
    let error = find().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Interrupted, Outcome::NotSent, 2)
    );
    find().await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, SEARCH, BIND, SEARCH, BIND, SEARCH]);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_not_used_again() {
    let stub = Stub::new(vec![OK, Answer::Farewell, OK, one("m")]).await;
    let directory = stub.directory();
    assert_eq!(directory.find_account(&guid().into(), FindOptions::new()).await.unwrap(), None);
    tokio::time::sleep(Duration::from_millis(100)).await;
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, BIND, SEARCH]);
}

#[tokio::test]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    let stub = Stub::new(vec![OK, one("m"), OK, one("m")]).await;
    let directory =
        stub.builder().time_limits(TimeLimits::default().idle(Duration::from_millis(20))).build().unwrap();
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, BIND, SEARCH]);
}

/// The controller may have gone without a word: before a change is entrusted to a connection that was idle for 5 seconds, it is asked.
#[tokio::test]
async fn a_connection_that_was_idle_for_a_while_is_asked_first() {
    let stub = Stub::new(vec![OK, one("m"), Answer::Close, OK, one("m"), OK]).await;
    let directory = stub.directory();
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5100)).await;
    directory.delete_account(guid(), DeleteOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, BIND, SEARCH, DELETE]);
}

/// A sign-in is lent to nobody: the account whose password was checked must not become the one that works.
#[tokio::test]
async fn a_password_check_has_a_connection_of_its_own() {
    let stub = Stub::new(vec![OK, one("m"), OK, one("m")]).await;
    let directory = stub.directory();
    let check =
        directory.check_password(guid(), &"Canary-1".into(), CheckPasswordOptions::new()).await.unwrap();
    assert_eq!(check, PasswordCheck::Accepted);
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    // The last search came on the first connection: a new one would have begun with a sign-in.
    assert_eq!(stub.tags(), [BIND, SEARCH, BIND, SEARCH]);
    assert_eq!(stub.connections(), [1, 1, 2, 1]);
}

/// What else may be wrong with a connection on which an unreadable answer came, nobody knows; a refusal is an answer like any other.
#[tokio::test]
async fn a_connection_goes_back_after_an_answer_and_not_after_nonsense() {
    let update = AccountUpdate::new().description(Some("x".to_owned()));
    let nonsense = Answer::Entries(vec![("CN=a,DC=x".to_owned(), vec![])]);
    let stub = Stub::new(vec![OK, one("m"), OK, nonsense, OK, one("m")]).await;
    let directory = stub.directory();
    let error = directory.update_account(guid(), &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::Done));
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, MODIFY, SEARCH, BIND, SEARCH]);
    let stub = Stub::new(vec![OK, Answer::Entries(vec![]), one("m"), POLICY, one("m")]).await;
    let directory = stub.directory();
    directory.delete_account(guid(), DeleteOptions::new()).await.unwrap_err();
    directory.set_password(guid(), &"Canary-1".into(), SetPasswordOptions::new()).await.unwrap_err();
    directory.find_account(&guid().into(), FindOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, MODIFY, SEARCH]);
}

#[tokio::test]
async fn another_ldap_server_is_no_domain() {
    let root = (String::new(), vec![("defaultNamingContext", b"DC=x".to_vec())]);
    let stub = Stub::new(vec![OK, Answer::Entries(vec![root])]).await;
    let error = stub.directory().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let stub = Stub::new(vec![OK, Answer::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")]).await;
    assert!(stub.directory().probe(ProbeOptions::new()).await.is_err());
}
