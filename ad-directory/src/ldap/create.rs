//! Making an account: in one Add where the controller takes it, else step by step, with nothing left behind.

use std::collections::HashSet;

use secrecy::SecretString;

use super::{
    LdapDirectory,
    call::Call,
    connection::{Attributes, Change, Connection, Refusal},
    diagnostic,
    modify::replace,
    password,
    pool::Lease,
};
use crate::{Account, AttributeName, ErrorKind, NewAccount, Outcome, Result, UserAccountControl, reserved};

/// All but the password and the flags.
fn attributes(new: &NewAccount, marker: &AttributeName) -> Attributes {
    let mut attributes: Attributes = Vec::new();
    let mut put = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            let values: HashSet<Vec<u8>> = values.into_iter().map(String::into_bytes).collect();
            attributes.push((name.as_bytes().to_vec(), values));
        }
    };
    put("objectClass", ["top", "person", "organizationalPerson", "user"].map(ToOwned::to_owned).into());
    put("sAMAccountName", vec![new.sam_account_name.to_string()]);
    put("accountExpires", vec![new.expires.to_file_time().to_string()]);
    put("userPrincipalName", new.user_principal_name.iter().map(ToString::to_string).collect());
    put("description", new.description.iter().cloned().collect());
    put("displayName", new.display_name.iter().cloned().collect());
    put("servicePrincipalName", new.service_principal_names.clone());
    put(marker.as_str(), new.marker.iter().map(ToString::to_string).collect());
    for (name, values) in &new.attributes {
        put(name.as_str(), values.clone());
    }
    attributes
}

fn flags(new: &NewAccount, enabled: bool) -> UserAccountControl {
    UserAccountControl::NORMAL_ACCOUNT
        .set(UserAccountControl::ACCOUNT_DISABLE, !enabled)
        .set(UserAccountControl::PASSWORD_NEVER_EXPIRES, new.password_never_expires)
}

fn with_flags(mut attributes: Attributes, flags: UserAccountControl) -> Attributes {
    attributes.push((b"userAccountControl".to_vec(), HashSet::from([flags.to_string().into_bytes()])));
    attributes
}

impl LdapDirectory {
    /// What can be refused before anybody is asked.
    pub(super) fn refuse_unsound(&self, call: &Call, new: &NewAccount) -> Result<()> {
        let dn = new.dn()?;
        reserved::check(&new.attributes, self.core.marker_attribute.as_str(), call.operation, false)?;
        match &new.password {
            Some(password) => password::refuse_empty(call, password),
            // Samba would make an account that anybody can enter.
            None if new.enabled => Err(call
                .error(ErrorKind::PasswordPolicy)
                .with_outcome(Outcome::NotSent)
                .with_subject(&dn)
                .with_reason("an account without a password cannot be enabled")),
            None => Ok(()),
        }
    }

    pub(super) async fn make_account(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        new: &NewAccount,
    ) -> Result<Account> {
        let dn = new.dn()?;
        let names: Vec<&str> = new.service_principal_names.iter().map(String::as_str).collect();
        self.refuse_taken(call, lease, &names, None).await?;
        let made =
            create(call, lease.connection(call)?, &dn.to_string(), new, &self.core.marker_attribute).await;
        if let Err(error) = made {
            return Err(self.explain_alias(call, lease, &names, error.with_subject(&dn)).await);
        }
        self.read_back(call, lease, &dn.into()).await
    }
}

/// Makes `dn`.
async fn create(
    call: &Call,
    connection: &mut Connection,
    dn: &str,
    new: &NewAccount,
    marker: &AttributeName,
) -> Result<()> {
    let attributes = attributes(new, marker);
    let Some(password) = &new.password else {
        return Ok(connection
            .change(call, Change::Add(dn.to_owned(), with_flags(attributes, flags(new, false))))
            .await?);
    };
    let mut whole = with_flags(attributes.clone(), flags(new, new.enabled));
    whole.push((b"unicodePwd".to_vec(), HashSet::from([password::encode(password).to_vec()])));
    match connection.change(call, Change::Add(dn.to_owned(), whole)).await {
        Ok(()) => Ok(()),
        Err(refusal) if refuses_the_form(&refusal) => {
            tracing::debug!(
                operation = call.operation,
                "the controller takes no password in an Add; setting it afterwards"
            );
            step_by_step(call, connection, dn, new, attributes, password).await
        }
        Err(refusal) => Err(refusal.error),
    }
}

/// Whether the password cannot be in the Add, as Microsoft's support pages say of some versions; not that it is a bad one.
fn refuses_the_form(refusal: &Refusal) -> bool {
    refusal.code == Some(diagnostic::UNWILLING_TO_PERFORM) && refusal.error.kind() == ErrorKind::Constraint
}

async fn step_by_step(
    call: &Call,
    connection: &mut Connection,
    dn: &str,
    new: &NewAccount,
    attributes: Attributes,
    password: &SecretString,
) -> Result<()> {
    connection.change(call, Change::Add(dn.to_owned(), with_flags(attributes, flags(new, false)))).await?;
    let mut modifications = vec![ldap3::Mod::Replace(
        b"unicodePwd".to_vec(),
        HashSet::from([password::encode(password).to_vec()]),
    )];
    if new.enabled {
        modifications.push(replace("userAccountControl", [flags(new, true)]));
    }
    let Err(refusal) = connection.change(call, Change::Modify(dn.to_owned(), modifications)).await else {
        return Ok(());
    };
    // Nobody has the password of what was just made, so it must not stay.
    let undone = connection.change(call, Change::Delete(dn.to_owned())).await.is_ok();
    if undone && refusal.code.is_some() {
        call.refused();
        return Err(refusal.error);
    }
    call.sending();
    Err(refusal
        .error
        .with_outcome(Outcome::Unknown)
        .with_reason("the account was made without its password, and could not be deleted"))
}
