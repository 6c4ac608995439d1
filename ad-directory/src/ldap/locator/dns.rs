//! The system's name servers.

use async_trait::async_trait;
use hickory_resolver::{TokioResolver, proto::rr::RData};
use tokio::sync::OnceCell;

use super::{SrvRecord, SrvResolver};
use crate::{Error, ErrorKind, Result};

/// Asks the name servers that the system is configured with. Its configuration is read when the first name is looked up.
#[derive(Default)]
pub(crate) struct SystemResolver(OnceCell<TokioResolver>);

#[async_trait]
impl SrvResolver for SystemResolver {
    async fn lookup(&self, name: &str) -> Result<Vec<SrvRecord>> {
        let error = |kind| Error::new(kind, "locate").with_subject(name);
        let resolver = self.0.get_or_try_init(|| async {
            TokioResolver::builder_tokio().and_then(hickory_resolver::ResolverBuilder::build).map_err(
                |cause| {
                    error(ErrorKind::Config)
                        .with_reason("the system's name servers cannot be read from its configuration")
                        .with_source(cause)
                },
            )
        });
        // Absolute: the search list of the system must not lead elsewhere.
        let found = match resolver.await?.srv_lookup(format!("{name}.")).await {
            Ok(found) => found,
            Err(cause) if cause.is_no_records_found() || cause.is_nx_domain() => return Ok(Vec::new()),
            Err(cause) => {
                return Err(error(ErrorKind::Connect)
                    .with_reason("the name servers do not answer")
                    .with_source(cause));
            }
        };
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(
                SrvRecord::new(srv.target.to_ascii(), srv.port).priority(srv.priority).weight(srv.weight),
            ),
            _ => None,
        });
        Ok(records.collect())
    }
}

impl std::fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemResolver")
    }
}
