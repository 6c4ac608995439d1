//! Deleted accounts: finding them and bringing them back.

use ldap3::{Mod, Scope, controls::RawControl};

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Connection},
    convert,
    entry::Entry,
    lookup,
    pool::Lease,
};
use crate::{
    Account, AccountUpdate, DeletedAccount, Error, ErrorKind, Filter, ListDeletedOptions, ObjectGuid,
    Outcome, RestoreOptions, Result, SamAccountName,
};

/// Deleted objects are found too (MS-ADTS 3.1.1.3.4.1.14).
pub(super) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

pub(super) const ATTRIBUTES: &[&str] = &[
    "lastKnownParent",
    "msDS-LastKnownRDN",
    "name",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "whenChanged",
];

pub(super) fn show_deleted() -> RawControl {
    RawControl { ctype: SHOW_DELETED.to_owned(), crit: true, val: None }
}

/// Which objects are deleted accounts. Their category is gone, so computers and managed accounts are left out by class.
pub(super) fn filter(options: &ListDeletedOptions) -> Result<Filter> {
    let mut parts = vec![
        lookup::is("isDeleted", "TRUE")?,
        lookup::is("objectClass", "user")?,
        Filter::not(lookup::is("objectClass", "computer")?),
    ];
    if let Some(guid) = options.guid {
        parts.push(Filter::equals("objectGUID".parse()?, guid));
    }
    if let Some(name) = &options.sam_account_name {
        parts.push(lookup::is("sAMAccountName", name.as_str())?);
    }
    Ok(Filter::all(parts))
}

pub(super) fn deleted(call: &Call, entry: &Entry) -> Result<DeletedAccount> {
    let dn = convert::dn(call, entry)?;
    // The last known name is whole; the name of the deleted object may have been cut to make room for the identity.
    let name = entry.text("msds-lastknownrdn").or_else(|| entry.text("name")).unwrap_or_else(|| dn.name());
    let cn = DeletedAccount::living_name(name).to_owned();
    let mut deleted = DeletedAccount::new(convert::guid(call, entry)?, dn, cn);
    deleted.sam_account_name = entry.text("samaccountname").map(SamAccountName::stored);
    deleted.sid = convert::sid(entry);
    deleted.last_known_parent = entry.text("lastknownparent").and_then(|dn| dn.parse().ok());
    deleted.deleted_at = convert::time(entry, "whenchanged");
    Ok(deleted)
}

impl LdapDirectory {
    pub(super) async fn restore(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        options: &RestoreOptions,
    ) -> Result<Account> {
        let base = self.base(call, lease).await?;
        let wanted = filter(&ListDeletedOptions::new().guid(id))?;
        let connection = lease.connection(call)?;
        let found = find(call, connection, &base, &wanted).await?;
        let missing = || {
            call.error(ErrorKind::NotFound).with_subject(id).with_reason(
                "no deleted account with this identity can be seen; only administrators see them all",
            )
        };
        let entry = found.ok_or_else(missing)?;
        let deleted = deleted(call, &entry)?;
        let homeless = || {
            call.error(ErrorKind::Invalid)
                .with_subject(id)
                .with_reason("where it was cannot be seen; say where it should go")
        };
        let parent = options.to.clone().or(deleted.last_known_parent).ok_or_else(homeless)?;
        let target = parent.child(options.new_cn.as_deref().unwrap_or(&deleted.cn))?;
        if lookup::container(call, lease, &parent).await?.is_none() {
            let error = call.error(ErrorKind::NotFound).with_subject(&parent);
            return Err(error.with_reason("there is no such container"));
        }
        // Both in one request, and by the whole name: Samba does not find a deleted object by its identity (MS-ADTS 3.1.1.5.3.7).
        let modifications = vec![
            Mod::Delete(b"isDeleted".to_vec(), std::collections::HashSet::new()),
            Mod::Replace(b"distinguishedName".to_vec(), [target.to_string().into_bytes()].into()),
        ];
        let change = Change::ModifyWith(entry.dn.clone(), modifications, vec![show_deleted()]);
        let restored = lease.connection(call)?.change(call, change).await;
        restored.map_err(|refusal| {
            let error = refusal.error.with_subject(&target);
            if refusal.code == Some(super::diagnostic::NO_SUCH_ATTRIBUTE) {
                // Seen with Samba 4.17 once the Recycle Bin is on.
                return error.with_reason(
                    "the controller cannot restore it; Samba with a Recycle Bin is one that cannot",
                );
            }
            error
        })?;
        let account = self.read_back(call, lease, &id.into()).await?;
        if account.is_disabled() {
            return Ok(account);
        }
        // Its flags come back as they were.
        self.update(call, lease, id, &AccountUpdate::new().enabled(false)).await.map_err(|error| {
            let error = error.with_subject(&account.dn).with_outcome(Outcome::Unknown);
            error.with_reason("it was restored, and is still enabled as far as is known; disable it")
        })
    }
}

async fn find(
    call: &Call,
    connection: &mut Connection,
    base: &str,
    filter: &Filter,
) -> Result<Option<Entry>, Error> {
    let controls = vec![show_deleted()];
    let found = connection.search_with(call, base, Scope::Subtree, filter, ATTRIBUTES, controls).await?;
    Ok(found.and_then(|mut entries| entries.pop()))
}
