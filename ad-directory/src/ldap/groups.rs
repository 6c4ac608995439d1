//! Making groups, and changing many of their members at once.

use std::collections::{HashMap, HashSet};

use ldap3::{Mod, Scope};

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Modifications},
    convert, diagnostic,
    entry::Entry,
    lookup, members,
    pool::Lease,
};
use crate::{
    Dn, Error, ErrorKind, Filter, Group, GroupKey, MemberChanges, MembersChanged, NewGroup, ObjectGuid,
    Result, Sid,
};

/// How many identities are asked for in one search.
const GUIDS_PER_SEARCH: usize = 200;
/// How often a batch is tried anew because somebody else changed a membership of it in between.
const RETRIES: usize = 3;

impl LdapDirectory {
    pub(super) async fn make_group(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        new: &NewGroup,
    ) -> Result<Group> {
        let dn = new.dn()?;
        let mut attributes = vec![
            ("objectClass", vec!["top".to_owned(), "group".to_owned()]),
            ("sAMAccountName", vec![new.name.to_string()]),
            ("groupType", vec![new.group_type().to_string()]),
        ];
        attributes.extend(new.description.iter().map(|text| ("description", vec![text.clone()])));
        self.add(call, lease, &dn, attributes).await?;
        let made = self.group(call, lease, &GroupKey::Dn(dn.clone())).await?;
        made.ok_or_else(|| unreadable(call, &dn))
    }

    pub(super) async fn add(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        dn: &Dn,
        attributes: Vec<(&str, Vec<String>)>,
    ) -> Result<()> {
        let bytes = |values: Vec<String>| values.into_iter().map(String::into_bytes).collect::<HashSet<_>>();
        let attributes =
            attributes.into_iter().map(|(name, values)| (name.as_bytes().to_vec(), bytes(values))).collect();
        let made = lease.connection(call)?.change(call, Change::Add(dn.to_string(), attributes)).await;
        made.map_err(|refusal| refusal.error.with_subject(dn))
    }

    pub(super) async fn existing_group(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &GroupKey,
    ) -> Result<Group> {
        let found = self.group(call, lease, key).await?;
        found.ok_or_else(|| {
            call.error(ErrorKind::NotFound).with_subject(key).with_reason("there is no such group")
        })
    }

    pub(super) async fn batch(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &GroupKey,
        changes: &MemberChanges,
    ) -> Result<MembersChanged> {
        let group = self.existing_group(call, lease, key).await?;
        for attempt in 0.. {
            let add = self.candidates(call, lease, &group, &changes.add, false).await?;
            let remove = self.candidates(call, lease, &group, &changes.remove, true).await?;
            let done = MembersChanged { added: add.len(), removed: remove.len() };
            let member = || b"member".to_vec();
            let mut modifications: Modifications = Vec::new();
            if !remove.is_empty() {
                modifications.push(Mod::Delete(member(), remove));
            }
            if !add.is_empty() {
                modifications.push(Mod::Add(member(), add));
            }
            if modifications.is_empty() {
                return Ok(done);
            }
            let change = Change::Modify(group.dn.to_string(), modifications);
            match lease.connection(call)?.change(call, change).await {
                Ok(()) => return Ok(done),
                // Somebody else was quicker with one of them: who is a member is asked again.
                Err(refusal)
                    if attempt < RETRIES
                        && matches!(
                            refusal.code,
                            Some(
                                diagnostic::ALREADY_EXISTS
                                    | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS
                                    | diagnostic::NO_SUCH_ATTRIBUTE
                                    | diagnostic::UNWILLING_TO_PERFORM
                            )
                        ) => {}
                Err(refusal) => return Err(refusal.error.with_subject(&group.dn)),
            }
        }
        Err(call.error(ErrorKind::Busy).with_subject(&group.dn))
    }

    /// The names of those whose membership is not as wanted.
    ///
    /// # Errors
    /// `NotFound` when one of them is no object; `Constraint` when one should leave its primary group.
    async fn candidates(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        group: &Group,
        guids: &[ObjectGuid],
        members: bool,
    ) -> Result<HashSet<Vec<u8>>> {
        let base = self.base(call, lease).await?;
        let rid = group.sid.as_ref().and_then(Sid::rid);
        let mut names = HashSet::new();
        for guids in guids.chunks(GUIDS_PER_SEARCH) {
            let identity = |guid: &ObjectGuid| Ok(Filter::equals("objectGUID".parse()?, *guid));
            let any = Filter::any(guids.iter().map(identity).collect::<Result<Vec<_>>>()?);
            let within = Filter::equals("memberOf".parse()?, &group.dn);
            let mut all = search(call, lease, &base, &any).await?;
            if let Some(missing) = guids.iter().find(|guid| !all.contains_key(*guid)) {
                return Err(call.error(ErrorKind::NotFound).with_subject(missing));
            }
            let primary = |found: &Found| rid.is_some() && found.primary_group == rid;
            if members && all.values().any(primary) {
                return Err(members::is_primary(call, &group.dn));
            }
            let inside = search(call, lease, &base, &Filter::all([any, within])).await?;
            all.retain(|guid, found| (inside.contains_key(guid) || primary(found)) == members);
            names.extend(all.into_values().map(|found| found.dn.into_bytes()));
        }
        Ok(names)
    }
}

struct Found {
    dn: String,
    primary_group: Option<u32>,
}

async fn search(
    call: &Call,
    lease: &mut Lease<'_>,
    base: &str,
    filter: &Filter,
) -> Result<HashMap<ObjectGuid, Found>> {
    let connection = lease.connection(call)?;
    let found =
        connection.search(call, base, Scope::Subtree, filter, &["objectGUID", "primaryGroupID"]).await?;
    let entries = found.unwrap_or_default();
    let one = |entry: Entry| {
        let primary_group = entry.text("primarygroupid").and_then(|text| text.parse().ok());
        Ok((convert::guid(call, &entry)?, Found { dn: entry.dn, primary_group }))
    };
    entries.into_iter().map(one).collect()
}

pub(super) fn unreadable(call: &Call, dn: &Dn) -> Error {
    let error = call.error(ErrorKind::Protocol).with_subject(dn);
    error.with_reason("it was done, and cannot be read back")
}

impl LdapDirectory {
    pub(super) async fn make_unit(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        dn: &Dn,
        description: Option<&str>,
    ) -> Result<crate::Container> {
        let mut attributes = vec![("objectClass", vec!["top".to_owned(), "organizationalUnit".to_owned()])];
        attributes.extend(description.map(|text| ("description", vec![text.to_owned()])));
        self.add(call, lease, dn, attributes).await?;
        lookup::container(call, lease, dn).await?.ok_or_else(|| unreadable(call, dn))
    }

    /// `contents`: with everything below it.
    pub(super) async fn remove_unit(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        contents: bool,
    ) -> Result<()> {
        let filter = lookup::is("objectClass", "organizationalUnit")?;
        let connection = lease.connection(call)?;
        let base = lookup::guid_dn(id);
        let found = connection.search(call, &base, Scope::Base, &filter, &["objectGUID"]).await?;
        let missing = || {
            call.error(ErrorKind::NotFound)
                .with_subject(id)
                .with_reason("there is no such organizational unit")
        };
        let dn = found.and_then(|mut entries| entries.pop()).ok_or_else(missing)?.dn;
        let change = if contents { Change::DeleteTree(dn.clone()) } else { Change::Delete(dn.clone()) };
        connection.change(call, change).await.map_err(|refusal| refusal.error.with_subject(dn))
    }
}
