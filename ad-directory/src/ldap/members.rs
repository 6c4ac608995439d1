//! Group memberships, made idempotent: the controllers are not.

use ldap3::{Mod, Scope};

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Connection, Refusal},
    convert, diagnostic,
    entry::Entry,
    extended_dn::{self, ExtendedName},
    pool::Lease,
    ranged, root,
};
use crate::{Dn, Error, ErrorKind, Filter, Group, GroupKey, MembershipChange, ObjectGuid, Result, Sid};

/// Those whose primary group it is; `None` for a group whose identifier cannot be seen.
pub(super) fn primary(group: &Group) -> Result<Option<Filter>> {
    let rid = group.sid.as_ref().and_then(Sid::rid);
    rid.map(|rid| Ok(Filter::equals("primaryGroupID".parse()?, rid.to_string()))).transpose()
}

pub(super) fn is_primary(call: &Call, group: &Dn) -> Error {
    let error = call.error(ErrorKind::Constraint).with_subject(group);
    error.with_reason("it is the primary group of a member that should leave it")
}

/// The members that lie in other domains of the forest. A search of this domain does not find them; the group names them.
pub(super) async fn of_other_domains(
    call: &Call,
    connection: &mut Connection,
    group: &Dn,
) -> Result<Vec<Entry>> {
    let controls = vec![extended_dn::asked()];
    let (base, anything) = (group.to_string(), root::anything()?);
    let found =
        connection.search_with(call, &base, Scope::Base, &anything, &["member"], controls.clone()).await?;
    let gone = || {
        let error = call.error(ErrorKind::Interrupted).with_subject(group);
        error.with_reason("it was moved or deleted while its members were read")
    };
    let mut entry = found.and_then(|mut entries| entries.pop()).ok_or_else(gone)?;
    ranged::complete(call, connection, &mut entry, &controls).await?;
    let domain = group.domain();
    let mut others = Vec::new();
    for value in entry.values("member") {
        let name = std::str::from_utf8(value).ok().and_then(ExtendedName::read);
        let broken = || {
            let error = call.error(ErrorKind::Protocol).with_subject(group);
            error.with_reason("the name of a member cannot be read")
        };
        let name = name.ok_or_else(broken)?;
        if name.dn.domain() != domain {
            let mut other = Entry::named(name.dn.to_string());
            other.put(convert::ELSEWHERE.to_owned(), Vec::new());
            other
                .put("objectguid".to_owned(), name.guid.iter().map(|guid| guid.to_wire().to_vec()).collect());
            other.put("objectsid".to_owned(), name.sid.iter().map(Sid::to_wire).collect());
            others.push(other);
        }
    }
    Ok(others)
}

/// Whoever may be a member: where it is, and of what it is one.
struct Principal {
    dn: Dn,
    groups: Vec<Dn>,
    primary: Option<u32>,
}

impl LdapDirectory {
    pub(super) async fn membership(
        &self,
        call: &Call,
        key: &GroupKey,
        member: ObjectGuid,
        add: bool,
    ) -> Result<MembershipChange> {
        let mut lease = self.core.pool.lease(call, self.pinned).await?;
        let answer = self.change_membership(call, &mut lease, key, member, add).await;
        lease.settle(answer)
    }

    async fn change_membership(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        key: &GroupKey,
        member: ObjectGuid,
        add: bool,
    ) -> Result<MembershipChange> {
        let group = self.existing_group(call, lease, key).await?;
        let principal = self.principal(call, lease, member).await?;
        if principal.groups.contains(&group.dn) == add {
            return Ok(MembershipChange::Already);
        }
        if principal.primary.is_some() && principal.primary == group.sid.as_ref().and_then(Sid::rid) {
            // Every account has one, and it shows in no list of members.
            if add {
                return Ok(MembershipChange::Already);
            }
            return Err(is_primary(call, &group.dn));
        }
        let value = [principal.dn.to_string().into_bytes()].into();
        let modification =
            if add { Mod::Add(b"member".to_vec(), value) } else { Mod::Delete(b"member".to_vec(), value) };
        let change = Change::Modify(group.dn.to_string(), vec![modification]);
        match lease.connection(call)?.change(call, change).await {
            Ok(()) => Ok(MembershipChange::Changed),
            Err(refusal) if says_as_wanted(&refusal, add) => {
                // Somebody else was quicker, or so it seems: the member itself must say so.
                let now = self.principal(call, lease, member).await?;
                if now.groups.contains(&group.dn) == add {
                    Ok(MembershipChange::Already)
                } else {
                    Err(refusal.error)
                }
            }
            Err(refusal) => Err(refusal.error.with_subject(&group.dn)),
        }
    }
}

impl LdapDirectory {
    async fn principal(&self, call: &Call, lease: &mut Lease<'_>, id: ObjectGuid) -> Result<Principal> {
        let attributes = ["memberOf", "objectGUID", "primaryGroupID"];
        let found = self.entry(call, lease, &id.into(), root::anything()?, &attributes).await?;
        let entry = found.ok_or_else(|| call.error(ErrorKind::NotFound).with_subject(id))?;
        Ok(Principal {
            dn: convert::dn(call, &entry)?,
            groups: convert::groups(call, &entry)?,
            primary: entry.text("primarygroupid").and_then(|text| text.parse().ok()),
        })
    }
}

/// Windows and Samba say "it is one already" and "it is none" in different codes.
fn says_as_wanted(refusal: &Refusal, add: bool) -> bool {
    let code = refusal.code.unwrap_or_default();
    if add {
        matches!(code, diagnostic::ALREADY_EXISTS | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS)
    } else {
        matches!(code, diagnostic::UNWILLING_TO_PERFORM | diagnostic::NO_SUCH_ATTRIBUTE)
    }
}
