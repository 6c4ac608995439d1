//! Parameters of e-mail templates (N-16).

use std::collections::BTreeMap;

use crate::model::email::EmailTemplate;
use crate::model::event::EventKind;
use crate::model::inbox::Category;
use crate::model::refusal::Refusal;
use crate::rules::text;

/// What every event has, as (parameter, what it stands for).
const ALWAYS: &[(&str, &str)] = &[
    ("person", "the name of whoever the message is for"),
    ("event", "what happened, in a few words"),
    ("text", "what happened, in one line"),
    ("at", "when it happened, UTC"),
    ("event_id", "the event's id, the same everywhere"),
];

/// What events about accounts have besides.
const ACCOUNT: &[(&str, &str)] = &[
    ("account", "the account's name"),
    ("account_end", "the day on which the account's life ends, UTC"),
    ("account_status", "Active, Disabled, Expired or Deleted"),
];

/// What events about requests have besides.
const REQUEST: &[(&str, &str)] = &[
    ("request", "the request's id"),
    ("request_account", "the name of the account that is asked for"),
    ("requester", "the name of whoever asked"),
];

/// What events about templates have besides.
const TEMPLATE: &[(&str, &str)] = &[("template", "the template's name")];

/// The parameters that a template for events of this kind may use, each with what it stands for. Of what an event does not have in its particular
/// case, nothing is written.
pub fn parameters(kind: EventKind) -> impl Iterator<Item = (&'static str, &'static str)> {
    let accounts = matches!(Category::of(kind), Category::Accounts)
        || matches!(kind, EventKind::OperationParked | EventKind::ProvisioningFailed);
    let requests = matches!(
        kind,
        EventKind::RequestStateChanged
            | EventKind::ApprovalRequired
            | EventKind::ApprovalEscalated
            | EventKind::AccountProvisioned
            | EventKind::ProvisioningFailed
    );
    let templates = matches!(kind, EventKind::TemplateNeedsApproval | EventKind::TemplateStateChanged);
    let more = [(accounts, ACCOUNT), (requests, REQUEST), (templates, TEMPLATE)];
    let more = more.into_iter().filter(|(has, _)| *has).flat_map(|(_, these)| these);
    ALWAYS.iter().chain(more).copied()
}

/// One part of a text: as it stands, or a parameter.
enum Piece<'a> {
    Text(&'a str),
    Parameter(&'a str),
}

/// Takes a text apart; what is opened and not closed is an error.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ()> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').ok_or(())?;
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Parameter(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Everything that is wrong with a template.
pub fn check(template: &EmailTemplate) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(text::check("N-16", "subject", &template.subject, 200, true, false).err());
    refusals.extend(text::check("N-16", "body", &template.body, 20_000, true, true).err());
    for (field, text) in [("subject", &template.subject), ("body", &template.body)] {
        let Ok(pieces) = pieces(text) else {
            refusals.push(Refusal::new("N-16", field, "a parameter is opened with ${ and not closed with }"));
            continue;
        };
        for piece in pieces {
            if let Piece::Parameter(name) = piece
                && !parameters(template.kind).any(|(known, _)| known == name)
            {
                let known: Vec<_> = parameters(template.kind).map(|(known, _)| known).collect();
                // What somebody wrote by mistake may be long.
                let name: String = name.chars().take(50).collect();
                let message = format!("there is no parameter {name:?} here, only {}", known.join(", "));
                refusals.push(Refusal::new("N-16", field, message));
            }
        }
    }
    refusals
}

/// A text with its parameters filled in, once: what a value says is never read as a parameter. Characters that end a line or hide what is said
/// become spaces where the text is one line.
pub fn fill(text: &str, values: &BTreeMap<&'static str, String>, one_line: bool) -> String {
    let filled = pieces(text).map_or_else(
        |()| text.to_owned(),
        |pieces| {
            pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Parameter(name) => values.get(name).map_or("", String::as_str),
                })
                .collect()
        },
    );
    let shown = |c: char| if (one_line || (c != '\n' && c != '\t')) && text::is_hidden(c) { ' ' } else { c };
    filled.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_16_values_are_filled_in_once_and_cannot_break_a_line() {
        let values = BTreeMap::from([("text", "a\r\nBcc: eve@example.com ${person}".to_owned())]);
        let subject = fill("x ${text} ${person} $1 $ {y}", &values, true);
        assert_eq!(subject, "x a  Bcc: eve@example.com ${person}  $1 $ {y}");
        assert_eq!(fill("${text}", &values, false), "a \nBcc: eve@example.com ${person}");
    }

    #[test]
    fn n_16_built_in_templates_are_in_order() {
        for kind in EventKind::ALL {
            assert_eq!(check(&EmailTemplate::built_in(kind)), [], "{kind}");
        }
    }

    #[test]
    fn n_16_what_failed_has_the_accounts_parameters_too() {
        let has = |kind, name| parameters(kind).any(|(known, _)| known == name);
        for kind in [EventKind::OperationParked, EventKind::ProvisioningFailed, EventKind::EndOfLife] {
            assert!(has(kind, "account"), "{kind}");
        }
        assert!(!has(EventKind::TemplateStateChanged, "account"));
        assert!(
            has(EventKind::TemplateStateChanged, "template") && has(EventKind::ProvisioningFailed, "request")
        );
        assert!(!has(EventKind::EndOfLife, "request") && !has(EventKind::EndOfLife, "template"));
    }

    #[test]
    fn n_16_everything_that_is_wrong_with_a_template_is_said() {
        let wrong = |subject: &str, body: &str| {
            let (subject, body) = (subject.to_owned(), body.to_owned());
            let template = EmailTemplate { subject, body, ..EmailTemplate::built_in(EventKind::EndOfLife) };
            check(&template).iter().map(Refusal::field).collect::<Vec<_>>()
        };
        assert!(wrong("${account} ends", "Dear ${person},\n${text}").is_empty());
        assert_eq!(wrong("${requester}", "${person} ${nobody}"), ["subject", "body"]);
        assert_eq!(wrong("${account", "${}"), ["subject", "body"]);
        assert_eq!(wrong("", ""), ["subject", "body"]);
        assert!(wrong(&"x".repeat(200), &"x".repeat(20_000)).is_empty());
        assert_eq!(wrong(&"x".repeat(201), &"x".repeat(20_001)), ["subject", "body"]);
    }
}
