//! Changes since a token, from the log.

use uuid::Uuid;

use super::{
    log::What,
    object::{AccountView, ContainerView, GroupView, ManagedView},
    world::World,
};
use crate::{
    AttributeName, AttributeValues, ChangeBatch, ChangeEvent, ChangeSource, ChangesOptions, Dn, Error,
    ErrorKind, GeneralizedTime, MemberName, MembersSeen, ObjectChange, ObjectGuid, ObjectKind, Result,
    change::{
        filter, merged,
        token::{ChangeToken, Content, Position, resync},
    },
    value::filter::matches::{Object, Value},
};

const OPERATION: &str = "changes.list";

pub(super) fn since(world: &World, options: &ChangesOptions, marker: &str) -> Result<ChangeBatch> {
    if options.source.is_some_and(|source| source != ChangeSource::Log) {
        return Err(Error::new(ErrorKind::Unsupported, OPERATION)
            .with_reason("the directory in memory finds changes in its log only"));
    }
    let attributes = filter::attributes(options, &marker.parse()?)?;
    let question = filter::fingerprint(options, &attributes);
    let domain_id =
        world.find_container(&world.domain).map_or_else(Uuid::nil, |domain| *domain.guid.as_uuid());
    if let Some(below) = &options.below
        && world.find_container(below).is_none()
    {
        return Err(Error::new(ErrorKind::NotFound, OPERATION)
            .with_subject(below)
            .with_reason("there is no such place to look below")
            .with_codes(Some(32), Some(0x208d), None));
    }
    let view = View { world, options, attributes };
    let is_full = options.token.is_none();
    let changes = match &options.token {
        Some(token) => {
            token.check(&world.domain, domain_id, &question)?;
            let Position::Log(number) = token.content().position else {
                return Err(resync("the token was given for another source of changes"));
            };
            let entries = world.log.since(number);
            let entries = entries.ok_or_else(|| resync("what came after the token has been forgotten"))?;
            merged(entries.filter_map(|entry| view.told(entry.guid, &entry.what)))
        }
        None => view.all().filter_map(|guid| view.whole(guid, ChangeEvent::Added)).collect(),
    };
    let token = ChangeToken::new(Content {
        domain: world.domain.clone(),
        domain_id,
        question,
        controller: world.controller.clone(),
        position: Position::Log(world.log.last()),
        is_full: false,
    });
    let mut batch = ChangeBatch::new(token, ChangeSource::Log);
    batch.changes = changes.into_iter().filter_map(|change| view.keep(change)).collect();
    batch.is_full = is_full;
    Ok(batch)
}

struct View<'a> {
    world: &'a World,
    options: &'a ChangesOptions,
    attributes: Vec<AttributeName>,
}

impl View<'_> {
    fn all(&self) -> impl Iterator<Item = ObjectGuid> {
        let accounts = self.world.accounts().map(|stored| stored.account.guid);
        let managed = self.world.all_managed().map(|stored| stored.account.guid);
        let groups = self.world.groups.keys().copied();
        accounts.chain(managed).chain(groups).chain(self.world.containers.keys().copied())
    }

    /// What one entry of the log says, with the values of now: whoever has seen a later one too is told the same twice.
    fn told(&self, guid: ObjectGuid, what: &What) -> Option<ObjectChange> {
        match what {
            What::Deleted { kind, dn } => {
                let mut change =
                    ObjectChange::new(guid, deleted_name(self.world, guid, dn), ChangeEvent::Deleted);
                change.kind = Some(*kind);
                change.last_known_parent = dn.parent();
                Some(change)
            }
            What::Added => self.whole(guid, ChangeEvent::Added),
            What::Changed { attributes, moved } => {
                let mut change = self.whole(guid, ChangeEvent::Changed)?;
                let came_in =
                    *moved && self.options.below.as_ref().is_some_and(|below| change.dn.is_below(below));
                change.moved = *moved;
                if !came_in {
                    change.is_complete = false;
                    change
                        .attributes
                        .retain(|name, _| attributes.contains(&name.as_str().to_ascii_lowercase()));
                    for name in &self.attributes {
                        if attributes.contains(&name.as_str().to_ascii_lowercase()) {
                            change.attributes.entry(name.clone()).or_default();
                        }
                    }
                }
                if change.attributes.is_empty() && !*moved { None } else { Some(change) }
            }
            What::Joined(who) | What::Left(who) => {
                let mut change = self.whole(guid, ChangeEvent::Changed)?;
                change.is_complete = false;
                change.attributes.clear();
                let (mut joined, mut left) = (Vec::new(), Vec::new());
                // Of a member that is gone itself, its own deletion tells.
                let name = self.member(*who)?;
                if matches!(what, What::Joined(_)) {
                    joined.push(name);
                } else {
                    left.push(name);
                }
                change.members = MembersSeen::Changed { joined, left };
                Some(change)
            }
        }
    }

    /// The object as it is now; `None` when there is none any more.
    fn whole(&self, guid: ObjectGuid, event: ChangeEvent) -> Option<ObjectChange> {
        let world = self.world;
        let kind = if world.account(guid).is_some() {
            ObjectKind::Account
        } else if world.managed(guid).is_some() {
            ObjectKind::ManagedAccount
        } else if world.groups.contains_key(&guid) {
            ObjectKind::Group
        } else {
            ObjectKind::Container
        };
        let mut change = ObjectChange::new(guid, world.dn_of(guid)?.clone(), event);
        change.kind = Some(kind);
        change.is_complete = true;
        for name in &self.attributes {
            let values = self.values(guid, &name.as_str().to_ascii_lowercase());
            if !values.is_empty() {
                let values = values.into_iter().map(wire).collect();
                change.attributes.insert(name.clone(), AttributeValues::new(values));
            }
        }
        if event == ChangeEvent::Added
            && let Some(stored) = world.groups.get(&guid)
        {
            let members = stored.members.iter().filter_map(|guid| self.member(*guid));
            change.members = MembersSeen::All(members.collect());
        }
        Some(change)
    }

    fn member(&self, guid: ObjectGuid) -> Option<MemberName> {
        self.world.dn_of(guid).map(|dn| MemberName::new(dn.clone(), Some(guid)))
    }

    fn values(&self, guid: ObjectGuid, attribute: &str) -> Vec<Value> {
        let world = self.world;
        if let Some(stored) = world.account(guid) {
            AccountView { world, stored }.values(attribute)
        } else if let Some(stored) = world.managed(guid) {
            ManagedView { world, account: &stored.account }.values(attribute)
        } else if let Some(stored) = world.groups.get(&guid) {
            GroupView { world, group: &stored.group }.values(attribute)
        } else {
            world
                .containers
                .get(&guid)
                .map(|container| ContainerView(container).values(attribute))
                .unwrap_or_default()
        }
    }

    /// What was asked for, and what may have left it.
    fn keep(&self, mut change: ObjectChange) -> Option<ObjectChange> {
        let kinds = filter::kinds(self.options);
        if !kinds.contains(&ObjectKind::Other) && change.kind.is_some_and(|kind| !kinds.contains(&kind)) {
            return None;
        }
        let Some(below) = &self.options.below else { return Some(change) };
        let inside = |dn: &Dn| dn == below || dn.is_below(below);
        match change.event {
            ChangeEvent::Deleted => change.last_known_parent.as_ref().is_none_or(inside).then_some(change),
            _ if inside(&change.dn) => Some(change),
            ChangeEvent::Changed if change.moved => {
                change.event = ChangeEvent::Outside;
                change.attributes.clear();
                change.members = MembersSeen::Unchanged;
                Some(change)
            }
            _ => None,
        }
    }
}

/// As a controller keeps it (MS-ADTS 3.1.1.5.5.1.1).
fn deleted_name(world: &World, guid: ObjectGuid, dn: &Dn) -> Dn {
    let text = format!("CN={}\\0ADEL:{guid},CN=Deleted Objects,{}", escaped(dn), world.domain);
    text.parse().unwrap_or_else(|_| dn.clone())
}

/// The value of the lowest level, as it stands in a name.
fn escaped(dn: &Dn) -> String {
    let text = dn.rdn_text();
    text.split_once('=').map_or_else(String::new, |(_, value)| value.to_owned())
}

fn wire(value: Value) -> Vec<u8> {
    match value {
        Value::Text(text) => text.into_bytes(),
        Value::Number(number) => number.to_string().into_bytes(),
        Value::Time(time) => GeneralizedTime::from(time).to_string().into_bytes(),
        Value::Name(dn) => dn.to_string().into_bytes(),
        Value::Bytes(bytes) => bytes,
    }
}
