//! An inspector that tells what the test says.

use std::sync::{Arc, Mutex};

use ad_directory::ObjectGuid;
use alm_core::model::mirror::{ChangesOrder, MirrorBatch, MirrorChange, MirrorKind, Reading};
use alm_core::model::template::TemplateBody;
use alm_core::port::inspector::Inspector;
use alm_core::{Alm, Refusal, Result};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use uuid::Uuid;

use crate::it::world::World;

type Script = dyn Fn(&ChangesOrder) -> Vec<Result<Reading>> + Send + Sync;

pub(super) struct Scripted {
    script: Box<Script>,
    /// The tokens that it was asked with.
    pub(super) asked: Mutex<Vec<Option<String>>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    pub(super) fn new(
        script: impl Fn(&ChangesOrder) -> Vec<Result<Reading>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), asked: Mutex::new(Vec::new()) })
    }

    /// The same service, looking through this one.
    pub(super) async fn seen_by(self: Arc<Self>, world: &World) -> Alm {
        Alm::builder(world.store.clone(), world.clock.clone()).inspector(self).open().await.unwrap()
    }
}

#[async_trait]
impl Inspector for Scripted {
    async fn inspect(&self, _: &TemplateBody) -> Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    fn changes(&self, order: &ChangesOrder) -> BoxStream<'static, Result<Reading>> {
        self.asked.lock().unwrap().push(order.token.clone());
        Box::pin(stream::iter((self.script)(order)))
    }
}

pub(super) fn guid(number: u128) -> ObjectGuid {
    ObjectGuid::new(Uuid::from_u128(number))
}

/// An object as a directory tells it whole.
pub(super) fn whole(number: u128, kind: MirrorKind, dn: &str) -> MirrorChange {
    let mut change = MirrorChange::new(guid(number), Some(kind), dn.parse().unwrap());
    change.whole = true;
    change
}

pub(super) fn user(number: u128, name: &str) -> MirrorChange {
    let place = "OU=Staff,DC=corp,DC=example,DC=com";
    let mut change = whole(number, MirrorKind::Account, &format!("CN={name},{place}"));
    for (attribute, value) in [
        ("samaccountname", name.to_owned()),
        ("useraccountcontrol", "512".to_owned()),
        ("mail", format!("{name}@example.com")),
    ] {
        change.attributes.insert(attribute.to_owned(), vec![value]);
    }
    change
}

#[allow(clippy::unnecessary_wraps, reason = "as a stream tells it")]
pub(super) fn batch(token: &str, is_full: bool, changes: Vec<MirrorChange>) -> Result<Reading> {
    Ok(Reading::Batch(MirrorBatch::new(token.to_owned(), is_full, changes)))
}
