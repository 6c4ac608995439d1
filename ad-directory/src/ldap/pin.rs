//! Choosing the one controller to talk to.

use super::{LdapDirectory, call::Call, root};
use crate::{Controller, ErrorKind, Result};

impl LdapDirectory {
    /// The number of the wanted controller, or of any that answers.
    pub(super) async fn controller(&self, call: &Call, wanted: Option<Controller>) -> Result<usize> {
        let pool = &self.core.pool;
        let Some(wanted) = wanted else {
            let lease = pool.lease(call, self.pinned).await?;
            let index = lease.index();
            lease.give_back();
            return Ok(index);
        };
        // The configured name may be another than the one the controller has of itself, so those that do not fit are asked.
        let all = pool.dialer.endpoints(call).await?.into_iter();
        let (same, others): (Vec<_>, Vec<_>) =
            all.partition(|(_, endpoint)| endpoint.host.eq_ignore_ascii_case(&wanted.host));
        let mut unreachable = None;
        for (index, endpoint) in same.iter().chain(&others) {
            let named = endpoint.host.eq_ignore_ascii_case(&wanted.host);
            match self.name_of(call, *index).await {
                Ok(found) if named || found.host.eq_ignore_ascii_case(&wanted.host) => {
                    if wanted.invocation_id.is_some() && wanted.invocation_id != found.invocation_id {
                        return Err(call.error(ErrorKind::WrongController).with_subject(&wanted));
                    }
                    return Ok(*index);
                }
                Ok(_) => {}
                Err(error) if named || !error.is_transient() => return Err(error),
                Err(error) => unreachable = Some(error),
            }
        }
        Err(unreachable.unwrap_or_else(|| {
            call.error(ErrorKind::Invalid)
                .with_subject(&wanted)
                .with_reason("no such controller is configured")
        }))
    }

    async fn name_of(&self, call: &Call, index: usize) -> Result<Controller> {
        let mut lease = self.core.pool.lease(call, Some(index)).await?;
        let probe = root::probe(call, &mut lease).await;
        Ok(lease.settle(probe)?.controller)
    }
}
