//! Who has a service name: in the forest when a global catalog is configured, else in the domain.

use ldap3::Scope;

use super::{LdapDirectory, call::Call, convert, entry::Entry, pool::Lease, root};
use crate::{
    Error, ErrorKind, Filter, Member, ObjectGuid, Reach, Result, ServiceNameOwners, ServicePrincipalName,
    service_names::aliases::ServiceAliases,
};

/// One of these names, which are compared without regard to case.
fn having(names: &[&str]) -> Result<Filter> {
    let equals = |name: &&str| Ok(Filter::equals("servicePrincipalName".parse()?, *name));
    Ok(Filter::any(names.iter().map(equals).collect::<Result<Vec<_>>>()?))
}

impl LdapDirectory {
    /// The objects that fit, in the forest if that can be asked.
    async fn entries_that(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        filter: Filter,
    ) -> Result<(Vec<Entry>, Reach)> {
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
        name: &ServicePrincipalName,
    ) -> Result<ServiceNameOwners> {
        let members = |entries: &[Entry]| -> Result<Vec<Member>> {
            entries.iter().map(|entry| convert::member(call, entry)).collect()
        };
        let (entries, reach) = self.entries_that(call, lease, having(&[name.as_str()])?).await?;
        let owners = ServiceNameOwners::new(members(&entries)?, reach);
        let aliases = self.aliases(call, lease).await?.of(name.as_str());
        if aliases.is_empty() {
            return Ok(owners);
        }
        let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
        let filter = Filter::all([having(&aliases)?, Filter::not(having(&[name.as_str()])?)]);
        let (entries, _) = self.entries_that(call, lease, filter).await?;
        Ok(owners.with_aliased(members(&entries)?))
    }

    /// What a refusal may come of that does not say it: since CVE-2021-42282, a name that another object answers for is given away only by
    /// whoever may change that object, too (KB5008382; Samba says `insufficientAccessRights`).
    pub(super) async fn explain_alias(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        names: &[&str],
        error: Error,
    ) -> Error {
        let kinds = [ErrorKind::Forbidden, ErrorKind::AlreadyExists, ErrorKind::Constraint];
        if !kinds.contains(&error.kind()) {
            return error;
        }
        // The refusal is known, and must not be lost to a controller that is silent now.
        let limit = self.core.limits.operation.mul_f64(0.25);
        let Ok(asked) = tokio::time::timeout(limit, self.who_answers(call, lease, names)).await else {
            lease.discard();
            return error;
        };
        let Ok(Some(reason)) = asked else { return error };
        error.with_reason(reason)
    }

    /// Says which of these names another object answers for, and by which name of its own.
    async fn who_answers(
        &self,
        call: &Call,
        lease: &mut Lease<'_>,
        names: &[&str],
    ) -> Result<Option<String>> {
        for name in names {
            for alias in self.aliases(call, lease).await?.of(name) {
                let (mut entries, _) = self.entries_that(call, lease, having(&[&alias])?).await?;
                if let Some(Entry { dn, .. }) = entries.pop() {
                    return Ok(Some(format!(
                        "it may be for the service name {name}: {dn} answers for it by {alias}, and only who may change that object as well can give the name to another"
                    )));
                }
            }
        }
        Ok(None)
    }

    async fn aliases(&self, call: &Call, lease: &mut Lease<'_>) -> Result<&ServiceAliases> {
        let asked = self.core.aliases.get_or_try_init(|| async {
            let configuration = root::configuration(call, lease).await?.context;
            let place = format!("CN=Directory Service,CN=Windows NT,CN=Services,{configuration}");
            let anything = root::anything()?;
            let connection = lease.connection(call)?;
            let found = connection.search(call, &place, Scope::Base, &anything, &["sPNMappings"]).await?;
            let entry = found.and_then(|mut entries| entries.pop()).unwrap_or_default();
            // A forest has always got it; whoever may not read it goes by what it was made with.
            let usual = !entry.has("spnmappings");
            let read = || ServiceAliases::read(entry.texts("spnmappings"));
            Ok::<_, Error>(if usual { ServiceAliases::default() } else { read() })
        });
        asked.await
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
        let (entries, _) = self.entries_that(call, lease, having(names)?).await?;
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
