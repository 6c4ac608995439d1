//! Versions of the server, and what each of them does not know yet.

/// `MM.m.NNNNNN`, compared part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl Version {
    /// The first that the client supports, and with it everything that has no later beginning.
    pub(super) const FIRST: Self = Self(10, 2, 0);
    pub(super) const V10_3: Self = Self(10, 3, 0);
    /// Groups, dependencies and SDK clients (facts 1.2, 2.2, 3).
    pub(super) const V10_4: Self = Self(10, 4, 0);
    pub(super) const V10_9: Self = Self(10, 9, 0);
    /// `/state` (facts 2.6).
    pub(super) const V10_9_32: Self = Self(10, 9, 32);
    /// Groups of users and detailed permissions (facts 1.2).
    pub(super) const V10_9_33: Self = Self(10, 9, 33);
    /// Paths instead of numbers, `activate`, v2 of reads.
    pub(super) const V11: Self = Self(11, 0, 0);
    pub(super) const V11_2: Self = Self(11, 2, 0);

    /// Reads `11.7.000002`; missing parts are 0. What is no version is the newest.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split('.').map(str::parse::<u32>);
        match parts.next() {
            Some(Ok(major)) => {
                let mut next = || parts.next().and_then(Result::ok).unwrap_or(0);
                Self(major, next(), next())
            }
            _ => Self(u32::MAX, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_number() {
        assert!(Version::parse("10.2.000018") < Version::V10_4);
        assert!(Version::parse("10.10") > Version::V10_9_33);
        assert_eq!(Version::parse("10.9.000033"), Version::V10_9_33);
        assert!(Version::parse("hidden") > Version::V11_2);
    }
}
