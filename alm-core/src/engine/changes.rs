//! Reading what has changed in a domain (S-2).

use std::collections::BTreeMap;
use std::sync::Arc;

use ad_directory::{
    AttributeName, AttributeValues, ChangeBatch, ChangeEvent, ChangesOptions, Directory, ErrorKind as Kind,
    MemberName, MembersSeen, ObjectChange, ObjectGuid, ObjectKind, Sid,
};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::error::{Error, ErrorKind, Result};
use crate::model::mirror::{ChangesOrder, MembersRead, MirrorBatch, MirrorChange, MirrorKind, Reading};

const OPERATION: &str = "domain.sync";

/// What the mirror is about.
const KINDS: [ObjectKind; 4] =
    [ObjectKind::Account, ObjectKind::ManagedAccount, ObjectKind::Group, ObjectKind::Container];

/// What is read beside what the directory tells anyway.
const FURTHER: [&str; 2] = ["mail", "lastLogonTimestamp"];

/// What is told and says nothing that is kept: who may fetch a password is binary, and a lock comes and goes.
const LEFT_OUT: [&str; 2] = ["msds-groupmsamembership", "lockouttime"];

/// The pieces, as the mirror keeps them.
pub(super) fn changes(
    directory: &Arc<dyn Directory>,
    order: &ChangesOrder,
) -> BoxStream<'static, Result<Reading>> {
    let options = match options(order) {
        Ok(Some(options)) => options,
        // A token that cannot be read is one of another version.
        Ok(None) => return Box::pin(stream::iter([Ok(anew("the token cannot be read"))])),
        Err(error) => return Box::pin(stream::iter([Err(error)])),
    };
    Box::pin(directory.list_changes(options).map(|piece| {
        match piece {
            Ok(batch) => read(&batch).map(Reading::Batch),
            Err(error) if error.kind() == Kind::ResyncNeeded => Ok(anew(&error.to_string())),
            Err(error) => Err(Error::new(ErrorKind::Directory, OPERATION, error.to_string())
                .with_advice(error.advice())
                .with_source(error)),
        }
    }))
}

fn anew(why: &str) -> Reading {
    Reading::Anew { why: why.to_owned() }
}

fn options(order: &ChangesOrder) -> Result<Option<ChangesOptions>> {
    let mut options = ChangesOptions::new();
    if let Some(token) = &order.token {
        let Ok(token) = token.parse() else { return Ok(None) };
        options.token = Some(token);
    }
    options.kinds = KINDS.to_vec();
    let names = FURTHER.into_iter().chain(order.attributes.iter().map(String::as_str));
    let parsed = names.map(str::parse::<AttributeName>).collect::<std::result::Result<_, _>>();
    options.attributes =
        parsed.map_err(|error| Error::new(ErrorKind::Config, OPERATION, error.to_string()))?;
    Ok(Some(options))
}

fn read(batch: &ChangeBatch) -> Result<MirrorBatch> {
    let changes = batch.changes.iter().filter_map(|change| change_of(change).transpose());
    let mut read =
        MirrorBatch::new(batch.token.to_string(), batch.is_full, changes.collect::<Result<Vec<_>>>()?);
    read.is_last = batch.is_last;
    read.sees_deletions = batch.sees_deletions;
    Ok(read)
}

/// `None` for what the mirror is not about.
fn change_of(change: &ObjectChange) -> Result<Option<MirrorChange>> {
    let kind = match change.kind {
        None => None,
        Some(ObjectKind::Account) => Some(MirrorKind::Account),
        Some(ObjectKind::ManagedAccount) => Some(MirrorKind::ManagedAccount),
        Some(ObjectKind::Group) => Some(MirrorKind::Group),
        Some(ObjectKind::Container) => Some(MirrorKind::Container),
        Some(_) => return Ok(None),
    };
    let mut read = MirrorChange::new(change.guid, kind, change.dn.clone());
    read.gone = matches!(change.event, ChangeEvent::Deleted | ChangeEvent::Outside);
    read.added = change.event == ChangeEvent::Added;
    read.whole = change.is_complete;
    read.attributes = texts(&change.attributes);
    read.members = members(change)?;
    Ok(Some(read))
}

fn texts(attributes: &BTreeMap<AttributeName, AttributeValues>) -> BTreeMap<String, Vec<String>> {
    let mut texts = BTreeMap::new();
    for (name, values) in attributes {
        let name = name.as_str().to_ascii_lowercase();
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let values = if name == "objectsid" {
            values.bytes().filter_map(|sid| Sid::from_wire(sid).ok()).map(|sid| sid.to_string()).collect()
        } else {
            let mut values: Vec<String> = values.texts().map(str::to_owned).collect();
            // In no order on the wire: sorted, so that the same values are seen to be the same.
            values.sort_unstable();
            values
        };
        texts.insert(name, values);
    }
    texts
}

fn members(change: &ObjectChange) -> Result<MembersRead> {
    let guids =
        |names: &[MemberName]| names.iter().map(|name| guid(change, name)).collect::<Result<Vec<_>>>();
    Ok(match &change.members {
        MembersSeen::Unchanged => MembersRead::Unchanged,
        MembersSeen::Changed { joined, left } => {
            MembersRead::Changed { joined: guids(joined)?, left: guids(left)? }
        }
        MembersSeen::All(all) => MembersRead::All(guids(all)?),
        other => {
            let message = format!("{} tells of its members what is not known here: {other:?}", change.dn);
            return Err(Error::new(ErrorKind::Directory, OPERATION, message));
        }
    })
}

/// A member that is left out would be taken for one who left.
fn guid(change: &ObjectChange, member: &MemberName) -> Result<ObjectGuid> {
    member.guid.ok_or_else(|| {
        let message = format!("{} names its member {} without an identity", change.dn, member.dn);
        Error::new(ErrorKind::Directory, OPERATION, message)
    })
}
