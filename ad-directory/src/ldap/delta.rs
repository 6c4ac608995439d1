//! Changes since a token: by DirSync where the controller allows it, by its update numbers otherwise.

mod dirsync;
pub(super) mod entry;
mod numbers;

use std::collections::HashMap;

use ldap3::Scope;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    LdapDirectory,
    call::Call,
    connection::{Connection, Question, optional},
    entry::Entry,
    extended_dn, lookup,
    paging::{Page, read_ahead},
    pool::Lease,
    restore::SHOW_DELETED,
    root,
};
use crate::{
    AttributeName, ChangeBatch, ChangeEvent, ChangeSource, ChangesOptions, Controller, Dn, Error, ErrorKind,
    Filter, ObjectChange, ObjectGuid, ObjectKind, Result,
    change::{
        self, filter,
        token::{ChangeToken, Content, Position, resync},
    },
    listing::Listing,
};

/// How many identities are asked for in one search.
const GUIDS_PER_SEARCH: usize = 200;

/// Structure, beside what was asked for: without them moves and deletions are not told (only attributes that were asked for are).
const STRUCTURE: [&str; 6] =
    ["objectClass", "objectGUID", "isDeleted", "lastKnownParent", "name", "parentGUID"];

/// What tells the kind of an object.
const KIND: [&str; 2] = ["objectClass", "objectGUID"];

/// One reading of changes.
struct Reading {
    call: Call,
    options: ChangesOptions,
    kinds: Vec<ObjectKind>,
    attributes: Vec<AttributeName>,
    question: String,
    domain: Dn,
    domain_id: Uuid,
    controller: Controller,
    /// Whether `CN=Deleted Objects` can be read.
    sees_deleted: bool,
}

impl Reading {
    /// Which objects: containers too when only a part of the domain is asked for, since one that moves takes along what lies in it.
    fn filter(&self) -> Result<Filter> {
        let mut kinds = self.kinds.clone();
        if self.options.below.is_some() && !kinds.contains(&ObjectKind::Container) {
            kinds.push(ObjectKind::Container);
        }
        filter::filter(&kinds)
    }

    fn names(&self) -> Vec<&str> {
        let asked = self.attributes.iter().map(AttributeName::as_str);
        STRUCTURE.into_iter().chain(["member"]).chain(asked).collect()
    }

    fn token(&self, position: Position, is_full: bool) -> ChangeToken {
        ChangeToken::new(Content {
            domain: self.domain.clone(),
            domain_id: self.domain_id,
            question: self.question.clone(),
            controller: self.controller.clone(),
            position,
            is_full,
        })
    }

    fn batch(
        &self,
        changes: Vec<ObjectChange>,
        token: ChangeToken,
        is_full: bool,
        is_last: bool,
    ) -> ChangeBatch {
        let mut batch = ChangeBatch::new(token, ChangeSource::DirSync);
        batch.source = batch.token.source();
        batch.changes = changes;
        batch.is_full = is_full;
        batch.is_last = is_last;
        batch.sees_deletions = self.sees_deleted;
        batch
    }

    /// What an unfinished reading passes on of a message: what lies below the place, and what may have left it.
    ///
    /// # Errors
    /// `ResyncNeeded` when a container has moved and only a part of the domain is asked for: what moved with it is named by nobody.
    fn keep(&self, mut changes: Vec<ObjectChange>, is_full: bool) -> Result<Vec<ObjectChange>> {
        if let Some(below) = &self.options.below {
            let container = |change: &ObjectChange| {
                change.kind == Some(ObjectKind::Container)
                    && change.event == ChangeEvent::Changed
                    && (change.moved || change.is_complete)
            };
            if !is_full && changes.iter().any(container) {
                return Err(resync("a container was moved or renamed, and what lies in it with it"));
            }
            let inside = |dn: &Dn| dn == below || dn.is_below(below);
            changes.retain_mut(|change| {
                let was_elsewhere = change.last_known_parent.as_ref().is_some_and(|parent| !inside(parent));
                match change.event {
                    ChangeEvent::Deleted => !was_elsewhere,
                    _ if inside(&change.dn) => true,
                    // By update numbers nobody says whether it has moved.
                    ChangeEvent::Changed if change.moved || change.is_complete => {
                        change.event = ChangeEvent::Outside;
                        change.attributes.clear();
                        change.members = change::MembersSeen::Unchanged;
                        change.is_complete = false;
                        true
                    }
                    _ => false,
                }
            });
        }
        changes.retain(|change| {
            let wanted = change
                .kind
                .is_none_or(|kind| self.kinds.contains(&kind) || self.kinds.contains(&ObjectKind::Other));
            wanted && !(is_full && change.event == ChangeEvent::Deleted)
        });
        Ok(changes)
    }

    /// Finds out what the objects are of which only changes came; and reads whole what has come in from outside.
    async fn complete(&self, connection: &mut Connection, changes: &mut [ObjectChange]) -> Result<()> {
        let below = self.options.below.as_ref();
        // Where the filter lets one kind through and no other, nothing has to be asked.
        if let ([kind @ (ObjectKind::Account | ObjectKind::ManagedAccount | ObjectKind::Group)], None) =
            (self.kinds.as_slice(), below)
        {
            for change in changes {
                change.kind.get_or_insert(*kind);
            }
            return Ok(());
        }
        let came_in = |change: &ObjectChange| {
            change.moved
                && change.event == ChangeEvent::Changed
                && below.is_some_and(|below| change.dn.is_below(below))
        };
        let (whole, open): (Vec<_>, Vec<_>) = changes
            .iter()
            .filter(|change| change.kind.is_none() || came_in(change))
            .partition(|change| came_in(change));
        let mut known = HashMap::new();
        for (objects, names) in [(whole, self.names()), (open, KIND.to_vec())] {
            for some in objects.chunks(GUIDS_PER_SEARCH) {
                let identity =
                    |change: &&ObjectChange| Ok(Filter::equals("objectGUID".parse()?, change.guid));
                let any = Filter::any(some.iter().map(identity).collect::<Result<Vec<_>>>()?);
                for entry in self.deleted_too(connection, &any, &names).await? {
                    let found = entry::whole(&self.call, &entry, &self.attributes)?;
                    known.insert(found.guid, found);
                }
            }
        }
        for change in changes {
            let whole = came_in(change);
            if let Some(found) = known.remove(&change.guid) {
                change.kind = found.kind;
                if whole {
                    change.attributes = found.attributes;
                    change.members = found.members;
                    change.is_complete = true;
                }
            }
        }
        Ok(())
    }

    async fn deleted_too(
        &self,
        connection: &mut Connection,
        filter: &Filter,
        names: &[&str],
    ) -> Result<Vec<Entry>> {
        let (filter, base) = (filter.to_string(), self.domain.to_string());
        let controls = [optional(SHOW_DELETED), extended_dn::asked()];
        let mut all = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let page = connection.page(&self.call, &base, &filter, names, (1000, &cookie), &controls);
            let (mut entries, next) = page.await?;
            for entry in &mut entries {
                super::ranged::complete(&self.call, connection, entry, &controls).await?;
            }
            all.extend(entries);
            if next.is_empty() {
                return Ok(all);
            }
            cookie = next;
        }
    }
}

/// Where the pieces go. `false`: nobody reads any more.
struct Output<'a>(&'a mpsc::Sender<Result<Page<ChangeBatch>>>);

impl Output<'_> {
    async fn send(&self, batch: ChangeBatch) -> bool {
        let last = batch.is_last;
        self.0.send(Ok(Page { items: vec![batch], last })).await.is_ok()
    }
}

impl LdapDirectory {
    pub(super) fn deltas(&self, options: ChangesOptions) -> Listing<ChangeBatch> {
        let directory = self.clone();
        read_ahead(move |sender| {
            tokio::spawn(async move {
                if let Err(error) = directory.send_deltas(options, &Output(&sender)).await {
                    let error = error.with_operation("changes.list");
                    let _gone = sender.send(Err(error)).await;
                }
            })
        })
    }

    async fn send_deltas(&self, options: ChangesOptions, output: &Output<'_>) -> Result<()> {
        let call = Call::new("changes.list");
        let limit = self.core.limits.operation;
        let (lease, reading) =
            call.run(limit, self.begin_reading(Call::new("changes.list"), options)).await?;
        let token = reading.options.token.clone();
        let source = match (reading.options.source, &token) {
            (Some(ChangeSource::Log), _) => {
                return Err(call.error(ErrorKind::Unsupported).with_reason("a controller keeps no such log"));
            }
            (Some(wanted), Some(token)) if token.source() != wanted => {
                return Err(resync("the token was given for another source of changes"));
            }
            (Some(wanted), _) => Some(wanted),
            (None, Some(token)) => Some(token.source()),
            (None, None) => None,
        };
        let mut reading = reading;
        let mut lease = lease;
        if source != Some(ChangeSource::UpdateNumbers) {
            let may_fall_back = source.is_none();
            match self.by_dirsync(&mut reading, &mut lease, token.as_ref(), may_fall_back, output).await? {
                dirsync::Ended::Done => {
                    lease.give_back();
                    return Ok(());
                }
                dirsync::Ended::NotOffered => {}
            }
        }
        self.by_numbers(&reading, &mut lease, token.as_ref(), output).await?;
        lease.give_back();
        Ok(())
    }

    /// A connection, and what there is to know before the first question.
    async fn begin_reading(&self, call: Call, options: ChangesOptions) -> Result<(Lease<'_>, Reading)> {
        let kinds = filter::kinds(&options);
        let attributes = filter::attributes(&options, &self.core.marker_attribute)?;
        let question = filter::fingerprint(&options, &attributes);
        let mut lease = self.lease_where_it_was_given(&call, options.token.as_ref()).await?;
        let probe = root::probe(&call, &mut lease).await?;
        let domain = probe.default_naming_context;
        let connection = lease.connection(&call)?;
        let found = connection
            .search(&call, &domain.to_string(), Scope::Base, &root::anything()?, &["objectGUID"])
            .await?;
        let domain_id = found
            .and_then(|mut entries| entries.pop())
            .and_then(|entry| ObjectGuid::from_wire(entry.bytes("objectguid")?).ok());
        let domain_id = domain_id.ok_or_else(|| {
            call.error(ErrorKind::Protocol).with_subject(&domain).with_reason("the domain has no identity")
        })?;
        let domain_id = *domain_id.as_uuid();
        if let Some(token) = &options.token {
            token.check(&domain, domain_id, &question)?;
        }
        if let Some(below) = &options.below
            && lookup::container(&call, &mut lease, below).await?.is_none()
        {
            let error = call.error(ErrorKind::NotFound).with_subject(below);
            return Err(error.with_reason("there is no such place to look below"));
        }
        let sees_deleted = sees_deleted(&call, lease.connection(&call)?, &domain).await?;
        let controller = probe.controller;
        let reading = Reading {
            call,
            options,
            kinds,
            attributes,
            question,
            domain,
            domain_id,
            controller,
            sees_deleted,
        };
        Ok((lease, reading))
    }

    /// A connection to the controller that gave the token, if that can be reached; for a token by its numbers it must be that one.
    async fn lease_where_it_was_given(&self, call: &Call, token: Option<&ChangeToken>) -> Result<Lease<'_>> {
        let pool = &self.core.pool;
        let Some(token) = token.filter(|_| self.pinned.is_none()) else {
            return pool.lease_for_list(call, self.pinned).await;
        };
        let wanted = token.controller();
        let (named, others): (Vec<_>, Vec<_>) = pool
            .dialer
            .endpoints(call)
            .await?
            .into_iter()
            .partition(|(_, endpoint)| endpoint.host.eq_ignore_ascii_case(&wanted.host));
        if token.source() == ChangeSource::UpdateNumbers && named.len() + others.len() > 1 {
            let mut unreachable: Option<Error> = None;
            for (index, _) in named.into_iter().chain(others) {
                let leased = async {
                    let mut lease = pool.lease_for_list(call, Some(index)).await?;
                    let probe = root::probe(call, &mut lease).await?;
                    Ok::<_, Error>((lease, probe.controller))
                };
                match leased.await {
                    Ok((lease, found)) if found.host.eq_ignore_ascii_case(&wanted.host) => return Ok(lease),
                    Ok((lease, _)) => lease.give_back(),
                    Err(error) if error.is_transient() || error.is_local_to_a_controller() => {
                        unreachable = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            return Err(unreachable
                .unwrap_or_else(|| resync("the controller that gave the token is not configured any more")));
        }
        if let [(index, _)] = named.as_slice() {
            match pool.lease_for_list(call, Some(*index)).await {
                Err(error) if error.is_local_to_a_controller() => {}
                leased => return leased,
            }
        }
        pool.lease_for_list(call, None).await
    }
}

/// Whether deleted objects can be read: by default only administrators can (MS-ADTS 3.1.1.1.5).
async fn sees_deleted(call: &Call, connection: &mut Connection, domain: &Dn) -> Result<bool> {
    let base = format!("CN=Deleted Objects,{domain}");
    let question = Question {
        base: &base,
        scope: Scope::Base,
        filter: "(objectClass=*)",
        attributes: &["objectGUID"],
        controls: vec![optional(SHOW_DELETED)],
        repeatable: true,
    };
    let (entries, _) = connection.ask(call, &question).await?;
    // Samba shows the name to everybody, and what is in it to nobody else.
    Ok(entries.iter().any(|entry| entry.has("objectguid")))
}
