//! What e-mail says (N-16): templates for each kind of event, and the messages made of them.
//!
//! Messages are made when they are sent, from who is there then. What sends them is an adapter: `adapter::email`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::alm::Alm;
use super::command::Caller;
use super::command::decide::Decide;
use super::stored::email_template_key;
use super::unit::Unit;
use crate::error::{Error, Result};
use crate::model::account::Account;
use crate::model::email::{EmailTemplate, Letter};
use crate::model::event::{Event, EventKind};
use crate::model::people::{Feature, Person, Verb};
use crate::model::request::Request;
use crate::model::template::Template;
use crate::port::store::Stored;
use crate::rules::email as rules;

/// Says what e-mail says about events of one kind, or that nothing is sent about them. Needs email-notification Update.
///
/// ```
/// # async fn run(alm: alm_core::Alm, admin: alm_core::Caller) -> alm_core::Result<()> {
/// use alm_core::model::event::EventKind;
/// use alm_core::service::emails::SetEmailTemplate;
///
/// let body = "Dear ${person},\n\n${account} ends on ${account_end}. Please renew it, or let it go.\n";
/// let urgent = SetEmailTemplate::new(EventKind::RenewalUrgent, "${account} ends on ${account_end}", body);
/// alm.execute(&admin, "the words of 2026", urgent).await?;
/// alm.execute(&admin, "quiet", SetEmailTemplate::off(EventKind::AccountStateChanged)).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SetEmailTemplate {
    /// What it says from now on.
    pub template: EmailTemplate,
}

impl SetEmailTemplate {
    /// These words from now on. See [`parameters`](rules::parameters) for what may stand in `${…}`.
    pub fn new(kind: EventKind, subject: impl Into<String>, body: impl Into<String>) -> Self {
        let (subject, body) = (subject.into(), body.into());
        Self { template: EmailTemplate { kind, subject, body, enabled: true } }
    }

    /// Nothing is sent about these any more.
    pub fn off(kind: EventKind) -> Self {
        Self { template: EmailTemplate { enabled: false, ..EmailTemplate::built_in(kind) } }
    }

    /// The words that this crate brings along.
    pub fn built_in(kind: EventKind) -> Self {
        Self { template: EmailTemplate::built_in(kind) }
    }
}

#[async_trait]
impl Decide for SetEmailTemplate {
    const NAME: &'static str = "email_template.set";
    type Output = ();

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<()> {
        unit.require(Feature::EmailNotification, Verb::Update, true).await?;
        let refusals = rules::check(&self.template);
        if !refusals.is_empty() {
            return Err(Error::refused(unit.operation, refusals));
        }
        let kind = self.template.kind;
        let before = unit.find::<EmailTemplate>(email_template_key(kind)).await?;
        let before = before.unwrap_or_else(|| EmailTemplate::built_in(kind));
        if before == self.template {
            return Ok(());
        }
        unit.put(&self.template, format!("change the e-mail about \"{kind}\""))?;
        unit.audit(
            Self::NAME,
            format!("e-mail about {kind}"),
            json!({ "before": before, "after": self.template }),
        );
        Ok(())
    }
}

impl Alm {
    /// What e-mail says about each kind of event. Needs email-notification Read.
    ///
    /// # Errors
    /// [`Denied`](crate::ErrorKind::Denied), those of the store.
    pub async fn email_templates(&self, caller: &Caller) -> Result<Vec<EmailTemplate>> {
        let mut unit = Unit::of(&self.0, "email_template.list", caller);
        unit.require(Feature::EmailNotification, Verb::Read, true).await?;
        let mut all = Vec::new();
        for kind in EventKind::ALL {
            let said = unit.find::<EmailTemplate>(email_template_key(kind)).await?;
            all.push(said.unwrap_or_else(|| EmailTemplate::built_in(kind)));
        }
        Ok(all)
    }
}

async fn load<T: Stored>(alm: &Alm, id: Uuid) -> Result<Option<T>> {
    alm.0.store.load(T::KIND, id).await?.as_ref().map(T::read).transpose()
}

/// The messages about an event: one for each recipient who is there and enabled.
pub(super) async fn letters(alm: &Alm, event: &Event) -> Result<Vec<Letter>> {
    let said = load::<EmailTemplate>(alm, email_template_key(event.kind)).await?;
    let template = said.unwrap_or_else(|| EmailTemplate::built_in(event.kind));
    if !template.enabled || event.to.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = values(alm, event).await?;
    let mut letters = Vec::new();
    for id in &event.to {
        let person = load::<Person>(alm, id.uuid()).await?;
        let Some(person) = person.filter(|person| person.enabled && !person.emails.is_empty()) else {
            continue;
        };
        values.insert("person", person.display_name.clone());
        let subject = rules::fill(&template.subject, &values, true);
        let body = rules::fill(&template.body, &values, false);
        letters.push(Letter::new(event.id, *id, person.display_name, person.emails, subject, body));
    }
    Ok(letters)
}

/// What the parameters stand for.
async fn values(alm: &Alm, event: &Event) -> Result<BTreeMap<&'static str, String>> {
    let mut values = BTreeMap::from([
        ("event", event.kind.to_string()),
        ("text", event.text.clone()),
        ("at", event.at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        ("event_id", event.id.to_string()),
    ]);
    if let Some(id) = event.account
        && let Some(account) = load::<Account>(alm, id.uuid()).await?
    {
        values.insert("account_end", account.ends_at().strftime("%Y-%m-%d").to_string());
        values.insert("account_status", format!("{:?}", account.status));
        values.insert("account", account.name);
    }
    if let Some(id) = event.request
        && let Some(request) = load::<Request>(alm, id.uuid()).await?
    {
        values.insert("request", id.to_string());
        if let Some(requester) = load::<Person>(alm, request.requester.uuid()).await? {
            values.insert("requester", requester.display_name);
        }
        values.insert("request_account", request.account_name);
    }
    if let Some(id) = event.template
        && let Some(template) = load::<Template>(alm, id.uuid()).await?
    {
        values.insert("template", template.name);
    }
    Ok(values)
}
