//! Who has a service name: in the forest when a global catalog is configured, else in the domain.

use ldap3::Scope;

use super::{LdapDirectory, call::Call, convert, entry::Entry, pool::Lease};
use crate::{ErrorKind, Filter, ObjectGuid, Reach, Result, ServiceNameOwners};

impl LdapDirectory {
    /// The objects that have one of these names, which are compared without regard to case.
    async fn entries_with(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        names: &[&str],
    ) -> Result<(Vec<Entry>, Reach)> {
        let attribute = || "servicePrincipalName".parse();
        let filters = names.iter().map(|name| Ok(Filter::equals(attribute()?, *name)));
        let filter = Filter::any(filters.collect::<Result<Vec<_>>>()?);
        let mut attributes = convert::MEMBER_ATTRIBUTES.to_vec();
        attributes.push("servicePrincipalName");
        if let Some(catalog) = &self.core.catalog {
            let searched = async {
                let mut lease = catalog.lease(call, None).await?;
                let found = lease
                    .connection(call)?
                    // The root of a global catalog is that of the forest.
                    .search(call, "", Scope::Subtree, &filter, &attributes)
                    .await;
                lease.settle(found)
            };
            match searched.await {
                Ok(found) => return Ok((found.unwrap_or_default(), Reach::Forest)),
                // The controller refuses a name that is taken in the forest, too; only later.
                Err(error) if error.is_transient() || error.is_local_to_a_controller() => {
                    tracing::warn!(
                        kind = error.kind().as_str(),
                        "no global catalog answers; looking for the service name in the domain only"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        let base = self.base(call, lease).await?;
        let found = lease.connection(call)?.search(call, &base, Scope::Subtree, &filter, &attributes).await?;
        Ok((found.unwrap_or_default(), Reach::Domain))
    }

    pub(super) async fn owners(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        name: &str,
    ) -> Result<ServiceNameOwners> {
        let (entries, reach) = self.entries_with(call, lease, &[name]).await?;
        let owners = entries.iter().map(|entry| convert::member(call, entry)).collect::<Result<_>>()?;
        Ok(ServiceNameOwners::new(owners, reach))
    }

    /// Refuses names that another object than `except` has. Between this and the change somebody may still take one: the controller refuses
    /// it then.
    pub(super) async fn refuse_taken(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        names: &[&str],
        except: Option<ObjectGuid>,
    ) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let (entries, _) = self.entries_with(call, lease, names).await?;
        for entry in entries {
            if except.is_some() && convert::guid(call, &entry).ok() == except {
                continue;
            }
            let taken = names.iter().find(|name| {
                entry.texts("serviceprincipalname").any(|have| have.to_lowercase() == name.to_lowercase())
            });
            let taken = taken.copied().unwrap_or("one of them");
            return Err(call
                .error(ErrorKind::AlreadyExists)
                .with_subject(&entry.dn)
                .with_reason(format!("the service name {taken} is this object's")));
        }
        Ok(())
    }
}
