//! Signing in with Kerberos (RFC 4752), whose messages only the operating system's library can make.

use std::thread;

use ldap3::{LdapError, LdapResult};
use tokio::{runtime::Handle, sync::oneshot};

use super::{
    call::Call,
    connection::{Connection, guarded},
};
use crate::{Error, ErrorKind, Result};

/// `strongerAuthRequired`: no sign-in without signing or sealing, which over TLS there is none of.
const STRONGER_AUTH_REQUIRED: u32 = 8;

const INVALID_CREDENTIALS: u32 = 49;

/// `SEC_E_BAD_BINDINGS`, as a sign-in code.
const BAD_BINDINGS: u32 = 0x8009_0346;

impl Connection {
    /// Asks for a ticket for `ldap/host` and shows it. The connection is encrypted already, so there is no layer on top of that; the ticket is
    /// bound to the controller's certificate (RFC 5929, `tls-server-end-point`), as a strict controller demands.
    pub(super) async fn bind_with_ticket(&mut self, call: &Call, host: &str) -> Result<LdapResult> {
        let (mut ldap, host, runtime) = (self.ldap.clone(), host.to_owned(), Handle::current());
        let (done, bound) = oneshot::channel();
        // The library reads files and asks the Kerberos server, and waits for both: on a thread that no end of a runtime waits for.
        let wait = move || {
            let _given_up = done.send(runtime.block_on(guarded(ldap.sasl_gssapi_bind(&host))));
        };
        let started = thread::Builder::new().name("kerberos".to_owned()).spawn(wait);
        started.map_err(|error| call.error(ErrorKind::Connect).with_source(error))?;
        let bound = bound.await;
        let answer = match bound {
            Ok(Some(Err(LdapError::GssapiOperationError(text)))) => return Err(explain(call, &text)),
            Ok(Some(Err(LdapError::NoGssapiToken))) => {
                let error = call.error(ErrorKind::Protocol);
                return Err(error.with_reason("the controller answered without a Kerberos token"));
            }
            Ok(answer) => answer,
            Err(_) => {
                let error = call.error(ErrorKind::Interrupted);
                return Err(error.with_reason("the program is ending, or its Kerberos library has failed"));
            }
        };
        self.explained(call, answer).await
    }
}

/// Why there is no ticket. The library tells it by texts only, those of MIT Kerberos; what is not among them is told as it is.
fn explain(call: &Call, text: &str) -> Error {
    let known: [(&[&str], ErrorKind, &str); 7] = [
        (
            &["Cannot contact any KDC", "Cannot find KDC", "Cannot resolve"],
            ErrorKind::Connect,
            "no Kerberos server of the realm could be reached; check krb5.conf (KRB5_CONFIG), DNS and port 88",
        ),
        (
            &["Server not found", "Server ldap/"],
            ErrorKind::Config,
            "Kerberos does not know a controller by this name; address it by its full DNS name, as in its service name ldap/dc1.corp.example",
        ),
        (
            &["Clock skew", "Ticket not yet valid"],
            ErrorKind::Auth,
            "the clocks of this machine and of the domain are too far apart; 5 minutes are allowed by default",
        ),
        (
            &[PREAUTHENTICATION],
            ErrorKind::Auth,
            "the key table does not hold the account's present key; it will not be tried again before `sign_in_again`",
        ),
        (
            &["revoked", "Password has expired", "Client not found", "Client '"],
            ErrorKind::Auth,
            "the account of the ticket is disabled, locked out or expired, or there is none of its name",
        ),
        (
            &["expired"],
            ErrorKind::Auth,
            "the Kerberos ticket has expired; renew it (kinit), or name a key table (KRB5_CLIENT_KTNAME)",
        ),
        (
            &["No Kerberos credentials available", "No credentials", "default principal", "redentials cache"],
            ErrorKind::Auth,
            "there is no Kerberos ticket; get one (kinit) into the cache that KRB5CCNAME names, or name a key table (KRB5_CLIENT_KTNAME)",
        ),
    ];
    let found = known.iter().find(|(texts, ..)| texts.iter().any(|known| text.contains(known)));
    let (kind, reason) =
        found.map_or((ErrorKind::Auth, "Kerberos gave no ticket"), |(_, kind, reason)| (*kind, *reason));
    call.error(kind).with_reason(format!("{reason} ({})", one_line(text)))
}

const PREAUTHENTICATION: &str = "Preauthentication failed";

/// Whether the Kerberos server has counted this as a wrong password of the account.
pub(super) fn was_counted(error: &Error) -> bool {
    error.to_string().contains(PREAUTHENTICATION)
}

/// What the refusal of a ticket says beyond its diagnostic text: of the code of the answer, and of its sign-in code.
pub(super) const fn refused(code: u32, bind: Option<u32>) -> Option<&'static str> {
    match (code, bind) {
        (STRONGER_AUTH_REQUIRED, _) => Some(
            "the controller demands sealing, which there is none of over TLS; on Samba, set `ldap server require strong auth = allow_sasl_over_tls`",
        ),
        (INVALID_CREDENTIALS, Some(BAD_BINDINGS)) => Some(
            "the ticket is bound to another certificate than the controller's: is there something between that ends TLS?",
        ),
        (INVALID_CREDENTIALS, None | Some(0x525 | 0x52e)) => Some(
            "the controller refused the ticket; get a new one, and look whether another object has its service name",
        ),
        _ => None,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Call, ErrorKind, explain, refused, was_counted};

    #[test]
    fn a_refused_ticket_is_no_wrong_password() {
        for (code, bind, part) in [
            (8, None, "allow_sasl_over_tls"),
            (49, Some(0x8009_0346), "ends TLS"),
            (49, Some(0x52e), "service name"),
            (49, None, "service name"),
        ] {
            assert!(refused(code, bind).unwrap().contains(part), "{code} {bind:x?}");
        }
        // What is said of the account holds for a ticket too.
        assert_eq!((refused(49, Some(0x533)), refused(0, None)), (None, None));
    }

    #[test]
    fn what_the_library_says_is_told_apart() {
        let call = Call::new("accounts.find");
        for (text, kind, part, counted) in [
            (
                "No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)",
                ErrorKind::Auth,
                "kinit",
                false,
            ),
            ("Cannot contact any KDC for realm 'CORP.EXAMPLE'", ErrorKind::Connect, "port 88", false),
            (
                "Server ldap/dc1@CORP.EXAMPLE not found in Kerberos database",
                ErrorKind::Config,
                "DNS name",
                false,
            ),
            ("Clock skew too great", ErrorKind::Auth, "clocks", false),
            ("Ticket expired", ErrorKind::Auth, "renew", false),
            ("Preauthentication failed", ErrorKind::Auth, "key table", true),
            ("Client's credentials have been revoked", ErrorKind::Auth, "disabled", false),
            ("Client 'svc@CORP.EXAMPLE' not found in Kerberos database", ErrorKind::Auth, "disabled", false),
            ("something\nnew", ErrorKind::Auth, "something new", false),
        ] {
            let error = explain(&call, text);
            assert_eq!((error.kind(), was_counted(&error)), (kind, counted), "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
