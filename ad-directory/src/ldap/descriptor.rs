//! The security descriptor of an account: only who may do what with it, which is all that is asked for and written here.

use ldap3::{Mod, Scope, controls::RawControl};

use super::{LdapDirectory, call::Call, lookup, paging, pool::Lease};
use crate::value::change_password;
use crate::{Dn, Error, ErrorKind, Outcome, Result, SecurityDescriptor};

/// `LDAP_SERVER_SD_FLAGS_OID` (MS-ADTS 3.1.1.3.4.1.11).
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
/// `SEQUENCE { INTEGER 4 }`: the DACL and nothing else. With the SACL, whoever may not see that is shown nothing at all.
const DACL: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x04];
const ATTRIBUTE: &str = "nTSecurityDescriptor";
/// As an entry knows it.
const READ_AS: &str = "ntsecuritydescriptor";

/// Without it, a write would be about owner, group and SACL as well.
pub(super) fn control() -> RawControl {
    RawControl { ctype: SD_FLAGS.to_owned(), crit: true, val: Some(DACL.to_vec()) }
}

fn unfit(call: &Call, dn: &Dn, error: crate::ParseError) -> Error {
    call.error(ErrorKind::Protocol).with_outcome(Outcome::NotDone).with_subject(dn).with_source(error)
}

impl LdapDirectory {
    /// `None` when it may not be read.
    async fn descriptor(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        dn: &Dn,
    ) -> Result<Option<SecurityDescriptor>> {
        let filter = paging::accounts()?;
        let connection = lease.connection(call)?;
        let found = connection
            .search_with(call, &dn.to_string(), Scope::Base, &filter, &[ATTRIBUTE], vec![control()])
            .await?;
        let Some(entry) = found.and_then(|mut entries| entries.pop()) else {
            return Err(lookup::unreadable(call, dn));
        };
        let Some(bytes) = entry.bytes(READ_AS) else { return Ok(None) };
        SecurityDescriptor::from_wire(bytes).map(Some).map_err(|error| unfit(call, dn, error))
    }

    pub(super) async fn password_change_denied(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        dn: &Dn,
    ) -> Result<Option<bool>> {
        let found = self.descriptor(call, lease, dn).await?;
        let denied = found.map(|descriptor| change_password::is_denied(&descriptor)).transpose();
        denied.map_err(|error| unfit(call, dn, error))
    }

    /// What makes it so, if it is not so already.
    pub(super) async fn deny_password_change(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        dn: &Dn,
        denied: bool,
    ) -> Result<Option<Mod<Vec<u8>>>> {
        let Some(mut descriptor) = self.descriptor(call, lease, dn).await? else {
            let error = call.error(ErrorKind::Forbidden).with_outcome(Outcome::NotDone).with_subject(dn);
            return Err(error.with_reason("its security descriptor may not be read"));
        };
        let changed =
            change_password::set(&mut descriptor, denied).map_err(|error| unfit(call, dn, error))?;
        let value = || Mod::Replace(ATTRIBUTE.as_bytes().to_vec(), [descriptor.to_wire()].into());
        Ok(changed.then(value))
    }
}
