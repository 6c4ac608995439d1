//! A real controller: Samba, as `.ci/samba-dc` makes it. Run with `.ci/samba-dc exec -- cargo test -p ad-directory --all-features`.
//!
//! Without the variables that it sets, every test here fails, so that nobody takes them for passed; whoever has no domain leaves them out
//! by name (`-- --skip real_domain`) and says so.

use std::time::Duration;

use ad_directory::{
    AccountUpdate, AttributeName, AttributeValues, Capability, ChangeBatch, ChangeSource, ChangesOptions,
    CreateOptions, DeleteOptions, Directory, DirectoryExt, ErrorKind, Filter, LdapDirectory,
    LdapDirectoryBuilder, ListOptions, Modification, NewAccount, Outcome, ProbeOptions, Query,
    SamAccountName, ServiceNameOptions, ServicePrincipalName, TimeLimits, UpdateOptions, Vendor,
    conformance::{Ground, Harness, SAMBA},
};
use futures_util::TryStreamExt;
use secrecy::SecretString;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `.ci/samba-dc start` and then this under `.ci/samba-dc exec --`, or leave it out with --skip real_domain")
    })
}

fn ca() -> Vec<u8> {
    std::fs::read(variable("AD_TEST_CA_FILE")).unwrap()
}

/// All but the CA.
fn builder() -> LdapDirectoryBuilder {
    LdapDirectory::builder(variable("AD_TEST_LDAP_URL"))
        .bind_name(variable("AD_TEST_BIND"))
        .password(SecretString::from(variable("AD_TEST_PASSWORD")))
}

struct Samba;

impl Harness for Samba {
    async fn fresh(&self) -> Ground {
        let base = variable("AD_TEST_BASE_DN").parse().unwrap();
        let directory = builder().base_dn(base).ca_file(variable("AD_TEST_CA_FILE")).build().unwrap();
        let unit = variable("AD_TEST_OU").parse().unwrap();
        let retired = variable("AD_TEST_RETIRED_OU").parse().unwrap();
        let administrator = builder()
            .bind_name(variable("AD_TEST_ADMIN"))
            .password(SecretString::from(variable("AD_TEST_ADMIN_PASSWORD")))
            .base_dn(variable("AD_TEST_BASE_DN").parse().unwrap())
            .ca_file(variable("AD_TEST_CA_FILE"))
            .build()
            .unwrap();
        Ground::new(directory, unit, retired, &variable("AD_TEST_GROUP"), &variable("AD_TEST_OTHER_GROUP"))
            .manager(administrator)
            .deviations(SAMBA)
    }
}

mod suite {
    ad_directory::conformance_suite!(super::Samba);
}

/// The cases of changes once more, by the numbers of the controller instead of DirSync.
struct ByNumbers;

impl Harness for ByNumbers {
    async fn fresh(&self) -> Ground {
        Samba.fresh().await.change_source(ChangeSource::UpdateNumbers)
    }
}

mod by_numbers {
    use ad_directory::conformance::{Harness, case};

    macro_rules! cases {
        ($($name:ident)*) => {$(
            #[tokio::test]
            async fn $name() {
                let ground = super::ByNumbers.fresh().await;
                let checked = case::$name(&ground).await;
                ground.clean_up().await;
                checked.unwrap();
            }
        )*};
    }

    cases! {
        a_first_reading_tells_everything a_token_tells_what_came_after_it an_old_token_tells_the_same_again
        changed_attributes_are_told changes_of_one_object_are_one a_move_is_told a_deletion_is_told
        a_restored_account_is_told a_managed_account_is_told members_that_come_and_go_are_told a_part_of_the_domain_can_be_read other_kinds_are_told_when_asked
        a_token_belongs_to_its_question a_token_of_another_domain_is_refused
    }
}

/// An ordinary account reads changes too, and is told that it sees no deletions.
#[tokio::test]
async fn without_the_right_to_replicate_it_sees_what_it_may() {
    let directory = builder().ca_pem(ca()).build().unwrap();
    let batches: Vec<ChangeBatch> =
        directory.list_changes(ChangesOptions::new()).try_collect().await.unwrap();
    let last = batches.last().unwrap();
    assert_eq!((last.source, last.sees_deletions, last.is_full), (ChangeSource::DirSync, false, true));
    assert!(batches.iter().map(|batch| batch.changes.len()).sum::<usize>() > 5);
}

/// What a controller does not take for a cookie of its own is no reason to stop: it is read anew.
#[tokio::test]
async fn a_cookie_that_no_controller_gave_needs_a_fresh_reading() {
    let directory = builder().ca_pem(ca()).build().unwrap();
    let batches: Vec<ChangeBatch> =
        directory.list_changes(ChangesOptions::new()).try_collect().await.unwrap();
    let json = {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let text = batches.last().unwrap().token.to_string();
        let json = String::from_utf8(engine.decode(text.strip_prefix("adct1.").unwrap()).unwrap()).unwrap();
        let (head, rest) = json.split_once("\"cookie\":\"").unwrap();
        let (_, tail) = rest.split_once('"').unwrap();
        format!("adct1.{}", engine.encode(format!("{head}\"cookie\":\"0badcafe\"{tail}")))
    };
    let options = ChangesOptions::new().token(json.parse().unwrap());
    let error = directory.list_changes(options).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::ResyncNeeded, Outcome::NotDone), "{error}");
}

#[tokio::test]
async fn the_domain_is_asked_for_when_it_is_not_configured() {
    let directory = builder().ca_pem(ca()).build().unwrap();
    let name: SamAccountName = "svc-alm".parse().unwrap();
    let account = directory.get_account(name).await.unwrap();
    assert!(account.is_enabled());
    let probe = directory.probe(ProbeOptions::new()).await.unwrap();
    assert_eq!(probe.vendor, Vendor::Samba);
    assert_eq!(probe.controller.site.as_deref(), Some("Default-First-Site-Name"));
    assert!(directory.capabilities().has(Capability::AtomicMarker));
}

/// Outside of the domain's own part, too.
#[tokio::test]
async fn the_protocol_itself_can_be_spoken() {
    let directory = builder().ca_pem(ca()).build().unwrap();
    let configuration = format!("CN=Configuration,{}", variable("AD_TEST_BASE_DN"));
    let query = Query::all()
        .below(configuration.parse().unwrap())
        .matching(Filter::equals("objectClass".parse().unwrap(), "nTDSDSA"));
    let invocation_id: AttributeName = "invocationId".parse().unwrap();
    let options = ListOptions::new().attributes(vec![invocation_id.clone()]).page_size(1);
    let list = directory.search(&query, options);
    let found: Vec<_> = list.try_collect().await.unwrap();
    let invocation = directory.probe(ProbeOptions::new()).await.unwrap().controller.invocation_id.unwrap();
    let ids = found.iter().filter_map(|entry| entry.attributes.get(&invocation_id));
    assert!(ids.flat_map(AttributeValues::bytes).any(|id| id == invocation.to_bytes_le()));
    let missing = format!("CN=nobody,{configuration}").parse().unwrap();
    let change = [Modification::Replace("info".parse().unwrap(), AttributeValues::new(vec![b"x".to_vec()]))];
    let error = directory.modify_entry(&missing, &change).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), "{error}");
}

#[tokio::test]
async fn the_next_controller_is_tried() {
    let url = variable("AD_TEST_LDAP_URL");
    let directory = LdapDirectory::builder("ldaps://127.0.0.1:1")
        .fallback(url)
        .bind_name(variable("AD_TEST_BIND"))
        .password(SecretString::from(variable("AD_TEST_PASSWORD")))
        .ca_pem(ca())
        .build()
        .unwrap();
    assert!(directory.probe(ProbeOptions::new()).await.is_ok());
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    let other = std::fs::read(variable("AD_TEST_OTHER_CA_FILE")).unwrap();
    let error = builder().ca_pem(other).build().unwrap().probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Tls, Outcome::NotSent));
    assert!(
        error.to_string().contains("127.0.0.1:636") && error.to_string().contains("give the CA"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_password_is_not_sent_again() {
    let directory = builder()
        .password("Wrong-1-password".into())
        .bind_name("nobody@lab.example.com")
        .ca_pem(ca())
        .build()
        .unwrap();
    let first = directory.probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!(
        (first.kind(), first.bind_code(), first.outcome()),
        (ErrorKind::Auth, Some(0x52e), Outcome::NotSent)
    );
    assert!(first.to_string().contains("127.0.0.1:636"), "{first}");
    // That it stays in this process, the scripted controllers show.
    assert_eq!(directory.probe(ProbeOptions::new()).await.unwrap_err().bind_code(), Some(0x52e));
}

#[tokio::test]
async fn a_replaced_password_opens_it_again() {
    let directory = builder().password("Wrong-1-password".into()).ca_pem(ca()).build().unwrap();
    assert_eq!(directory.probe(ProbeOptions::new()).await.unwrap_err().kind(), ErrorKind::Auth);
    directory.replace_password(SecretString::from(variable("AD_TEST_PASSWORD"))).unwrap();
    directory.probe(ProbeOptions::new()).await.unwrap();
}

#[tokio::test]
async fn what_was_not_delegated_is_forbidden() {
    let directory = builder().ca_pem(ca()).build().unwrap();
    let guest: SamAccountName = "Administrator".parse().unwrap();
    let account = directory.get_account(guest).await.unwrap();
    let update = AccountUpdate::new().description(Some("changed".to_owned()));
    let error = directory.update_account(account.guid, &update, UpdateOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Forbidden, Outcome::NotDone));
}

#[tokio::test]
async fn a_name_that_a_host_answers_for_is_refused_and_says_by_whom() {
    let ground = Samba.fresh().await;
    let suffix = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let new = NewAccount::new(variable("AD_TEST_OU").parse().unwrap(), format!("h{suffix}").parse().unwrap());
    let account = ground.directory.create_account(&new, CreateOptions::new()).await.unwrap();
    let name: ServicePrincipalName = "HTTP/dc1.lab.example.com".parse().unwrap();
    let owners = ground.directory.service_name_owners(&name, ServiceNameOptions::new()).await.unwrap();
    assert_eq!((owners.is_free(), owners.aliased[0].name.as_deref()), (true, Some("DC1$")));
    let change = AccountUpdate::new().add_service_principal_name(name);
    let refused = ground.directory.update_account(account.guid, &change, UpdateOptions::new()).await;
    ground.directory.delete_account(account.guid, DeleteOptions::new()).await.unwrap();
    ground.clean_up().await;
    let error = refused.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Forbidden, Outcome::NotDone));
    assert!(error.to_string().contains("CN=DC1,"), "{error}");
}

#[tokio::test]
async fn a_time_limit_holds() {
    let limits = TimeLimits::default().operation(Duration::from_nanos(1));
    let directory = builder().ca_pem(ca()).time_limits(limits).build().unwrap();
    let error = directory.probe(ProbeOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent));
}

#[tokio::test]
async fn many_at_once_share_few_connections() {
    let directory = builder().ca_pem(ca()).max_connections(2).build().unwrap();
    let calls = (0..20).map(|_| {
        let directory = directory.clone();
        tokio::spawn(async move { directory.probe(ProbeOptions::new()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}

/// An operation that is dropped midway must not leave its answer to the next one.
#[tokio::test]
async fn a_dropped_operation_disturbs_nobody() {
    let directory = builder().ca_pem(ca()).max_connections(1).build().unwrap();
    directory.probe(ProbeOptions::new()).await.unwrap();
    let name: SamAccountName = "svc-alm".parse().unwrap();
    for microseconds in [0, 50, 200, 500, 1000, 2000] {
        let dropped =
            tokio::time::timeout(Duration::from_micros(microseconds), directory.probe(ProbeOptions::new()))
                .await;
        drop(dropped);
        assert_eq!(directory.get_account(name.clone()).await.unwrap().sam_account_name, name);
    }
}
