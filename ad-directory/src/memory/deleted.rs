//! What was deleted, and how it comes back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    checks::{answer, no_parent},
    index::Names,
    world::{StoredAccount, World, no_object},
};
use crate::{
    Account, DeletedAccount, Dn, Error, ListDeletedOptions, ObjectGuid, RestoreOptions, Result,
    UserAccountControl, deleted::KEPT_FOR,
};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredDeleted {
    stored: StoredAccount,
    groups: Vec<ObjectGuid>,
    at: Timestamp,
}

impl World {
    /// Deletes an account. Without the Recycle Bin, only what a tombstone keeps is kept (MS-ADTS 3.1.1.5.5.1.1).
    pub(super) fn bury(&mut self, guid: ObjectGuid, now: Timestamp) {
        let Some((mut stored, mut groups)) = self.remove_account(guid) else { return };
        if !self.recycle_bin {
            groups.clear();
            let account = &stored.account;
            let mut left = Account::new(account.guid, account.dn.clone(), account.sam_account_name.clone());
            left.cn.clone_from(&account.cn);
            left.sid.clone_from(&account.sid);
            left.user_account_control = account.user_account_control;
            left.primary_group_id = account.primary_group_id;
            left.when_created = account.when_created;
            stored = StoredAccount::new(left);
        }
        stored.account.when_changed = Some(now);
        self.deleted.insert(guid, StoredDeleted { stored, groups, at: now });
    }

    fn is_kept(buried: &StoredDeleted, now: Timestamp) -> bool {
        now.duration_since(buried.at).unsigned_abs() < KEPT_FOR
    }

    pub(super) fn list_deleted(
        &self,
        options: &ListDeletedOptions,
        now: Timestamp,
    ) -> Result<Vec<DeletedAccount>> {
        let fits = |buried: &&StoredDeleted| {
            let account = &buried.stored.account;
            Self::is_kept(buried, now)
                && options.guid.is_none_or(|guid| guid == account.guid)
                && options.sam_account_name.as_ref().is_none_or(|name| *name == account.sam_account_name)
        };
        self.deleted.values().filter(fits).map(|buried| self.as_deleted(buried)).collect()
    }

    fn as_deleted(&self, buried: &StoredDeleted) -> Result<DeletedAccount> {
        let account = &buried.stored.account;
        let deleted_objects = self.domain.child("Deleted Objects")?;
        // A name has at most 64 characters, and the identity needs 41 of them; Windows cuts the name, too.
        let short: String = account.cn.chars().take(22).collect();
        let dn = deleted_objects.child(&format!("{short}\nDEL:{}", account.guid))?;
        let mut deleted = DeletedAccount::new(account.guid, dn, account.cn.clone());
        deleted.sam_account_name = Some(account.sam_account_name.clone());
        deleted.sid.clone_from(&account.sid);
        deleted.last_known_parent = account.dn.parent();
        deleted.deleted_at = Some(buried.at);
        Ok(deleted)
    }

    pub(super) fn restore(
        &mut self,
        guid: ObjectGuid,
        options: &RestoreOptions,
        now: Timestamp,
    ) -> Result<Account> {
        let operation = "accounts.restore";
        let buried = self.deleted.get(&guid).filter(|buried| Self::is_kept(buried, now));
        let missing =
            || no_object(guid, operation).with_reason("no deleted account with this identity can be seen");
        let buried = buried.ok_or_else(missing)?.clone();
        let StoredDeleted { mut stored, groups, .. } = buried;
        let account = &mut stored.account;
        let parent =
            options.to.clone().or_else(|| account.dn.parent()).unwrap_or_else(|| self.domain.clone());
        if self.find_container(&parent).is_none() {
            return Err(no_parent(&parent, operation));
        }
        let cn = options.new_cn.as_deref().unwrap_or(&account.cn);
        let dn: Dn = parent.child(cn).map_err(|error| Error::from(error).with_operation(operation))?;
        dn.name().clone_into(&mut account.cn);
        account.dn = dn;
        account.user_account_control = account.user_account_control.with(UserAccountControl::ACCOUNT_DISABLE);
        account.when_changed = Some(now);
        self.index.check(&Names::of_account(account), operation)?;
        self.deleted.remove(&guid);
        self.put_account(stored.clone());
        for group in groups {
            // One that was deleted in the meantime is not there to join.
            self.join(group, guid);
        }
        Ok(answer(self, &stored))
    }
}
