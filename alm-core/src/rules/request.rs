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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::Period;
    use crate::model::template::VaultPlace;
    use crate::rules::fixture;

    fn refused(form: &RequestForm, body: &TemplateBody) -> Vec<(&'static str, &'static str)> {
        let ann = fixture::person(1);
        let refusals = check(form, body, &ann, std::slice::from_ref(&ann), &[]).err().unwrap_or_default();
        refusals.iter().map(|refusal| (refusal.rule(), refusal.field())).collect()
    }

    #[test]
    fn r_2_r_3_everything_that_a_requester_left_out_is_said_at_once() {
        let mut body = fixture::body();
        let mut form = RequestForm::new("payroll", Period::Days(90), "it runs at night");
        assert_eq!(refused(&form, &body), []);
        body.terms_of_service = Some("be careful".into());
        body.requesters.clear();
        (form.name, form.period, form.justification) = (String::new(), Period::Days(5), " ".into());
        let expected = [
            ("T-7", "requester"),
            ("NM-1", "name"),
            ("T-5", "period"),
            ("R-3", "justification"),
            ("T-1", "agrees_to_terms"),
        ];
        assert_eq!(refused(&form, &body), expected);
    }

    #[test]
    fn t_1_terms_are_agreed_to_where_there_are_any() {
        let mut body = fixture::body();
        let mut form = RequestForm::new("payroll", Period::Days(90), "it runs at night");
        for (terms, agrees, fits) in [
            (None, false, true),
            (None, true, true),
            (Some("be careful"), true, true),
            (Some("x"), false, false),
        ] {
            (body.terms_of_service, form.agrees_to_terms) = (terms.map(str::to_owned), agrees);
            assert_eq!(refused(&form, &body).is_empty(), fits, "{terms:?} {agrees}");
        }
    }

    #[test]
    fn nm_4_another_folder_is_chosen_only_where_that_is_allowed() {
        let mut body = fixture::body();
        let mut form = RequestForm::new("payroll", Period::Days(90), "it runs at night");
        let other = [("NM-4", "folder")];
        for (folder, allowed, expected) in
            [("12", false, &[][..]), ("13", false, &other), ("13", true, &[]), ("", true, &other)]
        {
            form.folder = Some(folder.into());
            let place = body.vault.take().unwrap();
            body.vault = Some(VaultPlace { allow_folder_override: allowed, ..place });
            assert_eq!(refused(&form, &body), expected, "{folder:?} {allowed}");
        }
    }
}
