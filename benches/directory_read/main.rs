//! Reads all accounts of `OU=Many` once: `typed` with our crate, `bare` with the protocol library that it is built on, or what has `changed`.
//! Prints one line of JSON; how long it took and how much processor time, whoever started it measures.

use std::{collections::HashSet, error::Error, sync::Arc, time::Instant};

use ad_directory::{AccountUpdate, ChangesOptions, Directory, Dn, LdapDirectory, ListOptions, ObjectKind, Query, UpdateOptions};
use futures_util::TryStreamExt;
use ldap3::{
    LdapConnAsync, LdapConnSettings, Scope, SearchEntry,
    adapters::{Adapter, EntriesOnly, PagedResults},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// What our crate reads of each account.
const ATTRIBUTES: &[&str] = &[
    "accountExpires", "adminCount", "cn", "description", "displayName", "memberOf", "objectClass", "objectGUID",
    "objectSid", "primaryGroupID", "pwdLastSet", "sAMAccountName", "servicePrincipalName", "userAccountControl",
    "userPrincipalName", "whenChanged", "whenCreated", "adminDescription",
];

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set").into())
}

fn base() -> Outcome<String> {
    Ok(format!("OU=Many,{}", variable("AD_TEST_BASE_DN")?))
}

fn directory() -> Outcome<LdapDirectory> {
    Ok(LdapDirectory::builder(variable("AD_TEST_LDAP_URL")?)
        .bind_name(variable("AD_TEST_ADMIN")?)
        .password(variable("AD_TEST_ADMIN_PASSWORD")?.into())
        .ca_file(variable("AD_TEST_CA_FILE")?)
        .build()?)
}

/// The memory of this process now, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

async fn typed() -> Outcome {
    let query = Query::all().below(base()?.parse::<Dn>()?);
    let mut list = directory()?.list_accounts(&query, ListOptions::new());
    let (mut count, mut enabled, mut early) = (0_u32, 0_u32, 0);
    while let Some(account) = list.try_next().await? {
        count += 1;
        enabled += u32::from(account.is_enabled());
        if count == 4000 {
            early = memory();
        }
    }
    println!(r#"{{"count": {count}, "enabled": {enabled}, "early_kib": {early}, "late_kib": {}}}"#, memory());
    Ok(())
}

async fn bare() -> Outcome {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(variable("AD_TEST_CA_FILE")?)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let settings = LdapConnSettings::new().set_config(Arc::new(config));
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &variable("AD_TEST_LDAP_URL")?).await?;
    ldap3::drive!(connection);
    ldap.simple_bind(&variable("AD_TEST_ADMIN")?, &variable("AD_TEST_ADMIN_PASSWORD")?).await?.success()?;
    let adapters: Vec<Box<dyn Adapter<_, _>>> =
        vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(1000))];
    let filter = "(&(objectCategory=person)(objectClass=user))";
    let mut stream = ldap
        .streaming_search_with(adapters, &base()?, Scope::Subtree, filter, ATTRIBUTES.to_vec())
        .await?;
    let mut count = 0;
    let mut values = 0;
    while let Some(entry) = stream.next().await? {
        let entry = SearchEntry::construct(entry);
        values += entry.attrs.len();
        count += 1;
    }
    stream.finish().await.success()?;
    println!(r#"{{"count": {count}, "values": {values}}}"#);
    Ok(())
}

/// Everything, and then what has changed once 100 accounts were changed.
async fn changed() -> Outcome {
    let directory = directory()?;
    let query = Query::all().below(base()?.parse::<Dn>()?);
    let begun = Instant::now();
    let accounts: Vec<_> = directory.list_accounts(&query, ListOptions::new()).try_collect().await?;
    let full = begun.elapsed().as_secs_f64();
    let mut options = ChangesOptions::new().kinds(vec![ObjectKind::Account]);
    let begun = Instant::now();
    let mut batches = directory.list_changes(options.clone());
    while let Some(batch) = batches.try_next().await? {
        options.token = Some(batch.token);
    }
    let first = begun.elapsed().as_secs_f64();
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let mut wanted = HashSet::new();
    for account in accounts.iter().step_by((accounts.len() / 100).max(1)).take(100) {
        let update = AccountUpdate::new().description(Some(format!("changed at {stamp}")));
        directory.update_account(account.guid, &update, UpdateOptions::new()).await?;
        wanted.insert(account.guid);
    }
    let mut times = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let batches: Vec<_> = directory.list_changes(options.clone()).try_collect().await?;
        times.push(begun.elapsed().as_secs_f64());
        let told: HashSet<_> = batches.iter().flat_map(|batch| &batch.changes).map(|change| change.guid).collect();
        if told != wanted {
            return Err(format!("{} of {} changes were told", told.len(), wanted.len()).into());
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        r#"{{"count": {}, "full": {full:.3}, "first": {first:.3}, "changes": {:.4}}}"#,
        accounts.len(),
        times[times.len() / 2],
    );
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    match std::env::args().nth(1).as_deref() {
        Some("typed") => typed().await,
        Some("bare") => bare().await,
        Some("changed") => changed().await,
        _ => Err("say typed, bare or changed".into()),
    }
}
