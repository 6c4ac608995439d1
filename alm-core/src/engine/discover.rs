//! Looking through a domain for accounts that nobody manages (M-1).

use std::collections::BTreeMap;
use std::sync::Arc;

use ad_directory::{
    Directory, DirectoryExt as _, Discovery, Dn, Finding, ListOptions, ObjectGuid, Query, Reason,
};
use futures_util::TryStreamExt as _;

use super::object::Object;
use crate::model::discovery::{Discovered, DiscoveryOrder};
use crate::model::managed::AccountKind;

/// Everything that fits, each account once, the most telling first; at most as many as were asked for.
pub(super) async fn discover(
    directory: &Arc<dyn Directory>,
    order: &DiscoveryOrder,
) -> ad_directory::Result<Vec<Discovered>> {
    let mut found: BTreeMap<ObjectGuid, Discovered> = BTreeMap::new();
    let limit = usize::try_from(order.limit).unwrap_or(usize::MAX);
    let places = if order.below.is_empty() { vec![None] } else { order.below.iter().map(Some).collect() };
    for place in places {
        let query = || place.map_or_else(Query::all, |place: &Dn| Query::all().below(place.clone()));
        match (order.kind, order.everything) {
            (AccountKind::GroupManaged, _) => {
                let mut list = directory.list_managed_accounts(&query(), ListOptions::new());
                while let Some(account) = list.try_next().await? {
                    found.entry(account.guid).or_insert_with(|| described(order.kind, account.into()));
                }
            }
            (AccountKind::User, true) => {
                let mut list = directory.list_accounts(&query(), ListOptions::new());
                while let Some(account) = list.try_next().await? {
                    found.entry(account.guid).or_insert_with(|| described(order.kind, account.into()));
                }
            }
            (AccountKind::User, false) => {
                let discovery = Discovery::new();
                let discovery = match place {
                    Some(place) => discovery.below(place.clone()),
                    None => discovery,
                };
                let mut list = directory.discover(&discovery);
                while let Some(finding) = list.try_next().await? {
                    found.entry(finding.account.guid).or_insert_with(|| suspected(finding));
                }
            }
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
    found.truncate(limit);
    Ok(found)
}

fn suspected(finding: Finding) -> Discovered {
    let reasons = finding.reasons.iter().map(words).collect();
    Discovered { reasons, score: finding.score, ..described(AccountKind::User, finding.account.into()) }
}

fn words(reason: &Reason) -> String {
    match reason {
        Reason::ServiceNames(count) => format!("it has {count} service names"),
        Reason::NeverExpires => "its password never expires".to_owned(),
        Reason::UnconstrainedDelegation => "it may act as anybody towards every service".to_owned(),
        Reason::ProtocolTransition => "it may say on its own word who signed in to it".to_owned(),
        Reason::ConstrainedDelegation(services) => {
            format!("it may act for others towards {}", services.join(", "))
        }
        Reason::ResourceDelegation => "it lets others act for its users".to_owned(),
        Reason::NoPreauthentication => "tickets for it can be had without its password".to_owned(),
        Reason::PasswordNotRequired => "it may have an empty password".to_owned(),
        Reason::Dormant { last: None, .. } => "nobody ever signed in with it".to_owned(),
        Reason::Dormant { last: Some(last), certain: true } => {
            format!("nobody signed in with it since {last}")
        }
        Reason::Dormant { last: Some(last), .. } => format!("maybe nobody signed in with it since {last}"),
        Reason::Name(pattern) => format!("its name fits {pattern}"),
        Reason::Protected => "the directory protects it".to_owned(),
        other => format!("{other:?}"),
    }
}

fn described(kind: AccountKind, account: Object) -> Discovered {
    let is_marked = account.marker.is_some() || account.foreign_marker;
    let mut found = Discovered::new(account.guid, account.name.to_string(), account.dn, kind);
    found.enabled = account.enabled;
    found.obstacle = match (account.is_protected, is_marked) {
        (true, _) => Some("the directory protects it".to_owned()),
        (_, true) => Some("somebody's marker is on it".to_owned()),
        (false, false) => None,
    };
    found.expires = account.expires;
    found.description = account.description;
    found.groups = account.member_of;
    found
}
