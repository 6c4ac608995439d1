//! As whom to sign in: with a password, or with a Kerberos ticket.

use ldap3::LdapResult;
use secrecy::{ExposeSecret, SecretString};

use super::{call::Call, connection::Connection};
use crate::Result;

#[derive(Clone)]
pub(super) enum Credential {
    Password {
        name: String,
        password: SecretString,
    },
    /// What the process's Kerberos finds: a ticket in its credential cache, or a key table to get one with.
    #[cfg(feature = "gssapi")]
    Kerberos,
}

impl Connection {
    /// Signs in at the controller of this name, and gives back what that has answered.
    #[cfg_attr(not(feature = "gssapi"), allow(unused_variables, reason = "only Kerberos needs the name"))]
    pub(super) async fn sign_in(
        &mut self,
        call: &Call,
        credential: &Credential,
        host: &str,
    ) -> Result<LdapResult> {
        match credential {
            Credential::Password { name, password } => self.bind(call, name, password.expose_secret()).await,
            #[cfg(feature = "gssapi")]
            Credential::Kerberos => self.bind_with_ticket(call, host).await,
        }
    }
}
