//! What a list is a list of.

use std::fmt;

use crate::{Dn, Filter};

/// What to list: everything, or what lies below a place and fits a filter.
///
/// ```
/// # use ad_directory::{Filter, Query};
/// let services = Query::all()
///     .below("OU=Service Accounts,DC=corp,DC=example".parse()?)
///     .matching(Filter::present("servicePrincipalName".parse()?));
/// # Ok::<(), ad_directory::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The place to look below, with everything under it; the whole domain without one.
    pub below: Option<Dn>,
    /// What it must fit.
    pub filter: Option<Filter>,
}

impl Query {
    /// Everything of its kind in the domain.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only what lies below this place.
    #[must_use]
    pub fn below(mut self, place: Dn) -> Self {
        self.below = Some(place);
        self
    }

    /// Only what fits this filter, too.
    #[must_use]
    pub fn matching(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter {
            Some(before) => Filter::all([before, filter]),
            None => filter,
        });
        self
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.filter, &self.below) {
            (Some(filter), Some(below)) => write!(f, "{filter} below {below}"),
            (Some(filter), None) => filter.fmt(f),
            (None, Some(below)) => write!(f, "everything below {below}"),
            (None, None) => f.write_str("everything"),
        }
    }
}
