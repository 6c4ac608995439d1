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

/// S-5: by user name and without the indexer, exactly; other domains, inactive ones and folders above are left out, and what cannot be read is told.
#[tokio::test]
async fn s_5_secrets_are_found_by_their_user_name_and_domain() {
    use alm_core::port::vault::NewSecret;
    use secretserver_client::simulator::Restrictions;
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let vault = SecretServerVault::new(Client::builder(server.url()).credential(credential).build().unwrap());
    let id = VaultId::new(uuid::Uuid::from_u128(1));
    let place = |folder: u32| VaultPlace::new(id, folder.to_string(), "6001");
    let own = place(seed.folder_id);
    let password = secrecy::SecretString::from("Grown-up-in-2009!forever");
    let make = async |place: &VaultPlace, name: &str, domain: &str, username: &str| {
        vault.create(NewSecret::new(place, name, domain, username, &password, "made by hand")).await.unwrap()
    };
    let seek = async |place: &VaultPlace| vault.seek(place, "svc-web", "corp.example.com").await.unwrap();
    assert_eq!(seek(&own).await, []);
    make(&own, "other domain", "test.example.com", "svc-web").await;
    make(&own, "longer name", "corp.example.com", "svc-web2").await;
    make(&place(seed.pending_folder_id), "other folder", "corp.example.com", "svc-web").await;
    let old = make(&own, "old", "corp.example.com", "svc-web").await;
    vault.deactivate(&old).await.unwrap();
    assert_eq!(seek(&own).await, []);
    let mine = make(&own, "mine", "CORP", "SVC-Web").await;
    let found = seek(&own).await;
    assert_eq!(found.iter().map(|one| (&one.id, &one.hidden)).collect::<Vec<_>>(), [(&mine, &None)]);
    let below = server.add_folder("below", Some(seed.folder_id)).unwrap();
    make(&place(below), "below", "corp.example.com", "svc-web").await;
    assert_eq!(seek(&own).await.len(), 1);
    let mut wide = own.clone();
    wide.allow_folder_override = true;
    assert_eq!(seek(&wide).await.len(), 2);
    // Nobody knows what is behind a check-out; that one is there, is known.
    let mut restrictions = Restrictions::default();
    restrictions.check_out_minutes = Some(30);
    server.restrict(mine.as_str().parse().unwrap(), restrictions).unwrap();
    let found = seek(&own).await;
    assert!(found.len() == 1 && found[0].hidden.is_some(), "{found:?}");
    vault.seek(&place(999_999), "svc-web", "corp.example.com").await.map_or_else(
        |error| assert_eq!(error.kind, VaultErrorKind::DeniedOrAbsent),
        |found| assert_eq!(found, []),
    );
}

/// every secret of a folder with its markers, whoever made it; those below it where requesters choose a folder.
#[tokio::test]
async fn x_18_a_folder_is_listed_with_the_markers_of_its_secrets() {
    use alm_core::port::vault::NewSecret;
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let vault = SecretServerVault::new(Client::builder(server.url()).credential(credential).build().unwrap());
    let id = VaultId::new(uuid::Uuid::from_u128(1));
    let place = |folder: u32| VaultPlace::new(id, folder.to_string(), "6001");
    let password = secrecy::SecretString::from("Grown-up-in-2009!forever");
    let make = async |folder: u32, name: &str, notes: &str| {
        let place = place(folder);
        vault.create(NewSecret::new(&place, name, "corp", name, &password, notes)).await.unwrap()
    };
    let own = server.add_folder("doctor", Some(seed.folder_id)).unwrap();
    let below = server.add_folder("below", Some(own)).unwrap();
    let mut made = Vec::new();
    // More than one page, and more than are looked at together.
    for n in 0..25 {
        made.push(make(own, &format!("svc-{n:02}"), &format!("alm1:{n}")).await);
    }
    make(own, "by hand", "nobody's").await;
    make(below, "deeper", "alm1:deeper").await;
    vault.deactivate(&made[3]).await.unwrap();
    let mut listed = vault.list(&place(own)).await.unwrap();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = listed
        .iter()
        .map(|secret| (secret.name.as_str(), secret.found.active, secret.found.markers.clone().unwrap()))
        .collect();
    assert_eq!(seen.len(), 26);
    assert_eq!(seen[0], ("by hand", true, vec![]));
    assert_eq!(seen[1], ("svc-00", true, vec!["alm1:0".to_owned()]));
    assert_eq!(seen[4], ("svc-03", false, vec!["alm1:3".to_owned()]), "inactive, and known as ours");
    let mut wide = place(own);
    wide.allow_folder_override = true;
    assert_eq!(vault.list(&wide).await.unwrap().len(), 27);
}

/// O-7, S-5: how a secret stands without a record of its being read, and everything that depends on it.
#[tokio::test]
async fn o_7_s_5_how_a_secret_stands_and_what_depends_on_it() {
    use alm_core::model::secret_link::{DependencyResult, SecretState};
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let client = Client::builder(server.url()).credential(credential).build().unwrap();
    let vault = SecretServerVault::new(client.clone());
    let own = secretserver_client::SecretId::new(seed.secret_id.into()).unwrap();
    let secret = SecretId::new(own.to_string());
    assert_eq!(vault.status(&secret).await.unwrap(), SecretState::Active);
    assert_eq!(vault.dependencies(&secret).await.unwrap(), []);
    let of = StubFor::Template(DependencyTemplateId::new(4).unwrap());
    for (machine, service, active) in [("web-1", "payroll", true), ("failing-2", "ledger", false)] {
        let mut draft = client.dependencies().stub(own, of).await.unwrap();
        draft.machine_name = Some(machine.to_owned());
        draft.service_name = Some(service.to_owned());
        draft.active = active;
        client.dependencies().create(draft).await.unwrap();
    }
    let told = vault.dependencies(&secret).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|one| (one.name.as_str(), one.machine.as_str(), one.enabled, one.last)).collect();
    let fresh = DependencyResult::NotRun;
    assert_eq!(told, [("payroll", "web-1", true, fresh), ("ledger", "failing-2", false, fresh)]);
    vault.tell_dependents(&secret).await.unwrap();
    assert_eq!(vault.dependencies(&secret).await.unwrap()[0].last, DependencyResult::Succeeded);
    vault.deactivate(&secret).await.unwrap();
    assert_eq!(vault.status(&secret).await.unwrap(), SecretState::Inactive);
    assert_eq!(vault.status(&SecretId::new("999999")).await.unwrap(), SecretState::Gone);
    assert_eq!(vault.status(&SecretId::new("none")).await.unwrap_err().kind, VaultErrorKind::Invalid);
}

/// T-14: the server takes the order, carries it out later, and says what became of it.
#[tokio::test]
async fn t_14_the_server_changes_a_password_when_it_is_asked_to() {
    let server = Simulator::builder().start().await.unwrap();
    let seed = server.seed().clone();
    let credential = Password::new(seed.username.clone(), seed.password.clone().into());
    let vault = SecretServerVault::new(Client::builder(server.url()).credential(credential).build().unwrap());
    let secret = SecretId::new(seed.secret_id.to_string());
    let before = vault.read_password(&secret).await.unwrap();
    let noted = vault.last_change(&secret).await.unwrap();
    assert_eq!((noted.last, noted.under_way, &noted.failed), (None, false, &None));
    vault.ask_change(&secret).await.unwrap();
    let after = vault.last_change(&secret).await.unwrap();
    assert!(after.last.is_some() && !after.under_way && after.failed.is_none(), "{after:?}");
    let now = vault.read_password(&secret).await.unwrap();
    assert_ne!(secrecy::ExposeSecret::expose_secret(&before), secrecy::ExposeSecret::expose_secret(&now));

    server.set_heartbeat(seed.secret_id, "Failed").unwrap();
    vault.ask_change(&secret).await.unwrap();
    let failed = vault.last_change(&secret).await.unwrap();
    assert!(failed.last != after.last && failed.failed.is_some(), "{failed:?}");
    let same = vault.read_password(&secret).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&same), secrecy::ExposeSecret::expose_secret(&now));
    let absent = SecretId::new("999999");
    assert_eq!(vault.ask_change(&absent).await.unwrap_err().kind, VaultErrorKind::DeniedOrAbsent);
    assert_eq!(vault.last_change(&absent).await.unwrap_err().kind, VaultErrorKind::DeniedOrAbsent);
}
