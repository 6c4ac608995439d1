//! Effects of a migration (M-2): looking at an account before anything of it is changed.

use ad_directory::{AccountKey, AttributeName, Controller, FindOptions, ObjectGuid, UserAccountControl};

use super::guard::Tools;
use super::translate::{self, Step, done, refused};
use crate::model::managed::AccountKind;
use crate::saga::effect::{EffectResult, Found, Reason};

impl Tools<'_> {
    /// What it is like, for whoever has to put it back. Its marker is looked at first, as for every change (I-3).
    pub(super) async fn survey(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        attributes: &[String],
        security: bool,
        folder: Option<String>,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let (found, _) = self.guard(&pinned, account).await?;
        let Some(mut seen) = found.seen() else {
            return refused(Reason::PlaceUnusable, format!("{} lies in no container", found.dn));
        };
        (seen.readers, seen.folder) = (found.readers, folder);
        if self.task.kind == AccountKind::User {
            let names: Result<Vec<AttributeName>, _> = attributes.iter().map(|name| name.parse()).collect();
            let names = match names {
                Ok(names) => names,
                Err(error) => {
                    return refused(Reason::Other, format!("an attribute cannot be asked for: {error}"));
                }
            };
            let options = FindOptions::new().attributes(names).password_change(security);
            let user = pinned
                .find_account(&AccountKey::Guid(account), options)
                .await
                .map_err(|error| translate::directory(&error))?;
            let Some(user) = user else {
                return refused(Reason::AccountMissing, format!("{} is gone", found.dn));
            };
            let never = UserAccountControl::PASSWORD_NEVER_EXPIRES;
            seen.password_change_denied = user.password_change_denied;
            seen.password_never_expires = Some(user.user_account_control.contains(never));
            for name in attributes {
                let read = user.attributes.iter().find(|(read, _)| read.as_str().eq_ignore_ascii_case(name));
                let values = read.map(|(_, values)| values.clone()).unwrap_or_default();
                seen.attributes.insert(name.clone(), values);
            }
        }
        Ok(done(Found {
            account: Some(account),
            dn: Some(found.dn),
            seen: Some(Box::new(seen)),
            ..Found::default()
        }))
    }
}
