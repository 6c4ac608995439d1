//! How the server is set up.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[allow(clippy::struct_excessive_bools, reason = "switches of the server's configuration")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(in super::super) duplicate_names: bool,
    pub(in super::super) token_seconds: u64,
    pub(in super::super) largest_page: Option<usize>,
    pub(in super::super) version: String,
    pub(in super::super) hide_version: bool,
    pub(in super::super) lock_after: u32,
    pub(in super::super) read_only: bool,
    pub(in super::super) web_services: bool,
    /// From where it may be called; empty: from everywhere.
    pub(in super::super) addresses: Vec<Range>,
    pub(in super::super) refresh_tokens: bool,
    pub(in super::super) max_refreshes: u32,
    /// Only application accounts, and who has the permission for it, may sign in by password.
    pub(in super::super) prevent_direct: bool,
    pub(in super::super) two_factor: bool,
    pub(in super::super) require_folder: bool,
    pub(in super::super) application_accounts: Option<usize>,
    pub(in super::super) password_length: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            duplicate_names: true,
            token_seconds: 1199,
            largest_page: None,
            version: "11.7.000002".to_owned(),
            hide_version: false,
            lock_after: 5,
            read_only: false,
            web_services: true,
            addresses: Vec::new(),
            refresh_tokens: true,
            max_refreshes: 3,
            prevent_direct: false,
            two_factor: false,
            require_folder: false,
            application_accounts: None,
            password_length: 1,
        }
    }
}

impl Settings {
    pub(in super::super) fn refuses(&self, from: IpAddr) -> bool {
        !self.addresses.is_empty() && !self.addresses.iter().any(|range| range.has(from))
    }
}

/// An address, or a range such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Range {
    first: IpAddr,
    bits: u32,
}

/// A text that is neither an address nor a range such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a range such as 10.0.0.0/8")]
#[non_exhaustive]
pub struct InvalidRange;

fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

impl Range {
    pub(in super::super) fn has(&self, address: IpAddr) -> bool {
        let ((first, width), (asked, same)) = (number(self.first), number(address));
        let open = width.saturating_sub(self.bits);
        width == same && first.checked_shr(open).unwrap_or(0) == asked.checked_shr(open).unwrap_or(0)
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (address, bits) = match text.trim().split_once('/') {
            None => (text.trim(), None),
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| InvalidRange)?)),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidRange)?;
        let (_, width) = number(first);
        let bits = bits.unwrap_or(width);
        if bits > width { Err(InvalidRange) } else { Ok(Self { first, bits }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let has = |range: &str, address: &str| range.parse::<Range>().unwrap().has(address.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.200.3.4") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("0.0.0.0/0", "1.2.3.4") && !has("0.0.0.0/0", "::1") && has("::/0", "::1"));
        for bad in ["", "10.0.0.0/33", "10.0.0", "x/8", "10.0.0.0/x"] {
            assert_eq!(bad.parse::<Range>(), Err(InvalidRange), "{bad}");
        }
    }
}
