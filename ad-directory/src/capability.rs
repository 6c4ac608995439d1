//! What a backend can do.

use std::fmt;

/// One thing that not every backend can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Accounts can be moved to another container.
    Move,
    /// `accountExpires` is kept and enforced.
    Expiry,
    /// Passwords can be checked by a sign-in.
    CheckPassword,
    /// The marker is compared and set in the same request as the change.
    AtomicMarker,
    /// One controller can be chosen, so that writes are read back.
    Pin,
    /// Wrong passwords lock an account.
    Lockout,
    /// Group managed service accounts.
    ManagedAccounts,
    /// Deleted objects can be seen and restored.
    Restore,
    /// Changes since a token can be asked for.
    Changes,
    /// Password policies can be read.
    Policy,
    /// The owner of a service name can be asked for.
    ServiceNames,
    /// And is looked for in the whole forest.
    ForestServiceNames,
}

/// The set of [`Capability`]s of a backend. What is not in it answers [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Whether the backend can do it.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u32) != 0
    }

    /// The same with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u32)
    }

    /// The same without one.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability as u32))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Capability as C;
        let all = [
            C::Move,
            C::Expiry,
            C::CheckPassword,
            C::AtomicMarker,
            C::Pin,
            C::Lockout,
            C::ManagedAccounts,
            C::Restore,
            C::Changes,
            C::Policy,
            C::ServiceNames,
            C::ForestServiceNames,
        ];
        f.debug_set().entries(all.into_iter().filter(|capability| self.has(*capability))).finish()
    }
}
