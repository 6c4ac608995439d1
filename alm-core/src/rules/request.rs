//! What a requester must fill in (R-2, R-3, T-1, T-5, T-7).

use super::{access, attributes, managed, naming, ownership, text};
use crate::model::people::{Group, Person};
use crate::model::refusal::Refusal;
use crate::model::request::RequestForm;
use crate::model::template::TemplateBody;

/// Checks a form for a new account as a whole.
///
/// # Errors
/// All its problems at once.
pub fn check(
    form: &RequestForm,
    body: &TemplateBody,
    requester: &Person,
    people: &[Person],
    groups: &[Group],
) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    if !access::is_in_any(requester.id, &body.requesters, groups) {
        refusals.push(Refusal::new("T-7", "requester", "is in none of the template's requester groups"));
    }
    // The prefix alone would be a lawful name, but nobody chose it.
    if form.name.is_empty() {
        refusals.push(Refusal::new("NM-1", "name", "must be filled in"));
    } else {
        let name = naming::full_name(&body.directory, body.kind, &form.name);
        refusals.extend(naming::check(&body.directory, body.kind, &name).err().unwrap_or_default());
    }
    if !body.periods.contains(&form.period) {
        let offered = body.periods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        refusals.push(Refusal::new(
            "T-5",
            "period",
            format!("{} is not offered; the template offers {offered}", form.period),
        ));
    }
    refusals.extend(text::check("R-3", "justification", &form.justification, 4_000, true, true).err());
    refusals.extend(text::check("R-3", "description", &form.description, 1_000, false, false).err());
    refusals.extend(naming::choose_ou(&body.directory, form.ou.as_ref()).err());
    refusals.extend(attributes::check_form(body, &form.attributes));
    refusals.extend(managed::check_form(form, body));
    if let Some(place) = &body.vault
        && let Some(folder) = form.folder.as_ref().filter(|folder| **folder != place.folder)
    {
        if !place.allow_folder_override {
            let message = format!("{folder:?} is not the template's folder, and it allows no other");
            refusals.push(Refusal::new("NM-4", "folder", message));
        }
        refusals.extend(text::check("NM-4", "folder", folder, 400, true, false).err());
    }
    if body.terms_of_service.is_some() && !form.agrees_to_terms {
        refusals.push(Refusal::new("T-1", "agrees_to_terms", "the template's terms must be agreed to"));
    }
    let owners = ownership::with_requester(&form.owners, requester.id);
    refusals.extend(ownership::check(body.ownership, requester.id, &owners, people, groups));
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}
