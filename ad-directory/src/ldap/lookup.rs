//! Finding objects, on a connection that the caller holds.

use ldap3::Scope;

use super::{LdapDirectory, call::Call, convert, entry::Entry, paging, pool::Lease, ranged, root};
use crate::{
    Account, AccountKey, AttributeName, Container, Dn, Error, ErrorKind, Filter, Group, GroupKey, ObjectGuid,
    Result,
};

/// The DN form by which Active Directory finds an object wherever it is (MS-ADTS 3.1.1.3.1.2.4).
pub(super) fn guid_dn(guid: ObjectGuid) -> String {
    format!("<GUID={guid}>")
}
pub(super) fn is(attribute: &str, value: &str) -> Result<Filter> {
    Ok(Filter::equals(attribute.parse()?, value))
}

/// Which objects are places.
pub(super) fn containers() -> Result<Filter> {
    Ok(Filter::any([
        is("objectClass", "organizationalUnit")?,
        is("objectClass", "container")?,
        is("objectClass", "domainDNS")?,
    ]))
}

pub(super) async fn container(call: &Call, lease: &mut Lease<'_>, dn: &Dn) -> Result<Option<Container>> {
    let filter = containers()?;
    let connection = lease.connection(call)?;
    let found =
        connection.search(call, &dn.to_string(), Scope::Base, &filter, convert::CONTAINER_ATTRIBUTES).await?;
    let entry = found.and_then(|mut entries| entries.pop());
    entry.map(|entry| convert::container(call, &entry)).transpose()
}
impl LdapDirectory {
    /// The domain: as configured, or as the controller says.
    pub(super) async fn base(&self, call: &Call, lease: &mut Lease<'_>) -> Result<String> {
        let base = self.core.base.get_or_try_init(|| async {
            Ok::<_, Error>(root::probe(call, lease).await?.default_naming_context)
        });
        Ok(base.await?.to_string())
    }

    /// The only entry with this key that fits `kind`, with all values of what is asked for.
    pub(super) async fn entry(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
        kind: Filter,
        attributes: &[&str],
    ) -> Result<Option<Entry>> {
        let (base, scope, filter) = match key {
            AccountKey::Guid(guid) => (guid_dn(*guid), Scope::Base, None),
            AccountKey::Dn(dn) => (dn.to_string(), Scope::Base, None),
            AccountKey::Sid(sid) => {
                let filter = Filter::equals("objectSid".parse()?, sid);
                (self.base(call, lease).await?, Scope::Subtree, Some(filter))
            }
            AccountKey::SamAccountName(name) => {
                (self.base(call, lease).await?, Scope::Subtree, Some(is("sAMAccountName", name.as_str())?))
            }
            AccountKey::UserPrincipalName(name) => {
                (self.base(call, lease).await?, Scope::Subtree, Some(is("userPrincipalName", name.as_str())?))
            }
            AccountKey::Marker { marker, below } => {
                let filter = Filter::equals(self.core.marker_attribute.clone(), marker.as_str());
                (below.to_string(), Scope::Subtree, Some(filter))
            }
        };
        let filter = Filter::all(filter.into_iter().chain([kind]));
        let connection = lease.connection(call)?;
        let found = connection.search(call, &base, scope, &filter, attributes).await?;
        let Some(mut entry) = only(call, key, found)? else { return Ok(None) };
        ranged::complete(call, connection, &mut entry, &[]).await?;
        Ok(Some(entry))
    }

    pub(super) async fn account(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
        asked: &[AttributeName],
    ) -> Result<Option<Account>> {
        let mut attributes = convert::ACCOUNT_ATTRIBUTES.to_vec();
        attributes.push(self.core.marker_attribute.as_str());
        attributes.extend(asked.iter().map(AttributeName::as_str));
        let entry = self.entry(call, lease, key, paging::accounts()?, &attributes).await?;
        entry
            .map(|mut entry| convert::account(call, &mut entry, &self.core.marker_attribute, asked))
            .transpose()
    }

    pub(super) async fn group(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &GroupKey,
    ) -> Result<Option<Group>> {
        let groups = is("objectClass", "group")?;
        let (base, scope, filter) = match key {
            GroupKey::Guid(guid) => (guid_dn(*guid), Scope::Base, groups),
            GroupKey::Dn(dn) => (dn.to_string(), Scope::Base, groups),
            GroupKey::SamAccountName(name) => {
                let filter = Filter::all([is("sAMAccountName", name.as_str())?, groups]);
                (self.base(call, lease).await?, Scope::Subtree, filter)
            }
        };
        let found =
            lease.connection(call)?.search(call, &base, scope, &filter, convert::GROUP_ATTRIBUTES).await?;
        only(call, key, found)?.map(|entry| convert::group(call, &entry)).transpose()
    }

    pub(super) async fn existing(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
    ) -> Result<Account> {
        let found = self.account(call, lease, &id.into(), &[]).await?;
        found.ok_or_else(|| call.error(ErrorKind::NotFound).with_subject(id))
    }

    /// After a change, on the same connection.
    pub(super) async fn read_back(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &AccountKey,
    ) -> Result<Account> {
        let found = self.account(call, lease, key, &[]).await?;
        found.ok_or_else(|| unreadable(call, key))
    }
}

pub(super) fn unreadable(call: &Call, what: &impl std::fmt::Display) -> Error {
    let error = call.error(ErrorKind::Protocol).with_subject(what);
    error.with_reason("it was done, and cannot be read back")
}

/// The only entry, if there is one.
fn only(call: &Call, key: &impl std::fmt::Display, found: Option<Vec<Entry>>) -> Result<Option<Entry>> {
    let mut entries = found.unwrap_or_default();
    let first = entries.pop();
    if entries.is_empty() { Ok(first) } else { Err(call.error(ErrorKind::Ambiguous).with_subject(key)) }
}
