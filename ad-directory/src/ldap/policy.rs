//! Password policies: that of the domain, and fine-grained ones.

use std::str::FromStr;

use ldap3::Scope;

use super::{LdapDirectory, call::Call, entry::Entry, lookup, pool::Lease};
use crate::{Dn, ErrorKind, Filter, Interval, ObjectGuid, PasswordPolicy, PolicyScope, PolicySource, Result};

/// Bits of `pwdProperties` (MS-SAMR 2.2.3.5: `DOMAIN_PASSWORD_COMPLEX`, `DOMAIN_PASSWORD_STORE_CLEARTEXT`).
const COMPLEX: u32 = 0x1;
const REVERSIBLE: u32 = 0x10;

/// The attributes that say the same of a domain and of a fine-grained policy.
struct Names {
    minimum_length: &'static str,
    history_length: &'static str,
    minimum_age: &'static str,
    maximum_age: &'static str,
    lockout_threshold: &'static str,
    lockout_duration: &'static str,
    lockout_window: &'static str,
}

const OF_DOMAIN: Names = Names {
    minimum_length: "minPwdLength",
    history_length: "pwdHistoryLength",
    minimum_age: "minPwdAge",
    maximum_age: "maxPwdAge",
    lockout_threshold: "lockoutThreshold",
    lockout_duration: "lockoutDuration",
    lockout_window: "lockOutObservationWindow",
};

const FINE_GRAINED: Names = Names {
    minimum_length: "msDS-MinimumPasswordLength",
    history_length: "msDS-PasswordHistoryLength",
    minimum_age: "msDS-MinimumPasswordAge",
    maximum_age: "msDS-MaximumPasswordAge",
    lockout_threshold: "msDS-LockoutThreshold",
    lockout_duration: "msDS-LockoutDuration",
    lockout_window: "msDS-LockoutObservationWindow",
};

const DOMAIN_FLAGS: &str = "pwdProperties";
const FINE_GRAINED_COMPLEX: &str = "msDS-PasswordComplexityEnabled";
const FINE_GRAINED_REVERSIBLE: &str = "msDS-PasswordReversibleEncryptionEnabled";

impl Names {
    const fn all(&self) -> [&'static str; 7] {
        [
            self.minimum_length,
            self.history_length,
            self.minimum_age,
            self.maximum_age,
            self.lockout_threshold,
            self.lockout_duration,
            self.lockout_window,
        ]
    }

    /// `None` when one of them is missing or no number.
    fn read(&self, entry: &Entry) -> Option<PasswordPolicy> {
        Some(PasswordPolicy {
            source: PolicySource::Domain,
            minimum_length: value(entry, self.minimum_length)?,
            complexity: false,
            history_length: value(entry, self.history_length)?,
            minimum_age: value::<Interval>(entry, self.minimum_age)?.duration().unwrap_or_default(),
            maximum_age: value::<Interval>(entry, self.maximum_age)?.duration(),
            reversible_encryption: false,
            lockout_threshold: value(entry, self.lockout_threshold)?,
            // No length means until somebody unlocks it.
            lockout_duration: value::<Interval>(entry, self.lockout_duration)?.duration(),
            lockout_window: value::<Interval>(entry, self.lockout_window)?.duration().unwrap_or_default(),
        })
    }
}

fn value<T: FromStr>(entry: &Entry, name: &str) -> Option<T> {
    entry.text(&name.to_ascii_lowercase())?.parse().ok()
}

pub(super) fn of_domain(entry: &Entry) -> Option<PasswordPolicy> {
    let mut policy = OF_DOMAIN.read(entry)?;
    let flags: u32 = value(entry, DOMAIN_FLAGS)?;
    policy.complexity = flags & COMPLEX != 0;
    policy.reversible_encryption = flags & REVERSIBLE != 0;
    Some(policy)
}

pub(super) fn fine_grained(entry: &Entry, name: Dn) -> Option<PasswordPolicy> {
    let mut policy = FINE_GRAINED.read(entry)?;
    let is_true = |name: &str| Some(entry.text(&name.to_ascii_lowercase())?.eq_ignore_ascii_case("TRUE"));
    policy.complexity = is_true(FINE_GRAINED_COMPLEX)?;
    policy.reversible_encryption = is_true(FINE_GRAINED_REVERSIBLE)?;
    policy.source = PolicySource::FineGrained(name);
    Some(policy)
}

impl LdapDirectory {
    pub(super) async fn policy(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        scope: &PolicyScope,
    ) -> Result<PasswordPolicy> {
        let anything = Filter::present("objectClass".parse()?);
        if let PolicyScope::Account(guid) = *scope
            && let Some(dn) = self.resultant(call, lease, guid).await?
        {
            let mut attributes = FINE_GRAINED.all().to_vec();
            attributes.extend([FINE_GRAINED_COMPLEX, FINE_GRAINED_REVERSIBLE]);
            let connection = lease.connection(call)?;
            let found = connection.search(call, &dn.to_string(), Scope::Base, &anything, &attributes).await?;
            let entry = found.and_then(|mut entries| entries.pop());
            let hidden = || {
                call.error(ErrorKind::Forbidden)
                    .with_subject(&dn)
                    .with_reason("this fine-grained policy holds for the account, and the account that signs in may not read it")
            };
            return entry.and_then(|entry| fine_grained(&entry, dn.clone())).ok_or_else(hidden);
        }
        let base = self.base(call, lease).await?;
        let mut attributes = OF_DOMAIN.all().to_vec();
        attributes.push(DOMAIN_FLAGS);
        let found = lease.connection(call)?.search(call, &base, Scope::Base, &anything, &attributes).await?;
        let entry = found.and_then(|mut entries| entries.pop());
        let hidden = || {
            call.error(ErrorKind::Forbidden)
                .with_subject(&base)
                .with_reason("the account that signs in may not read the policy of the domain")
        };
        entry.as_ref().and_then(of_domain).ok_or_else(hidden)
    }

    /// The fine-grained policy that the controller says holds for the account.
    async fn resultant(&self, call: &Call, lease: &mut Lease<'_>, guid: ObjectGuid) -> Result<Option<Dn>> {
        let filter = lookup::is("objectClass", "user")?;
        let base = lookup::guid_dn(guid);
        let connection = lease.connection(call)?;
        let found = connection.search(call, &base, Scope::Base, &filter, &["msDS-ResultantPSO"]).await?;
        let missing = || call.error(ErrorKind::NotFound).with_subject(guid);
        let entry = found.and_then(|mut entries| entries.pop()).ok_or_else(missing)?;
        let unreadable = |_| {
            let error = call.error(ErrorKind::Protocol).with_subject(guid);
            error.with_reason("the name of its fine-grained policy cannot be read")
        };
        entry.text("msds-resultantpso").map(str::parse).transpose().map_err(unreadable)
    }
}
