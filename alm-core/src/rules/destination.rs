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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::siem::{SiemTarget, SiemTransport};
    use crate::model::webhook::Webhook;

    #[test]
    fn n_16_messages_are_from_one_plain_address() {
        for (from, expected) in [
            ("alm@example.com", 0),
            ("alm", 1),
            ("@example.com", 1),
            ("alm@", 1),
            ("a@b@example.com", 1),
            ("Alm <alm@example.com>", 1),
            ("a,b@example.com", 1),
            ("a b@example.com", 1),
            ("", 2),
        ] {
            assert_eq!(problems(&Target::Email(EmailTarget::new(from))).len(), expected, "{from:?}");
        }
    }

    #[test]
    fn each_target_is_checked_as_what_it_is() {
        let rules = |target: &Target| problems(target).iter().map(Refusal::rule).collect::<Vec<_>>();
        assert!(rules(&Target::Program).is_empty());
        assert_eq!(rules(&Target::Webhook(Box::new(Webhook::new("x", "key")))), ["H-1"]);
        assert_eq!(rules(&Target::Siem(SiemTarget::new("x", SiemTransport::Tcp).port(0))), ["H-4"]);
    }
}
