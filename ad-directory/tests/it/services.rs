//! Service names and policies in the forms of Windows, and at a global catalog.

use ad_directory::{
    AccountUpdate, CreateOptions, Directory, ErrorKind, NewAccount, ObjectGuid, Outcome, PolicyOptions,
    PolicyScope, PolicySource, Reach, ServiceNameOptions, ServicePrincipalName, SetPasswordOptions,
    UpdateOptions,
};

use crate::{
    ground::dn,
    stub::{ADD, Answer, BIND, MODIFY, SEARCH, Stub, account},
};

const OK: Answer = Answer::Result(0, "");
const NOBODY: Answer = Answer::Entries(vec![]);

fn guid() -> ObjectGuid {
    ObjectGuid::from_wire(&[7; 16]).unwrap()
}

fn name() -> ServicePrincipalName {
    "HTTP/web.corp.example".parse().unwrap()
}

fn one(more: &[(&'static str, &str)]) -> Answer {
    Answer::Entries(vec![account(7, "", more)])
}

/// A computer of another domain.
fn computer() -> Answer {
    let attributes = vec![
        ("objectGUID", vec![9; 16]),
        ("objectClass", b"computer".to_vec()),
        ("sAMAccountName", b"WEB$".to_vec()),
        ("servicePrincipalName", b"http/WEB.corp.example".to_vec()),
    ];
    Answer::Entries(vec![("CN=WEB,OU=Hosts,DC=other,DC=example".to_owned(), attributes)])
}

/// What is asked once for all service names: where the configuration is, and what the forest takes for what.
pub(crate) fn mappings() -> [Answer; 2] {
    let configuration = "CN=Configuration,DC=corp,DC=example";
    let root = vec![
        ("configurationNamingContext", configuration.as_bytes().to_vec()),
        ("currentTime", b"20261120180659.0Z".to_vec()),
    ];
    let mappings = vec![("sPNMappings", b"host=cifs,http".to_vec())];
    let place = format!("CN=Directory Service,CN=Windows NT,CN=Services,{configuration}");
    [Answer::Entries(vec![(String::new(), root)]), Answer::Entries(vec![(place, mappings)])]
}

fn add() -> AccountUpdate {
    AccountUpdate::new().add_service_principal_name(name())
}

#[tokio::test]
async fn a_name_that_another_domain_has_is_found_at_the_global_catalog() {
    let catalog = Stub::new(vec![OK, computer(), NOBODY, computer(), computer()]).await;
    let [root, mapping] = mappings();
    let stub = Stub::new(vec![OK, root, mapping, one(&[]), OK]).await;
    // One authority for both: the stubs make their own.
    let directory =
        stub.builder().ca_pem(catalog.ca.as_bytes()).global_catalog(&catalog.url).build().unwrap();
    let owners = directory.service_name_owners(&name(), ServiceNameOptions::new()).await.unwrap();
    assert_eq!((owners.reach, owners.owners[0].name.as_deref()), (Reach::Forest, Some("WEB$")));
    let error = directory.update_account(guid(), &add(), UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::AlreadyExists, Outcome::NotDone));
    assert!(error.to_string().contains("CN=WEB,OU=Hosts,DC=other,DC=example"), "{error}");
    let new = NewAccount::new(dn("OU=Accounts,DC=corp,DC=example"), "svc".parse().unwrap())
        .service_principal_name(name().as_str());
    let error = directory.create_account(&new, CreateOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(catalog.tags(), [BIND, SEARCH, SEARCH, SEARCH, SEARCH]);
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, SEARCH], "nothing was changed");
}

/// A computer that answers for the name.
fn host() -> Answer {
    let attributes = vec![
        ("objectGUID", vec![9; 16]),
        ("objectClass", b"computer".to_vec()),
        ("sAMAccountName", b"WEB$".to_vec()),
        ("servicePrincipalName", b"HOST/web.corp.example".to_vec()),
    ];
    Answer::Entries(vec![("CN=WEB,OU=Hosts,DC=other,DC=example".to_owned(), attributes)])
}

/// A controller says "access denied" for a name that a host answers for, and nobody would guess at what.
#[tokio::test]
async fn a_refusal_that_may_come_of_an_alias_says_so() {
    let denied =
        || Answer::Result(50, "00002098: SecErr: DSID-031A11D1, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0");
    for (found, said) in [(host(), true), (NOBODY, false)] {
        let [root, mapping] = mappings();
        let stub = Stub::new(vec![OK, one(&[]), NOBODY, denied(), root, mapping, found]).await;
        let error = stub.directory().update_account(guid(), &add(), UpdateOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Forbidden, Outcome::NotDone));
        let text = error.to_string();
        assert_eq!(
            text.contains("CN=WEB,OU=Hosts,DC=other,DC=example answers for it by host/web.corp.example"),
            said,
            "{text}"
        );
    }
    // Without a new name there is nothing to ask.
    let stub = Stub::new(vec![OK, one(&[]), denied()]).await;
    let change = AccountUpdate::new().description(Some("x".to_owned()));
    let error = stub.directory().update_account(guid(), &change, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), stub.tags()), (ErrorKind::Forbidden, vec![BIND, SEARCH, MODIFY]));
}

/// What stands for a name is the forest's to say, and is asked for once; a host that has the very name as well is its owner.
#[tokio::test]
async fn who_answers_by_an_alias_is_searched_for_in_the_forest() {
    let catalog = Stub::new(vec![OK, NOBODY, host(), NOBODY, host(), NOBODY]).await;
    let [root, mapping] = mappings();
    let stub = Stub::new(vec![OK, root, mapping]).await;
    let directory =
        stub.builder().ca_pem(catalog.ca.as_bytes()).global_catalog(&catalog.url).build().unwrap();
    for _ in 0..2 {
        let owners = directory.service_name_owners(&name(), ServiceNameOptions::new()).await.unwrap();
        assert_eq!((owners.is_free(), owners.reach), (true, Reach::Forest));
        assert_eq!(owners.aliased[0].name.as_deref(), Some("WEB$"));
    }
    // This forest takes DNS for nothing else.
    let dns = "DNS/web.corp.example".parse().unwrap();
    let owners = directory.service_name_owners(&dns, ServiceNameOptions::new()).await.unwrap();
    assert_eq!((owners.is_free(), owners.aliased.len()), (true, 0));
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH]);
    assert_eq!((catalog.tags().len(), catalog.sent(b"host/web.corp.example")), (6, 2));
}

#[tokio::test]
async fn without_a_catalog_that_answers_the_domain_is_asked_and_says_so() {
    let [root, mapping] = mappings();
    let stub = Stub::new(vec![OK, NOBODY, root, mapping, NOBODY, one(&[]), NOBODY, OK, one(&[])]).await;
    let directory = stub.builder().global_catalog("ldaps://127.0.0.1:1").build().unwrap();
    let owners = directory.service_name_owners(&name(), ServiceNameOptions::new()).await.unwrap();
    assert_eq!((owners.reach, owners.is_free()), (Reach::Domain, true));
    directory.update_account(guid(), &add(), UpdateOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [[BIND].as_slice(), &[SEARCH; 6], &[MODIFY, SEARCH]].concat());
}

/// It is asked why, and nobody answers any more: the refusal stays what it was, and its connection is not used again.
#[tokio::test]
async fn whoever_is_quicker_gets_it() {
    let text = "000021C7: AtrErr: DSID-03200BBA, #1:\n\t0: 000021C7: DSID-03200BBA, problem 1005 (CONSTRAINT_ATT_TYPE)\0";
    let stub = Stub::new(vec![OK, one(&[]), NOBODY, Answer::Result(19, text)]).await;
    let error = stub.directory().update_account(guid(), &add(), UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::AlreadyExists, Some(0x21c7)));
    assert_eq!((error.outcome(), stub.tags().last()), (Outcome::NotDone, Some(&SEARCH)));
}

#[tokio::test]
async fn what_somebody_added_meanwhile_is_no_error() {
    // 20: the account has it already, since a moment.
    let has = one(&[("servicePrincipalName", "HTTP/web.corp.example")]);
    let stub =
        Stub::new(vec![OK, one(&[]), NOBODY, Answer::Result(20, "00002083: AtrErr: problem 1006"), has])
            .await;
    let account = stub.directory().update_account(guid(), &add(), UpdateOptions::new()).await.unwrap();
    assert_eq!(account.service_principal_names, [name().to_string()]);
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, MODIFY, SEARCH]);
}

#[tokio::test]
async fn no_name_means_no_question() {
    let stub = Stub::new(vec![OK, OK, one(&[])]).await;
    let new = NewAccount::new(dn("OU=Accounts,DC=corp,DC=example"), "svc".parse().unwrap());
    stub.directory().create_account(&new, CreateOptions::new()).await.unwrap();
    assert_eq!(stub.tags(), [BIND, ADD, SEARCH]);
}

fn root(control: &str) -> Answer {
    Answer::Entries(vec![(String::new(), vec![("supportedControl", control.as_bytes().to_vec())])])
}

#[tokio::test]
async fn history_is_asked_for_with_the_control_that_the_controller_has() {
    let options = || SetPasswordOptions::new().enforce_history(true);
    for oid in ["1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066"] {
        let stub = Stub::new(vec![OK, one(&[]), root(oid), OK]).await;
        stub.directory().set_password(guid(), &"Canary-1".into(), options()).await.unwrap();
        assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH, MODIFY]);
        // Critical, with SEQUENCE { INTEGER 1 }.
        assert_eq!(stub.sent(&[oid.as_bytes(), &[1, 1, 0xff, 4, 5, 0x30, 3, 2, 1, 1]].concat()), 1);
    }
    let stub = Stub::new(vec![OK, one(&[]), root("1.2.840.113556.1.4.319")]).await;
    let error = stub.directory().set_password(guid(), &"Canary-1".into(), options()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unsupported, Outcome::NotSent));
    assert_eq!(stub.tags(), [BIND, SEARCH, SEARCH]);
}

const PSO: &str = "CN=services,CN=Password Settings Container,CN=System,DC=corp,DC=example";

#[tokio::test]
async fn a_fine_grained_policy_is_read_or_said_to_be_hidden() {
    let resultant = || one(&[("msDS-ResultantPSO", PSO)]);
    let texts = [
        ("msDS-MinimumPasswordLength", "24"),
        ("msDS-PasswordHistoryLength", "5"),
        ("msDS-MinimumPasswordAge", "-864000000000"),
        ("msDS-MaximumPasswordAge", "-9223372036854775808"),
        ("msDS-LockoutThreshold", "3"),
        ("msDS-LockoutDuration", "-9223372036854775808"),
        ("msDS-LockoutObservationWindow", "-6000000000"),
        ("msDS-PasswordComplexityEnabled", "TRUE"),
        ("msDS-PasswordReversibleEncryptionEnabled", "FALSE"),
    ];
    let attributes = texts.map(|(name, value)| (name, value.as_bytes().to_vec())).to_vec();
    let stub = Stub::new(vec![OK, resultant(), Answer::Entries(vec![(PSO.to_owned(), attributes)])]).await;
    let scope = PolicyScope::Account(guid());
    let policy = stub.directory().password_policy(&scope, PolicyOptions::new()).await.unwrap();
    assert_eq!(policy.source, PolicySource::FineGrained(dn(PSO)));
    assert_eq!((policy.minimum_length, policy.complexity, policy.history_length), (24, true, 5));
    assert_eq!((policy.minimum_age.as_secs(), policy.maximum_age), (86_400, None));
    assert_eq!((policy.lockout_threshold, policy.lockout_duration), (3, None), "until somebody unlocks it");
    assert_eq!(policy.lockout_window.as_secs(), 600);
    for hidden in [NOBODY, Answer::Result(32, ""), Answer::Entries(vec![(PSO.to_owned(), vec![])])] {
        let stub = Stub::new(vec![OK, resultant(), hidden]).await;
        let error = stub.directory().password_policy(&scope, PolicyOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
        assert!(error.to_string().contains("CN=services"), "{error}");
    }
}
