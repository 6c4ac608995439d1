//! What the adapter of Secret Server does beyond what the main job shows, on the simulator over a real socket.

use alm_core::adapter::secret_server::SecretServerVault;
use alm_core::model::ids::VaultId;
use alm_core::model::template::VaultPlace;
use alm_core::port::vault::{SecretId, Vault as _, VaultErrorKind};
use secretserver_client::auth::Password;
use secretserver_client::resource::Principal;
use secretserver_client::resource::dependencies::StubFor;
use secretserver_client::resource::folder_permissions::{FolderRole, NewFolderPermission, SecretRole};
use secretserver_client::resource::groups::NewGroup;
use secretserver_client::resource::users::NewUser;
use secretserver_client::simulator::Simulator;
use secretserver_client::{Client, DependencyTemplateId, FolderId};

#[tokio::test]
async fn what_depends_on_a_secret_is_told_and_what_failed_is_named() {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let client = Client::builder(server.url()).credential(credential).build().unwrap();
    let vault = SecretServerVault::new(client.clone());
    let own = secretserver_client::SecretId::new(seed.secret_id.into()).unwrap();
    let secret = SecretId::new(own.to_string());
    assert!(vault.tell_dependents(&secret).await.unwrap().is_empty(), "nothing depends on it");

    let of = StubFor::Template(DependencyTemplateId::new(4).unwrap());
    for (machine, service, active) in
        [("web-1", "payroll", true), ("failing-2", "ledger", true), ("failing-3", "off", false)]
    {
        let mut draft = client.dependencies().stub(own, of).await.unwrap();
        draft.machine_name = Some(machine.to_owned());
        draft.service_name = Some(service.to_owned());
        draft.active = active;
        client.dependencies().create(draft).await.unwrap();
    }
    assert_eq!(vault.tell_dependents(&secret).await.unwrap(), ["ledger on failing-2"]);
    vault.tell_dependents(&SecretId::new("999999")).await.unwrap_err();
}

/// T-16: a person by right of their own, another through a group; programs, and those who only see that a secret is there, are left out.
#[tokio::test]
async fn t_16_who_reads_in_a_folder_one_by_one_and_through_groups() {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let client = |name: &str, password: &str| {
        let credential = Password::new(name.to_owned(), password.to_owned().into());
        Client::builder(server.url()).credential(credential).build().unwrap()
    };
    let admin = client(&seed.admin_username, &seed.admin_password);
    let folder = FolderId::new(seed.folder_id.into()).unwrap();
    let give = async |to: Principal, role: SecretRole| {
        let right = NewFolderPermission::new(folder, to, FolderRole::View, role);
        admin.folder_permissions().create(right).await.unwrap();
    };
    let user = async |name: &str, program: bool| {
        let mut new = NewUser::new(name, name, "N3w-password!").email(format!("{name}@example.com"));
        new.is_application_account = program.then_some(true);
        admin.users().create(new).await.unwrap().id
    };
    let (rita, sam, lea) = (user("rita", false).await, user("sam", false).await, user("lea", false).await);
    let program = user("job", true).await;
    let group = admin.groups().create(NewGroup::new("payroll")).await.unwrap().id;
    admin.groups().add_member(group, lea).await.unwrap();
    give(Principal::User(rita), SecretRole::View).await;
    give(Principal::User(sam), SecretRole::List).await;
    give(Principal::User(program), SecretRole::Owner).await;
    give(Principal::Group(group), SecretRole::Edit).await;
    let place = VaultPlace::new(VaultId::new(uuid::Uuid::from_u128(1)), seed.folder_id.to_string(), "6001");
    let readers = SecretServerVault::new(admin.clone()).readers(&place).await.unwrap();
    let mails: Vec<_> = readers.people.iter().filter_map(|reader| reader.email.clone()).collect();
    assert_eq!(mails, ["rita@example.com", "lea@example.com"], "{readers:?}");
    assert!(readers.unknown.is_empty(), "{readers:?}");
}

/// M-2
#[tokio::test]
async fn m_2_a_secret_is_moved_to_another_folder_and_stays_readable() {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let vault = SecretServerVault::new(Client::builder(server.url()).credential(credential).build().unwrap());
    let place =
        |folder: u32| VaultPlace::new(VaultId::new(uuid::Uuid::from_u128(1)), folder.to_string(), "6001");
    let secret = SecretId::new(seed.secret_id.to_string());
    let folder = async || vault.describe(&secret).await.unwrap().unwrap().folder.unwrap();
    assert_eq!(folder().await, seed.folder_id.to_string());
    for _ in 0..2 {
        vault.relocate(&secret, &place(seed.pending_folder_id)).await.unwrap();
        assert_eq!(folder().await, seed.pending_folder_id.to_string());
    }
    vault.read_password(&secret).await.unwrap();
    let error = vault.relocate(&secret, &place(999_999)).await.unwrap_err();
    assert_eq!(error.kind, VaultErrorKind::DeniedOrAbsent, "{error}");
}
