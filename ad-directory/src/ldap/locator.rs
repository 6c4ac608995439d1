//! Finding the controllers of a domain in DNS (MS-ADTS 6.3.6, RFC 2782).

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{call::Call, connection::Endpoint, dial::lock};
use crate::{ErrorKind, Result};

#[cfg(feature = "locator")]
pub(super) mod dns;

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SrvRecord {
    /// The host, with or without a dot at the end.
    pub target: String,
    /// The port; the one of plain LDAP, 389, is read as 636, and 3268 as 3269.
    pub port: u16,
    /// Lower ones are tried first.
    pub priority: u16,
    /// The share of the load among those of one priority.
    pub weight: u16,
}

impl SrvRecord {
    /// A record with priority 0 and weight 100, as controllers register themselves.
    pub fn new(target: impl Into<String>, port: u16) -> Self {
        Self { target: target.into(), port, priority: 0, weight: 100 }
    }

    /// With another priority.
    #[must_use]
    pub const fn priority(mut self, priority: u16) -> Self {
        self.priority = priority;
        self
    }

    /// With another weight.
    #[must_use]
    pub const fn weight(mut self, weight: u16) -> Self {
        self.weight = weight;
        self
    }
}

/// Looks SRV records up. With the feature `locator` there is one that asks the system's name servers, and it is used unless another one is given.
#[async_trait]
pub trait SrvResolver: fmt::Debug + Send + Sync + 'static {
    /// The records of this name; none when there is no such name.
    ///
    /// # Errors
    /// `Connect` when the name servers do not answer.
    async fn lookup(&self, name: &str) -> Result<Vec<SrvRecord>>;
}

/// How long what DNS said is used: controllers register with a time to live of ten minutes.
const FRESH: Duration = Duration::from_mins(10);

pub(super) struct Locator {
    domain: String,
    site: Option<String>,
    /// The names that a controller may have, beside those in the domain.
    suffixes: Vec<String>,
    resolver: Arc<dyn SrvResolver>,
    last: Mutex<Option<Instant>>,
}

impl Locator {
    pub(super) fn new(
        domain: String,
        site: Option<String>,
        mut suffixes: Vec<String>,
        resolver: Arc<dyn SrvResolver>,
    ) -> Self {
        suffixes.push(domain.clone());
        Self { domain, site, suffixes, resolver, last: Mutex::default() }
    }

    pub(super) fn is_due(&self) -> bool {
        lock(&self.last).is_none_or(|last| last.elapsed() > FRESH)
    }

    pub(super) fn has_located(&self) -> bool {
        lock(&self.last).is_some()
    }

    pub(super) fn located(&self) {
        *lock(&self.last) = Some(Instant::now());
    }

    /// The controllers, in the order to try them: those of the site first, then the others of the domain.
    ///
    /// # Errors
    /// `Connect` when nobody answers or DNS names none that may be used.
    pub(super) async fn locate(&self, call: &Call, limit: Duration) -> Result<Vec<Endpoint>> {
        let unanswered = |reason: &'static str| {
            call.error(ErrorKind::Connect).with_subject(&self.domain).with_reason(reason)
        };
        let names =
            self.site.iter().map(|site| format!("_ldap._tcp.{site}._sites.dc._msdcs.{}", self.domain));
        let names = names.chain([format!("_ldap._tcp.dc._msdcs.{}", self.domain)]);
        let mut found: Vec<Endpoint> = Vec::new();
        let mut failed = None;
        let mut foreign = 0;
        for name in names {
            let records = match tokio::time::timeout(limit, self.resolver.lookup(&name)).await {
                Ok(Ok(records)) => records,
                Ok(Err(error)) => {
                    failed = Some(error);
                    continue;
                }
                Err(_) => {
                    failed = Some(unanswered("the name servers do not answer"));
                    continue;
                }
            };
            for record in ordered(records, random) {
                let host = record.target.trim_end_matches('.').to_ascii_lowercase();
                // Whoever can answer for the name servers must not get the password: the certificate would be right for his own name.
                if !self.suffixes.iter().any(|suffix| is_within(&host, suffix)) {
                    tracing::warn!(host, "a controller outside of the domain is not used");
                    foreign += 1;
                    continue;
                }
                let port = match record.port {
                    389 => 636,
                    3268 => 3269,
                    port => port,
                };
                let endpoint = Endpoint::new(host, port);
                if !found.contains(&endpoint) {
                    found.push(endpoint);
                }
            }
        }
        match failed {
            _ if !found.is_empty() => Ok(found),
            Some(error) => Err(error.with_operation(call.operation)),
            None if foreign > 0 => Err(unanswered(
                "DNS names controllers outside of the domain only; name their domain with `controllers_below` if that is right",
            )),
            None => Err(unanswered("DNS names no controllers for it; check the domain and the name servers")),
        }
    }
}

/// Whether a host is this domain or in it.
fn is_within(host: &str, suffix: &str) -> bool {
    let suffix = suffix.trim_matches('.').to_ascii_lowercase();
    let rest = host.strip_suffix(&suffix);
    rest.is_some_and(|rest| !suffix.is_empty() && (rest.is_empty() || rest.ends_with('.')))
}

/// By priority; within one, drawn by weight, as RFC 2782 says. `random` gives a number from 0 to its argument, both included.
fn ordered(mut records: Vec<SrvRecord>, random: impl Fn(u64) -> u64) -> Vec<SrvRecord> {
    // A target of "." says that the service is not there.
    records.retain(|record| !matches!(record.target.as_str(), "" | "."));
    // Those without weight first, so that a draw of 0 may hit them.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut drawn = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let same = records.iter().take_while(|record| record.priority == priority);
        let total = same.map(|record| u64::from(record.weight)).sum();
        let mark = random(total);
        let mut sum = 0;
        let place = records.iter().position(|record| {
            sum += u64::from(record.weight);
            sum >= mark
        });
        drawn.push(records.remove(place.unwrap_or(0)));
    }
    drawn
}

/// Not uniform to the last bit, which nobody needs here.
fn random(most: u64) -> u64 {
    getrandom::u64().unwrap_or_default() % (most + 1)
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locator")
            .field("domain", &self.domain)
            .field("site", &self.site)
            .field("resolver", &self.resolver)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{SrvRecord, is_within, ordered};

    fn names(records: &[SrvRecord]) -> Vec<&str> {
        records.iter().map(|record| record.target.as_str()).collect()
    }

    #[test]
    fn priority_comes_first_and_weight_draws() {
        let record =
            |name: &str, priority, weight| SrvRecord::new(name, 389).priority(priority).weight(weight);
        let records = vec![record("c", 10, 1), record("b", 0, 300), record("a", 0, 100), record(".", 0, 1)];
        assert_eq!(names(&ordered(records.clone(), |_| 0)), ["a", "b", "c"]);
        assert_eq!(names(&ordered(records.clone(), |most| most)), ["b", "a", "c"]);
        // 100 of 400 draws give the lighter one.
        let light =
            (1..=400).filter(|draw| ordered(records.clone(), |most| (*draw).min(most))[0].target == "a");
        assert_eq!(light.count(), 100);
        // Without weights each is in its turn, and a weight of zero is not never.
        let none = vec![record("a", 0, 0), record("b", 0, 5)];
        assert_eq!(names(&ordered(none, |_| 0)), ["a", "b"]);
    }

    #[test]
    fn a_host_is_within_its_domain_only() {
        for (host, suffix, within) in [
            ("dc1.corp.example", "corp.example", true),
            ("dc1.corp.example", "Corp.Example.", true),
            ("corp.example", "corp.example", true),
            ("evilcorp.example", "corp.example", false),
            ("dc1.corp.example.evil", "corp.example", false),
            ("dc1.corp.example", "", false),
        ] {
            assert_eq!(is_within(host, suffix), within, "{host} {suffix}");
        }
    }
}
