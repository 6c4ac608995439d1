//! Group managed service accounts, from the template to the end (T-11, O-13).

use ad_directory::{
    AccountExpires, CreateOptions, DeleteGroupOptions, Directory as _, EncryptionTypes, FindOptions,
    GroupKey, ManagedAccount, MemoryDirectory, NewAccount, NewManagedAccount, Sid,
};
use alm_core::Alm;
use alm_core::engine::PlaceInspector;
use alm_core::model::account::{Account, AccountStatus};
use alm_core::model::ids::{AccountId, TemplateId};
use alm_core::model::managed::{AccountKind, ManagedTemplate, PasswordReader, TicketEncryption};
use alm_core::model::request::{Request, RequestForm, RequestStatus};
use alm_core::model::template::{EolAction, TemplateBody};
use alm_core::port::clock::Clock as _;
use alm_core::rules::lifecycle::AccountOption;
use alm_core::service::accounts::{
    DeleteAccount, DisableAccount, EnableAccount, RenewAccount, SubmitRenewal,
};
use alm_core::service::cloning::CloneAccount;
use alm_core::service::failures::RetryRequest;
use alm_core::service::privileges::RequestPrivilege;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{DraftRequest, SubmitRequest};
use alm_core::service::rotation::RotateAccount;
use alm_core::service::templates::DraftTemplate;
use jiff::SignedDuration;

use super::rules::received;
use super::world::{HOSTS, OU, READERS, RETIRED, WRITERS, World, form};

const WEB: &str = "HTTP/web.corp.example.com";

fn web() -> RequestForm {
    let mut form = form("web");
    "serves the intranet".clone_into(&mut form.description);
    form.service_principal_names = vec![WEB.to_owned(), "HTTP/web".to_owned()];
    form
}

async fn hosts(w: &World) -> Sid {
    let key = GroupKey::Dn(HOSTS.parse().unwrap());
    w.directory.find_group(&key, FindOptions::new()).await.unwrap().unwrap().sid.unwrap()
}

async fn account(w: &World, id: AccountId) -> (Account, ManagedAccount) {
    let account = w.view(id).await.account;
    let there = w.managed(&account).await.unwrap();
    (account, there)
}

/// Nothing was ever put into the vault, and nobody made a password.
fn nothing_is_vaulted(w: &World) {
    assert!(w.vault.calls().is_empty() && w.vault.passwords().is_empty() && w.vault.secrets().is_empty());
}

#[tokio::test]
async fn t_1_t_11_o_13_a_gmsa_comes_to_be_and_no_vault_hears_of_it() {
    let w = World::new().await;
    let mut body = w.managed_body(EolAction::Review);
    let managed = body.managed.as_mut().unwrap();
    (managed.encryption, managed.password_interval_days, managed.allow_readers) =
        (TicketEncryption::Aes128, 7, true);
    let template = w.publish("web services", body).await;
    let lone: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let mut form = web();
    // Named by template and requester: once is enough.
    form.readers = vec![PasswordReader::Sid(lone.clone()), PasswordReader::Group(HOSTS.parse().unwrap())];
    let id = w.provisioned_as(template, form).await;
    let (account, there) = account(&w, id).await;

    assert_eq!((account.name.as_str(), account.kind), ("svc-web$", AccountKind::GroupManaged), "NM-3");
    assert_eq!((account.vault, account.secret, account.rotates_at), (None, None, None));
    assert_eq!(account.service_principal_names, [WEB, "HTTP/web"]);
    assert_eq!((there.sam_account_name.as_str(), there.dn.name()), ("svc-web$", "svc-web"));
    assert_eq!(there.dn.parent(), Some(OU.parse().unwrap()));
    assert_eq!(there.dns_host_name.as_deref(), Some("svc-web.corp.example.com"));
    assert_eq!(there.principals(), [&hosts(&w).await, &lone]);
    assert_eq!(there.encryption_types, Some(EncryptionTypes::AES128));
    assert_eq!(there.password_interval_days, Some(7));
    assert_eq!(there.service_principal_names, ["HTTP/web", WEB]);
    assert_eq!(there.member_of, [READERS.parse().unwrap()]);
    assert_eq!(there.description.as_deref(), Some("serves the intranet"));
    assert!(there.is_enabled() && there.marker.is_some() && there.expires == AccountExpires::Never);
    nothing_is_vaulted(&w);
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn t_2_t_11_a_template_says_what_its_kind_needs_and_nothing_else() {
    let w = World::new().await;
    let refused = async |name: &str, body: TemplateBody, rule: &str, fields: &[&str]| {
        let template = w.execute(&w.admin, DraftTemplate::new(name, body)).await.unwrap();
        let error = w.refused(&w.admin, PublishTemplate::new(template), rule).await;
        let seen: Vec<_> = error.refusals().iter().map(|refusal| (refusal.rule(), refusal.field())).collect();
        let expected: Vec<_> = fields.iter().map(|field| (rule, *field)).collect();
        assert_eq!(seen, expected, "{name}");
    };
    // What is of users alone, all at once.
    let mut body = w.managed_body(EolAction::Review);
    body.vault = w.body(EolAction::Review).vault;
    body.rotation.every_days = Some(30);
    body.attributes.insert("department".into(), "IT".into());
    body.managed = None;
    refused("of users", body, "T-11", &["vault", "rotation", "attributes", "managed"]).await;

    let with = |managed: ManagedTemplate| {
        let mut body = w.managed_body(EolAction::Review);
        body.managed = Some(managed);
        body
    };
    let group = || PasswordReader::Group(HOSTS.parse().unwrap());
    refused("nobody reads", with(ManagedTemplate::new([])), "T-11", &["readers"]).await;
    refused("one twice", with(ManagedTemplate::new([group(), group()])), "T-11", &["readers"]).await;
    let many = (0..=100).map(|n| PasswordReader::Sid(format!("S-1-5-21-1-2-3-{n}").parse().unwrap()));
    refused("too many", with(ManagedTemplate::new(many)), "T-11", &["readers"]).await;
    for days in [0, 3_651] {
        let mut managed = ManagedTemplate::new([group()]);
        managed.password_interval_days = days;
        refused(&format!("{days} days"), with(managed), "T-11", &["password_interval_days"]).await;
    }
    let gone =
        PasswordReader::Group("CN=nobody,OU=Service Accounts,DC=corp,DC=example,DC=com".parse().unwrap());
    refused("no such group", with(ManagedTemplate::new([gone])), "T-11", &["readers"]).await;
    let mut body = w.managed_body(EolAction::Review);
    body.directory.name_prefix = "x".repeat(15);
    refused("no room", body, "NM-1", &["name_prefix"]).await;

    let mut body = w.body(EolAction::Review);
    (body.vault, body.managed) = (None, Some(ManagedTemplate::of_requester()));
    let template = w.execute(&w.admin, DraftTemplate::new("of gMSAs", body)).await.unwrap();
    let error = w.refused(&w.admin, PublishTemplate::new(template), "T-11").await;
    received(&error, "T-2");

    // The least and the most that there may be.
    for days in [1, 3_650] {
        let mut managed = ManagedTemplate::of_requester();
        managed.password_interval_days = days;
        w.publish(&format!("every {days} days"), with(managed)).await;
    }
}

async fn refused_form(w: &World, template: TemplateId, form: RequestForm, field: &str, count: usize) {
    let request = w.execute(&w.requester, DraftRequest::new(template, form)).await.unwrap();
    let error = w.refused(&w.requester, SubmitRequest::new(request), "T-11").await;
    let seen: Vec<_> = error.refusals().iter().map(alm_core::Refusal::field).collect();
    assert_eq!(seen, vec![field; count], "{error}");
}

#[tokio::test]
async fn t_11_a_request_names_services_that_nobody_has_and_readers_that_it_may_name() {
    let w = World::new().await;
    let fixed = w.publish("fixed", w.managed_body(EolAction::Review)).await;
    let mut open = w.managed_body(EolAction::Review);
    open.managed = Some(ManagedTemplate::of_requester());
    let open = w.publish("open", open).await;
    let users = w.publish("users", w.body(EolAction::Review)).await;
    let named = |names: &[&str]| {
        let mut form = form("other");
        form.service_principal_names = names.iter().map(|name| (*name).to_owned()).collect();
        form
    };
    let services = "service_principal_names";
    refused_form(&w, fixed, named(&["web", "HTTP/", "HTTP/a", "http/A"]), services, 3).await;
    let many: Vec<_> = (0..=100).map(|n| format!("HTTP/h{n}")).collect();
    refused_form(&w, fixed, named(&many.iter().map(String::as_str).collect::<Vec<_>>()), services, 1).await;
    refused_form(&w, users, named(&[WEB]), services, 1).await;

    let reader = PasswordReader::Sid("S-1-5-21-1-2-3-1104".parse().unwrap());
    let mut reading = form("other");
    reading.readers = vec![reader.clone()];
    refused_form(&w, fixed, reading.clone(), "readers", 1).await;
    refused_form(&w, users, reading.clone(), "readers", 1).await;
    refused_form(&w, open, form("other"), "readers", 1).await;
    reading.readers.push(reader);
    refused_form(&w, open, reading.clone(), "readers", 1).await;
    reading.readers = vec![PasswordReader::Group("CN=gone,DC=corp,DC=example,DC=com".parse().unwrap())];
    refused_form(&w, open, reading, "readers", 1).await;
    let mut foldered = form("other");
    foldered.folder = Some("12".into());
    refused_form(&w, fixed, foldered, "folder", 1).await;

    // Somebody in the forest has it; a live request has it; an account has it.
    let ou = OU.parse().unwrap();
    let other = NewAccount::new(ou, "legacy".parse().unwrap()).service_principal_name("HTTP/old");
    w.directory.create_account(&other, CreateOptions::new()).await.unwrap();
    refused_form(&w, fixed, named(&["http/OLD"]), services, 1).await;
    let request = w.submitted_as(fixed, web()).await;
    refused_form(&w, fixed, named(&["http/WEB"]), services, 1).await;
    w.approve(request).await;
    w.run().await;
    refused_form(&w, fixed, named(&["HTTP/web"]), services, 1).await;
}

#[tokio::test]
async fn nm_1_a_gmsas_name_is_short_and_its_dollar_is_ours() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Review)).await;
    for (name, fits) in [("elevenchars", true), ("twelve-chars", false), ("web$", false)] {
        let request = w.execute(&w.requester, DraftRequest::new(template, form(name))).await.unwrap();
        let submit = SubmitRequest::new(request);
        if fits {
            w.execute(&w.requester, submit).await.unwrap();
        } else {
            w.refused(&w.requester, submit, "NM-1").await;
        }
    }
    // Without the dollar it is the name of a user, whose place in the directory would be the same.
    let users = w.publish("users", w.body(EolAction::Review)).await;
    let user = w.execute(&w.requester, DraftRequest::new(users, form("elevenchars"))).await.unwrap();
    w.refused(&w.requester, SubmitRequest::new(user), "NM-2").await;
    let again = w.execute(&w.requester, DraftRequest::new(template, form("ElevenChars"))).await.unwrap();
    w.refused(&w.requester, SubmitRequest::new(again), "NM-2").await;
}

#[tokio::test]
async fn t_11_the_domain_alone_changes_its_password() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Review)).await;
    let id = w.provisioned_as(template, web()).await;
    let error = w.refused(&w.requester, RotateAccount::new(id), "T-11").await;
    assert!(error.to_string().contains("svc-web$"), "{error}");
    w.advance_days(89);
    assert!(w.sweep().await.rotating.is_empty());
    nothing_is_vaulted(&w);
}

/// L-3, L-38, NM-2: every operation on it, until nothing is left.
#[tokio::test]
async fn t_11_l_3_l_38_nm_2_a_gmsas_whole_life() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Expire)).await;
    let id = w.provisioned_as(template, web()).await;
    let (before, there) = account(&w, id).await;
    assert_eq!(there.expires, AccountExpires::At(before.eol), "L-38");

    w.execute(&w.requester, DisableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let (now, there) = account(&w, id).await;
    assert_eq!((now.status, there.is_disabled()), (AccountStatus::Disabled, true));
    assert_eq!(there.dn.parent(), Some(RETIRED.parse().unwrap()));
    w.execute(&w.requester, EnableAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let (now, there) = account(&w, id).await;
    assert_eq!((now.status, there.is_enabled()), (AccountStatus::Active, true));
    assert_eq!((there.dn.parent(), there.dn.name()), (Some(OU.parse().unwrap()), "svc-web"));

    w.advance_days(80);
    let renewal = w.execute(&w.requester, SubmitRenewal::new(id, "still serves")).await.unwrap();
    w.approve(renewal).await;
    assert!(w.run().await.notes.is_empty());
    let (renewed, there) = account(&w, id).await;
    assert!(renewed.eol > before.eol);
    assert_eq!(there.expires, AccountExpires::At(renewed.eol));

    w.advance_days(91);
    w.sweep().await;
    assert!(w.run().await.notes.is_empty());
    let (now, there) = account(&w, id).await;
    assert_eq!(
        (now.status, there.is_enabled()),
        (AccountStatus::Expired, true),
        "L-3: not the same as disabled"
    );

    w.execute(&w.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let (now, there) = account(&w, id).await;
    assert_eq!((now.status, there.is_disabled()), (AccountStatus::Deleted, true));
    let name = there.sam_account_name.as_str();
    assert!(name.starts_with("del-") && name.ends_with('$') && name.len() == 16, "{name}");
    assert_eq!(
        (there.dn.name(), there.dn.parent()),
        (name.trim_end_matches('$'), Some(RETIRED.parse().unwrap()))
    );
    assert!(there.service_principal_names.is_empty() && there.principals().is_empty());
    let saga: alm_core::saga::SagaRecord = w.document(now.sagas.last().unwrap().uuid()).await;
    for told in ["svc-web$ is now called del-", WEB, &hosts(&w).await.to_string()] {
        assert!(saga.findings.iter().any(|finding| finding.contains(told)), "{told}: {:?}", saga.findings);
    }

    // Name, service names and DNS name are free again.
    let again = w.provisioned_as(template, web()).await;
    assert_ne!(again, id);
    assert_ne!(there.dns_host_name, account(&w, again).await.1.dns_host_name);

    w.execute(&w.requester, DeleteAccount::new(id).confirmed()).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let erased = w.view(id).await.account;
    assert!(erased.erased_at.is_some() && w.managed(&erased).await.is_none());
    nothing_is_vaulted(&w);
    assert!(w.alm.verify_audit().await.unwrap().is_intact());
}

#[tokio::test]
async fn t_11_r_14_a_gmsa_renews_changes_its_groups_and_is_cloned_as_others_are() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Disable)).await;
    let id = w.provisioned_as(template, web()).await;
    let until = w.clock.now() + SignedDuration::from_hours(24);
    let ask = RequestPrivilege::join(id, WRITERS.parse().unwrap(), "the year-end run").until(until);
    let request = w.execute(&w.requester, ask).await.unwrap();
    w.approve(request).await;
    w.run().await;
    assert_eq!(account(&w, id).await.1.member_of.len(), 2);
    w.advance_days(1);
    assert_eq!(w.sweep().await.privileges, [id]);
    assert!(w.run().await.notes.is_empty());
    assert_eq!(account(&w, id).await.1.member_of, [READERS.parse().unwrap()]);

    w.advance_days(90);
    w.sweep().await;
    w.run().await;
    let view = w.view(id).await;
    assert_eq!(view.account.status, AccountStatus::Disabled, "L-2");
    assert!(view.options.has(AccountOption::Renew) && !view.options.has(AccountOption::Enable), "L-18");
    w.execute(&w.requester, RenewAccount::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert!(account(&w, id).await.1.is_enabled());

    let draft = w.execute(&w.requester, CloneAccount::new(id)).await.unwrap();
    let draft: Request = w.document(draft.uuid()).await;
    assert_eq!((draft.form.name.as_str(), draft.account_name.as_str()), ("web", "svc-web$"));
    assert!(draft.form.service_principal_names.is_empty(), "they are the other account's");
}

/// A key that is too young stops the template, and what was approved before waits for nobody: it fails, leaves nothing, and can be retried.
#[tokio::test]
async fn t_11_r_12_without_a_usable_root_key_there_is_no_gmsa() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Review)).await;
    let id = w.submitted_as(template, web()).await;
    w.approve(id).await;
    let clock = w.clock.clone();
    let young = MemoryDirectory::builder("corp.example.com")
        .unit(OU)
        .unit(RETIRED)
        .group(HOSTS)
        .group(READERS)
        .root_key(Some(w.clock.now()))
        .clock(move || clock.now())
        .build()
        .unwrap();
    let young = std::sync::Arc::new(young);
    let engine =
        w.engine_on(0xE1, young.clone(), w.vault.clone(), w.clock.clone()).take_back(true).build().unwrap();
    let report = engine.run_ready().await.unwrap();
    assert!(report.notes[0].contains("root key") && report.notes[0].contains("T-11"), "{report:?}");
    let request: Request = w.document(id.uuid()).await;
    assert_eq!(request.status, RequestStatus::ProvisioningFailed);
    assert!(request.failure.unwrap().contains("root key"));
    nothing_is_vaulted(&w);

    let inspector = PlaceInspector::new(young, w.vault.clone());
    let alm = Alm::builder(w.store.clone(), w.clock.clone());
    let alm = alm.inspector(std::sync::Arc::new(inspector)).open().await.unwrap();
    let draft = DraftTemplate::new("too early", w.managed_body(EolAction::Review));
    let draft = alm.execute(&w.admin, "too early", draft).await.unwrap();
    let error = alm.execute(&w.admin, "publish", PublishTemplate::new(draft)).await.unwrap_err();
    received(&error, "T-11");
    assert_eq!(error.refusals()[0].field(), "domain");

    // Ten hours later it is old enough (in the directory of this world it always was).
    w.execute(&w.requester, RetryRequest::new(id)).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let request: Request = w.document(id.uuid()).await;
    assert_eq!(request.status, RequestStatus::Provisioned);
}

#[tokio::test]
async fn t_11_a_service_name_that_was_given_away_stops_the_retry() {
    let w = World::new().await;
    let template = w.publish("web services", w.managed_body(EolAction::Review)).await;
    let id = w.submitted_as(template, web()).await;
    w.approve(id).await;
    // Between approval and engine, the group of those who may retrieve the password goes.
    let hosts = GroupKey::Dn(HOSTS.parse().unwrap());
    let there = w.directory.find_group(&hosts, FindOptions::new()).await.unwrap().unwrap();
    w.directory.delete_group(there.guid, DeleteGroupOptions::new()).await.unwrap();
    let report = w.run().await;
    assert!(report.notes[0].contains("app-hosts"), "{report:?}");
    // What failed holds no name any more.
    let mut body = w.managed_body(EolAction::Review);
    body.managed = Some(ManagedTemplate::new([PasswordReader::Group(READERS.parse().unwrap())]));
    let other = w.publish("others", body).await;
    let mut form = form("other");
    form.service_principal_names = vec![WEB.to_lowercase()];
    w.provisioned_as(other, form).await;
    w.refused(&w.requester, RetryRequest::new(id), "T-11").await;
}

/// what has the name and is not ours stays as it is.
#[tokio::test]
async fn x_8_a_gmsa_of_others_is_never_touched() {
    let w = World::new().await;
    let theirs =
        NewManagedAccount::new(OU.parse().unwrap(), "svc-web$".parse().unwrap(), "web.corp.example.com");
    let theirs = w.directory.create_managed_account(&theirs, CreateOptions::new()).await.unwrap();
    let template = w.publish("web services", w.managed_body(EolAction::Review)).await;
    let id = w.submitted_as(template, web()).await;
    w.approve(id).await;
    let report = w.run().await;
    assert!(report.notes[0].contains("is taken") && report.notes[0].contains("not ours"), "{report:?}");
    let key = ad_directory::AccountKey::Guid(theirs.guid);
    assert_eq!(w.directory.find_managed_account(&key, FindOptions::new()).await.unwrap(), Some(theirs));
    let request: Request = w.document(id.uuid()).await;
    assert_eq!(request.status, RequestStatus::ProvisioningFailed);
}

/// Records that were written before there were kinds are of users.
#[tokio::test]
async fn records_from_before_read_as_users() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let id = w.provisioned(template, "payroll").await;
    let account = w.view(id).await.account;
    let mut json = serde_json::to_value(&account).unwrap();
    assert!(json["secret"].is_string() && json["vault"].is_string());
    json.as_object_mut().unwrap().remove("kind");
    assert_eq!(serde_json::from_value::<Account>(json).unwrap(), account);
    let mut body = serde_json::to_value(w.body(EolAction::Review)).unwrap();
    body.as_object_mut().unwrap().remove("kind");
    assert_eq!(serde_json::from_value::<TemplateBody>(body).unwrap(), w.body(EolAction::Review));
}
