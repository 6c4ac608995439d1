//! An engine's look at all there is, for whoever lays it beside the record: accounts with their markers, and secrets with theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use ad_directory::{
    Account, AccountKey, Capability, Directory, DirectoryExt as _, ErrorKind as Kind, FileTime, FindOptions,
    ListOptions, ManagedAccount, Marker, ObjectGuid, PinOptions, Query, UserAccountControl,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::marker::{MarkerKey, SagaMarker};
use crate::error::{Error, ErrorKind, Result};
use crate::model::doctor::{KeptSecret, MarkerSeen, Presence, Surveyed};
use crate::model::ids::{DomainId, InstanceId, SagaId};
use crate::model::mirror::{MirrorEntry, MirrorKind};
use crate::model::template::VaultPlace;
use crate::port::vault::Vault;

const OPERATION: &str = "doctor.look";

/// Tells our markers from others: the instance, and the key that only engines have.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    instance: InstanceId,
    key: MarkerKey,
}

impl Reader {
    pub(super) const fn new(instance: InstanceId, key: MarkerKey) -> Self {
        Self { instance, key }
    }

    fn saga(&self, text: &str) -> Option<SagaId> {
        let marker = SagaMarker::read(text, &self.key).filter(|marker| marker.instance == self.instance);
        marker.map(|marker| marker.saga)
    }

    fn seen(&self, marker: Option<&Marker>, foreign: bool) -> MarkerSeen {
        match marker {
            None if !foreign => MarkerSeen::None,
            None => MarkerSeen::Foreign,
            Some(text) => {
                self.saga(text.as_str()).map_or(MarkerSeen::Foreign, |saga| MarkerSeen::Ours { saga })
            }
        }
    }

    fn account(&self, domain: DomainId, account: Account) -> Surveyed {
        let facts = Facts {
            name: account.sam_account_name.to_string(),
            flags: account.user_account_control,
            expires: account.expires.to_file_time(),
            services: &account.service_principal_names,
            password_set: account.password_last_set,
        };
        let entry = facts.entry(domain, account.guid, MirrorKind::Account, account.dn);
        let marker = self.seen(account.marker.as_ref(), account.foreign_marker);
        Surveyed { entry, groups: account.member_of, marker }
    }

    fn managed(&self, domain: DomainId, account: ManagedAccount) -> Surveyed {
        let facts = Facts {
            name: account.sam_account_name.to_string(),
            flags: account.user_account_control,
            expires: account.expires.to_file_time(),
            services: &account.service_principal_names,
            password_set: None,
        };
        let entry = facts.entry(domain, account.guid, MirrorKind::ManagedAccount, account.dn);
        let marker = self.seen(account.marker.as_ref(), account.foreign_marker);
        Surveyed { entry, groups: account.member_of, marker }
    }
}

/// What is compared, as the directory writes it.
struct Facts<'a> {
    name: String,
    flags: UserAccountControl,
    expires: FileTime,
    services: &'a [String],
    password_set: Option<Timestamp>,
}

impl Facts<'_> {
    fn entry(
        self,
        domain: DomainId,
        guid: ObjectGuid,
        kind: MirrorKind,
        dn: ad_directory::Dn,
    ) -> MirrorEntry {
        let mut entry = MirrorEntry::new(domain, guid, kind, dn);
        let mut put = |name: &str, values: Vec<String>| {
            entry.attributes.insert(name.to_owned(), values);
        };
        put("samaccountname", vec![self.name]);
        put("useraccountcontrol", vec![self.flags.bits().cast_signed().to_string()]);
        put("accountexpires", vec![self.expires.to_string()]);
        if !self.services.is_empty() {
            put("serviceprincipalname", self.services.to_vec());
        }
        if let Some(set) = self.password_set {
            put("pwdlastset", vec![FileTime::from_timestamp(set).to_string()]);
        }
        entry
    }
}

fn unreachable(error: ad_directory::Error) -> Error {
    Error::new(ErrorKind::Directory, OPERATION, error.to_string())
        .with_advice(error.advice())
        .with_source(error)
}

/// Every account, users first; where the directory knows no gMSAs, there are none.
pub(super) fn survey(
    directory: &Arc<dyn Directory>,
    reader: &Reader,
    domain: DomainId,
) -> BoxStream<'static, Result<Surveyed>> {
    let knows_managed = directory.capabilities().has(Capability::ManagedAccounts);
    let users = {
        let reader = reader.clone();
        directory
            .list_accounts(&Query::all(), ListOptions::new())
            .map(move |account| account.map(|account| reader.account(domain, account)))
    };
    let managed = if knows_managed {
        let reader = reader.clone();
        directory
            .list_managed_accounts(&Query::all(), ListOptions::new())
            .map(move |account| account.map(|account| reader.managed(domain, account)))
            .boxed()
    } else {
        stream::empty().boxed()
    };
    users.chain(managed).map_err(unreachable).boxed()
}

/// One account, and if it is not there, whether the directory knows that it was deleted.
pub(super) async fn presence(
    directory: &Arc<dyn Directory>,
    reader: &Reader,
    domain: DomainId,
    object: ObjectGuid,
) -> Result<Presence> {
    let pinned = directory.pin(PinOptions::new()).await.map_err(unreachable)?;
    let key = AccountKey::Guid(object);
    if let Some(account) = pinned.find_account(&key, FindOptions::new()).await.map_err(unreachable)? {
        return Ok(Presence::There(Box::new(reader.account(domain, account))));
    }
    if pinned.capabilities().has(Capability::ManagedAccounts)
        && let Some(account) =
            pinned.find_managed_account(&key, FindOptions::new()).await.map_err(unreachable)?
    {
        return Ok(Presence::There(Box::new(reader.managed(domain, account))));
    }
    match pinned.find_deleted(object).await {
        Ok(Some(_)) => Ok(Presence::Deleted),
        Ok(None) => Ok(Presence::NotSeen),
        // Whoever may not look there knows nothing of it.
        Err(error) if matches!(error.kind(), Kind::Unsupported | Kind::Forbidden) => Ok(Presence::NotSeen),
        Err(error) => Err(unreachable(error)),
    }
}

/// Every secret in the folder of a place.
pub(super) async fn kept(vault: &dyn Vault, reader: &Reader, place: &VaultPlace) -> Result<Vec<KeptSecret>> {
    let listed = vault.list(place).await.map_err(|error| {
        let advice = "nothing is known of the secrets there; see that the vault account may list the folder";
        Error::new(ErrorKind::Vault, OPERATION, error.to_string()).with_advice(advice)
    })?;
    Ok(listed
        .into_iter()
        .map(|secret| {
            let sagas = secret.found.markers.map(|lines| {
                let sagas: BTreeSet<_> = lines.iter().filter_map(|line| reader.saga(line)).collect();
                sagas.into_iter().collect()
            });
            KeptSecret { active: secret.found.active, sagas, ..KeptSecret::new(secret.found.id, secret.name) }
        })
        .collect())
}
