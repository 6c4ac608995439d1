//! Group memberships, made idempotent: the controllers are not.

use ldap3::Mod;

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Refusal},
    diagnostic,
    pool::Lease,
};
use crate::{ErrorKind, GroupKey, MembershipChange, ObjectGuid, Result};

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
        let group = self.group(call, lease, key).await?;
        let missing =
            || call.error(ErrorKind::NotFound).with_subject(key).with_reason("there is no such group");
        let group = group.ok_or_else(missing)?;
        let account = self.existing(call, lease, member).await?;
        if account.is_member_of(&group.dn) == add {
            return Ok(MembershipChange::Already);
        }
        let primary = group
            .sid
            .as_ref()
            .and_then(crate::Sid::rid)
            .is_some_and(|rid| account.primary_group_id == Some(rid));
        if primary {
            // Every account has one, and it shows in no list of members.
            if add {
                return Ok(MembershipChange::Already);
            }
            let error = call.error(ErrorKind::Constraint).with_subject(&group.dn);
            return Err(error.with_reason("it is the account's primary group"));
        }
        let value = [account.dn.to_string().into_bytes()].into();
        let modification =
            if add { Mod::Add(b"member".to_vec(), value) } else { Mod::Delete(b"member".to_vec(), value) };
        let change = Change::Modify(group.dn.to_string(), vec![modification]);
        match lease.connection(call)?.change(call, change).await {
            Ok(()) => Ok(MembershipChange::Changed),
            Err(refusal) if says_as_wanted(&refusal, add) => {
                // Somebody else was quicker, or so it seems: the account itself must say so.
                let now = self.existing(call, lease, member).await?;
                if now.is_member_of(&group.dn) == add {
                    Ok(MembershipChange::Already)
                } else {
                    Err(refusal.error)
                }
            }
            Err(refusal) => Err(refusal.error.with_subject(&group.dn)),
        }
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
