//! Which addresses a webhook may go to. A name is looked up once, and the connection goes to what was looked at: a name that changes in between
//! changes nothing.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::rules::webhook::is_inner;

/// What may be reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// Hosts that are trusted to be where they should be, whatever their addresses.
    pub(super) hosts: BTreeSet<String>,
    pub(super) private: bool,
}

impl Reach {
    fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.hosts.contains(&host.to_lowercase()) || !is_inner(address, !self.private)
    }

    /// Whether a URL that names an address names one that may be reached; names are looked at when they are looked up.
    pub(super) fn allows_literal(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address),
            Some(Host::Ipv6(address)) => IpAddr::from(address),
            Some(Host::Domain(_)) | None => return true,
        };
        self.allows(&address.to_string(), address)
    }
}

/// Looks names up, and keeps the addresses that may be reached.
#[derive(Clone, Debug)]
pub(super) struct Names(pub(super) Arc<Reach>);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<_> =
                found.into_iter().filter(|address| reach.allows(&host, address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name has no address that webhooks may go to".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
