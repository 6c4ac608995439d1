//! What a gMSA needs before it can be made (T-11): a root key, those who may retrieve its password, service names that nobody has.

use std::sync::Arc;

use ad_directory::{Directory, NewManagedAccount, RootKey, RootKeyOptions, ServiceNameOptions};

use super::object;
use crate::error::Refusal;
use crate::model::managed::{ManagedSpec, PasswordReader};
use crate::saga::effect::AccountSpec;

type Pinned = Arc<dyn Directory>;

/// Everything that stands against it, each with what it is about.
pub(super) async fn obstacles(directory: &Pinned, spec: &ManagedSpec) -> ad_directory::Result<Vec<Refusal>> {
    let refusal = |field, message: String| Refusal::new("T-11", field, message);
    let mut refusals = Vec::new();
    // An account that may not see root keys is told of none: then the controller says it when the gMSA is made.
    if let RootKey::NotYet { from } = directory.root_key(RootKeyOptions::new()).await? {
        refusals.push(refusal("domain", format!("the root key of the forest can be used from {from} on")));
    }
    for reader in &spec.readers {
        if let PasswordReader::Group(group) = reader
            && object::sid(directory, reader).await?.is_none()
        {
            refusals
                .push(refusal("readers", format!("the group {group} does not exist, or may not be seen")));
        }
    }
    for name in &spec.service_principal_names {
        let owners = directory.service_name_owners(name, ServiceNameOptions::new()).await?;
        for owner in owners.owners {
            refusals.push(refusal("service_principal_names", format!("{name} belongs to {}", owner.dn)));
        }
    }
    Ok(refusals)
}

/// The account to be made, disabled; or the reader that is not there any more.
pub(super) async fn new_account(
    directory: &Pinned,
    account: &AccountSpec,
    spec: &ManagedSpec,
) -> ad_directory::Result<Result<NewManagedAccount, String>> {
    let host = object::host(&account.name, &account.domain);
    let mut new = NewManagedAccount::new(account.ou.clone(), account.name.parse()?, host)
        .enabled(false)
        .expires(account.expires)
        .encryption_types(spec.encryption.types())
        .password_interval_days(spec.password_interval_days);
    if !account.description.is_empty() {
        new = new.description(&account.description);
    }
    for name in &spec.service_principal_names {
        new = new.service_principal_name(name.clone());
    }
    for reader in &spec.readers {
        match object::sid(directory, reader).await? {
            Some(sid) if new.principals.contains(&sid) => {}
            Some(sid) => new = new.principal(sid),
            None => return Ok(Err(format!("{reader:?} does not exist any more, or may not be seen"))),
        }
    }
    Ok(Ok(new))
}
