//! What the adapter of Secret Server does beyond what the main job shows, on the simulator over a real socket.

use alm_core::adapter::secret_server::SecretServerVault;
use alm_core::port::vault::{SecretId, Vault as _};
use secretserver_client::auth::Password;
use secretserver_client::resource::dependencies::StubFor;
use secretserver_client::simulator::Simulator;
use secretserver_client::{Client, DependencyTemplateId};

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
