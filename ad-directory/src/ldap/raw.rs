//! The protocol itself, for what the trait has no words for.

use std::collections::BTreeMap;

use ldap3::Mod;

use super::{
    LdapDirectory,
    call::Call,
    connection::{Change, Modifications},
    convert,
    entry::Entry,
    paging::{Search, Target},
    root,
};
use crate::{AttributeName, AttributeValues, Dn, ErrorKind, ListOptions, Listing, Query, Result, listing};

/// Values that no log, error or list of modifications should hold; the operations for passwords take them.
const PASSWORDS: [&str; 3] = ["unicodePwd", "userPassword", "dBCSPwd"];

/// One entry of a [search](LdapDirectory::search).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LdapEntry {
    /// Where it is.
    pub dn: Dn,
    /// What it has of the attributes that were asked for, with all values.
    pub attributes: BTreeMap<AttributeName, AttributeValues>,
}

/// One change of one attribute (RFC 4511, 4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Modification {
    /// These values more; one that is there already refuses the whole request.
    Add(AttributeName, AttributeValues),
    /// These values less, or all when there are none here; one that is not there refuses the whole request. Before an `Add` of the same
    /// attribute it compares and sets.
    Delete(AttributeName, AttributeValues),
    /// These values in the place of those that are there.
    Replace(AttributeName, AttributeValues),
}

impl Modification {
    const fn parts(&self) -> (&AttributeName, &AttributeValues) {
        let (Self::Add(name, values) | Self::Delete(name, values) | Self::Replace(name, values)) = self;
        (name, values)
    }

    /// Why it cannot be sent.
    fn fault(&self) -> Option<&'static str> {
        let (name, values) = self.parts();
        if PASSWORDS.iter().any(|password| name.as_str().eq_ignore_ascii_case(password)) {
            return Some("passwords have operations of their own");
        }
        (matches!(self, Self::Add(..)) && values.is_empty()).then_some("there is nothing to add")
    }

    fn wire(&self) -> Mod<Vec<u8>> {
        let (name, values) = self.parts();
        let (name, values) = (name.as_str().into(), values.bytes().map(ToOwned::to_owned).collect());
        match self {
            Self::Add(..) => Mod::Add(name, values),
            Self::Delete(..) => Mod::Delete(name, values),
            Self::Replace(..) => Mod::Replace(name, values),
        }
    }
}

impl LdapDirectory {
    /// Objects of every kind that fit, with the [attributes](ListOptions::attributes) that are asked for, piece by piece; below the domain, or
    /// below any other place that the controller holds, such as its configuration. Attributes that come in parts are read to their end.
    ///
    /// For what [`Directory`](crate::Directory) has no words for; the trait's lists are typed, and work on every backend.
    ///
    /// ```no_run
    /// # use ad_directory::{Filter, LdapDirectory, ListOptions, Query};
    /// # use futures_util::TryStreamExt;
    /// # async fn example(directory: LdapDirectory) -> Result<(), Box<dyn std::error::Error>> {
    /// let sites = Query::all()
    ///     .below("CN=Sites,CN=Configuration,DC=corp,DC=example".parse()?)
    ///     .matching(Filter::equals("objectClass".parse()?, "subnet"));
    /// let mut subnets = directory.search(&sites, ListOptions::new().attributes(vec!["siteObject".parse()?]));
    /// while let Some(subnet) = subnets.try_next().await? {
    ///     println!("{} {:?}", subnet.dn, subnet.attributes);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// In the list: `Invalid` when no attribute is asked for; `NotFound` when the place does not exist; `Protocol` when an entry cannot be read.
    pub fn search(&self, query: &Query, options: ListOptions) -> Listing<LdapEntry> {
        let operation = "ldap.search";
        let fail = |kind| crate::Error::new(kind, operation);
        if options.attributes.is_empty() {
            return listing::failed(fail(ErrorKind::Invalid).with_reason("no attribute is asked for"));
        }
        let kind = match root::anything() {
            Ok(kind) => kind,
            Err(error) => return listing::failed(error.with_operation(operation)),
        };
        let target = Target::Query { query: query.clone(), kind };
        let attributes = options.attributes.iter().map(ToString::to_string).collect();
        let search = Search { operation, target, attributes, page_size: options.page_size, deleted: false };
        self.list(search, move |call, entry| read(call, entry, &options.attributes))
    }

    /// Changes an object in one request: all of it is done, or nothing.
    ///
    /// It is not compared with anything that was read, unless the modifications do that. Passwords are refused; the operations of
    /// [`Directory`](crate::Directory) set them.
    ///
    /// Dropping the future leaves the change as [`Outcome::Unknown`](crate::Outcome::Unknown).
    ///
    /// # Errors
    /// `NotFound`; `Constraint` when a value is not there, is there already or is not allowed; `Forbidden`; `Invalid` when there is nothing to
    /// do, or a password in it.
    pub async fn modify_entry(&self, dn: &Dn, modifications: &[Modification]) -> Result<()> {
        let call = Call::new("ldap.modify");
        let work = async {
            let nothing = modifications.is_empty().then_some("there is nothing to change");
            if let Some(fault) = nothing.or_else(|| modifications.iter().find_map(Modification::fault)) {
                return Err(call.error(ErrorKind::Invalid).with_subject(dn).with_reason(fault));
            }
            let modifications: Modifications = modifications.iter().map(Modification::wire).collect();
            let mut lease = self.core.pool.lease(&call, self.pinned).await?;
            let change = Change::Modify(dn.to_string(), modifications);
            let done = lease.connection(&call)?.change(&call, change).await;
            lease.settle(done.map_err(|refusal| refusal.error.with_subject(dn)))
        };
        call.run(self.core.limits.operation, work).await
    }
}

pub(super) fn read(call: &Call, entry: &Entry, asked: &[AttributeName]) -> Result<LdapEntry> {
    let mut attributes = BTreeMap::new();
    for name in asked {
        let values = entry.values(&name.as_str().to_ascii_lowercase());
        if !values.is_empty() {
            attributes.insert(name.clone(), AttributeValues::new(values.to_vec()));
        }
    }
    Ok(LdapEntry { dn: convert::dn(call, entry)?, attributes })
}
