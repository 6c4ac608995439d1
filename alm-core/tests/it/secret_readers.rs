//! Who can read the secrets of a template (T-16).

use alm_core::model::people::Person;
use alm_core::model::secret_readers::{CanRead, FolderReader, FolderReaders};
use alm_core::model::template::EolAction;
use alm_core::service::templates::DraftTemplate;
use alm_core::testing::VaultFault;
use alm_core::{Alm, Caller, ErrorKind};

use super::rules::received;
use super::world::World;

fn readers(names: &[&str]) -> FolderReaders {
    FolderReaders::new(names.iter().map(|name| FolderReader::new(*name).email(format!("{name}@example.com"))))
}

#[tokio::test]
async fn t_16_approvers_who_can_read_are_shown_and_owners_who_cannot_are_warned_of() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    w.provisioned(template, "payroll").await;
    w.vault.read_by("12", readers(&["LEA", "eve"]));
    let seen = w.alm.secret_readers(&w.admin, template).await.unwrap();
    let of = |people: &[alm_core::model::secret_readers::ReaderOf], who: &Caller| {
        people.iter().find(|one| one.person == who.person).map(|one| one.can_read)
    };
    assert_eq!(of(&seen.approvers, &w.lead), Some(CanRead::Yes), "whatever the case of an address");
    assert_eq!(of(&seen.approvers, &w.lead2), Some(CanRead::No));
    assert_eq!(of(&seen.approvers, &w.security), Some(CanRead::No));
    assert_eq!(of(&seen.approvers, &w.stranger), None, "no step names him");
    assert_eq!(of(&seen.owners, &w.requester), Some(CanRead::No));
    assert_eq!(seen.owners.len(), 1);
    assert_eq!(seen.warnings.len(), 2, "{:?}", seen.warnings);
    assert!(seen.warnings[0].starts_with("Lea Lead approves"), "{:?}", seen.warnings);
    assert!(seen.warnings[1].starts_with("Rita Requester owns"), "{:?}", seen.warnings);

    // By the account in Active Directory that a person is linked with.
    let guid = ad_directory::ObjectGuid::new(uuid::Uuid::from_u128(5));
    w.rewrite::<Person>(w.requester.person.uuid(), |person| {
        person.directory.insert(w.domain, guid);
    })
    .await;
    let mut linked = FolderReader::new("CORP\\rita").email("elsewhere@example.com");
    linked.object = Some(guid);
    w.vault.read_by("12", FolderReaders::new([linked]));
    let seen = w.alm.secret_readers(&w.admin, template).await.unwrap();
    assert_eq!(of(&seen.owners, &w.requester), Some(CanRead::Yes));
    // She leads the team, too.
    assert_eq!(seen.warnings.len(), 1);
    assert!(seen.warnings[0].starts_with("Rita Requester approves"), "{:?}", seen.warnings);
}

#[tokio::test]
async fn t_16_what_cannot_be_matched_is_unknown_and_no_warning() {
    let w = World::new().await;
    let draft = w.execute(&w.admin, DraftTemplate::new("draft", w.body(EolAction::Review))).await.unwrap();
    let seen = w.alm.secret_readers(&w.admin, draft).await.unwrap();
    assert_eq!(seen.unknown, ["nobody said who reads in this folder"]);
    assert!(seen.owners.iter().chain(&seen.approvers).all(|one| one.can_read == CanRead::Unknown));
    assert!(seen.warnings.is_empty() && !seen.approvers.is_empty());
    // Somebody of whom the vault tells a name alone may be anybody.
    w.vault.read_by("12", FolderReaders::new([FolderReader::new("jdoe")]));
    let seen = w.alm.secret_readers(&w.admin, draft).await.unwrap();
    assert!(seen.owners.iter().all(|one| one.can_read == CanRead::Unknown));
    w.vault.fault("readers", VaultFault::Unreachable);
    assert_eq!(w.alm.secret_readers(&w.admin, draft).await.unwrap_err().kind(), ErrorKind::Vault);
    received(&w.alm.secret_readers(&w.stranger, draft).await.unwrap_err(), "P-1");
    let gmsas = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    received(&w.alm.secret_readers(&w.admin, gmsas).await.unwrap_err(), "T-11");
    let blind = Alm::builder(w.store.clone(), w.clock.clone()).open().await.unwrap();
    assert_eq!(blind.secret_readers(&w.admin, draft).await.unwrap_err().kind(), ErrorKind::Config);
}
