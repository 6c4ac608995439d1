//! What the target of a destination must be like.

use crate::model::destination::Target;
use crate::model::email::EmailTarget;
use crate::model::refusal::Refusal;
use crate::rules::{siem, text, webhook};

/// Everything that is wrong with a target.
pub fn problems(target: &Target) -> Vec<Refusal> {
    match target {
        Target::Program => Vec::new(),
        Target::Email(email) => sender(email),
        Target::Webhook(webhook) => webhook::check(webhook),
        Target::Siem(target) => siem::check(target),
    }
}

fn sender(email: &EmailTarget) -> Vec<Refusal> {
    let mut refusals: Vec<_> =
        text::check("N-16", "from", &email.from, 254, true, false).err().into_iter().collect();
    let parts: Vec<_> = email.from.split('@').collect();
    if !matches!(parts.as_slice(), [local, domain] if !local.is_empty() && !domain.is_empty())
        || email.from.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'))
    {
        refusals.push(Refusal::new("N-16", "from", "is no address, such as alm@example.com"));
    }
    refusals
}
