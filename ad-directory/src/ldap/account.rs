//! Changes of one account, on the connection on which it was read.

use ldap3::{Mod, controls::RawControl};

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Refusal},
    descriptor, diagnostic, lookup,
    modify::{self, RETRIES},
    pool::Lease,
};
use crate::{
    Account, AccountUpdate, Dn, ErrorKind, Marker, MarkerChange, MoveOptions, ObjectGuid, Outcome, Result,
};

pub(super) fn expect(call: &Call, dn: &Dn, have: Option<&Marker>, expected: Option<&Marker>) -> Result<()> {
    match expected {
        Some(expected) if !have.is_some_and(|have| have.matches(expected)) => {
            Err(call.error(ErrorKind::MarkerMismatch).with_subject(dn))
        }
        _ => Ok(()),
    }
}

/// With what lies below it only when that is said.
pub(super) async fn delete(call: &Call, lease: &mut Lease<'_>, dn: &Dn, children: bool) -> Result<()> {
    let text = dn.to_string();
    let change = if children { Change::DeleteTree(text) } else { Change::Delete(text) };
    let deleted = lease.connection(call)?.change(call, change).await;
    deleted.map_err(|refusal| {
        let error = refusal.error.with_subject(dn);
        if refusal.code == Some(diagnostic::NOT_A_LEAF) {
            return error
                .with_reason("something lies below it; delete it with its children if that is meant");
        }
        error
    })
}

/// Moves what was just read with this name, common name and marker, of whatever kind; `false` when it is there already.
pub(super) async fn move_to(
    call: &Call,
    lease: &mut Lease<'_>,
    (dn, cn, marker): (&Dn, &str, Option<&Marker>),
    to: &Dn,
    options: &MoveOptions,
) -> Result<bool> {
    expect(call, dn, marker, options.expect_marker.as_ref())?;
    let target = to.child(options.new_cn.as_deref().unwrap_or(cn))?;
    // Samba answers a missing container with "other"; and the question is cheap.
    if lookup::container(call, lease, to).await?.is_none() {
        return Err(call
            .error(ErrorKind::NotFound)
            .with_subject(to)
            .with_reason("there is no such container"));
    }
    if target.to_string() == dn.to_string() {
        return Ok(false);
    }
    let parent = if dn.parent().as_ref() == Some(to) { None } else { Some(to.to_string()) };
    let change = Change::Move { dn: dn.to_string(), rdn: target.rdn_text(), parent };
    let moved = lease.connection(call)?.change(call, change).await;
    moved.map_err(|refusal| refusal.error.with_subject(dn))?;
    Ok(true)
}

impl LdapDirectory {
    /// One request for all that the update says, made anew when somebody else changed the flags or names in between.
    pub(super) async fn update(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        id: ObjectGuid,
        update: &AccountUpdate,
    ) -> Result<Account> {
        let mut account = self.existing(call, lease, id).await?;
        for _ in 0..=RETRIES {
            let mut modifications = modify::update(call, &account, &self.core.marker_attribute, update)?;
            let mut controls = Vec::new();
            if let Some(denied) = update.password_change_denied
                && let Some(change) = self.deny_password_change(call, lease, &account.dn, denied).await?
            {
                modifications.push(change);
                controls.push(descriptor::control());
            }
            if modifications.is_empty() {
                return Ok(account);
            }
            let new =
                modify::new_names(&account.service_principal_names, &update.add_service_principal_names);
            let set = update.service_principal_names.iter().flatten().map(String::as_str);
            let new: Vec<&str> = new
                .chain(set.filter(|name| !account.service_principal_names.iter().any(|have| have == name)))
                .collect();
            self.refuse_taken(call, lease, &new, Some(id)).await?;
            let marker = update.marker.as_ref();
            let done = self.modify_with(call, lease, &account, modifications, marker, controls).await;
            let Err(error) = done else {
                return self.read_back(call, lease, &id.into()).await;
            };
            if !modify::may_be_stale(&error, update) {
                return Err(self.explain_alias(call, lease, &new, error).await);
            }
            // The flags and names are compared and set: whether they were what stopped it, they say themselves.
            let now = self.existing(call, lease, id).await?;
            if now.user_account_control == account.user_account_control
                && now.service_principal_names == account.service_principal_names
            {
                return Err(self.explain_alias(call, lease, &new, error).await);
            }
            account = now;
        }
        let error = call.error(ErrorKind::Busy).with_outcome(Outcome::NotDone).with_subject(id);
        Err(error.with_reason("somebody else keeps changing its flags"))
    }

    pub(super) async fn modify(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        account: &Account,
        modifications: Vec<Mod<Vec<u8>>>,
        marker: Option<&MarkerChange>,
    ) -> Result<()> {
        self.modify_with(call, lease, account, modifications, marker, Vec::new()).await
    }

    pub(super) async fn modify_with(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        account: &Account,
        modifications: Vec<Mod<Vec<u8>>>,
        marker: Option<&MarkerChange>,
        controls: Vec<RawControl>,
    ) -> Result<()> {
        let change = Change::ModifyWith(account.dn.to_string(), modifications, controls);
        let Err(refusal) = lease.connection(call)?.change(call, change).await else {
            return Ok(());
        };
        let Refusal { code, error } = refusal;
        let error = error.with_subject(&account.dn);
        let Some(change) = marker else {
            return Err(error);
        };
        // These codes may come of the marker or of another value; which, shows the marker itself.
        let may_be_marker = matches!(
            code,
            Some(
                diagnostic::NO_SUCH_ATTRIBUTE
                    | diagnostic::CONSTRAINT_VIOLATION
                    | diagnostic::ATTRIBUTE_OR_VALUE_EXISTS
            )
        );
        if may_be_marker && error.kind() != ErrorKind::PasswordPolicy {
            let now = self.account(call, lease, &account.guid.into(), &[]).await?;
            if now.is_some_and(|now| !modify::fits(now.marker.as_ref(), now.foreign_marker, change)) {
                let mismatch = call.error(ErrorKind::MarkerMismatch).with_subject(&account.dn);
                return Err(mismatch.with_codes(error.ldap_code(), error.win32_code(), None));
            }
        }
        Err(error)
    }

    pub(super) async fn moved(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        account: &Account,
        to: &Dn,
        options: &MoveOptions,
    ) -> Result<Account> {
        let read = (&account.dn, account.cn.as_str(), account.marker.as_ref());
        if !move_to(call, lease, read, to, options).await? {
            return Ok(account.clone());
        }
        self.read_back(call, lease, &account.guid.into()).await
    }
}
