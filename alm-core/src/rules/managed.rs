//! What makes a gMSA one (T-11): what its template and its request must and may not say.

use std::collections::BTreeSet;

use ad_directory::ServicePrincipalName;

use crate::model::managed::{AccountKind, ManagedSpec, ManagedTemplate, PasswordReader};
use crate::model::refusal::Refusal;
use crate::model::request::RequestForm;
use crate::model::template::{Rotation, TemplateBody};

/// The longest time between two passwords that a template may say, in days.
const MOST_DAYS: u32 = 3_650;
/// How many service names, and how many readers, one account may have.
const MOST: usize = 100;

fn refusal(field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new("T-11", field, message)
}

/// Everything that is wrong with a template because of the kind of its accounts.
pub fn check_template(body: &TemplateBody) -> Vec<Refusal> {
    match (body.kind, &body.managed) {
        (AccountKind::User, managed) => {
            let mut refusals = Vec::new();
            if body.vault.is_none() {
                refusals.push(Refusal::new(
                    "T-2",
                    "vault",
                    "must be said: somebody has to keep the passwords of users",
                ));
            }
            if managed.is_some() {
                refusals.push(refusal("managed", "is for gMSAs, and the template makes users"));
            }
            refusals
        }
        (AccountKind::GroupManaged, managed) => {
            let mut refusals = unfit(body);
            match managed {
                Some(managed) => refusals.extend(check_managed(managed)),
                None => refusals.push(refusal("managed", "must be said: who may retrieve the password")),
            }
            refusals
        }
    }
}

/// What only users have.
fn unfit(body: &TemplateBody) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if body.vault.is_some() {
        let message =
            "the domain manages the password of a gMSA: it has no vault, no folder and no secret template";
        refusals.push(refusal("vault", message));
    }
    if body.rotation != Rotation::default() {
        refusals.push(refusal(
            "rotation",
            "the domain changes the password of a gMSA; say password_interval_days instead",
        ));
    }
    if !body.directory.password_change_allowed {
        let message = "nobody but the domain changes the password of a gMSA anyway";
        refusals.push(refusal("password_change_allowed", message));
    }
    if !body.attributes.is_empty() {
        refusals.push(refusal("attributes", "a gMSA gets no attributes from a template"));
    }
    refusals
}

fn check_managed(managed: &ManagedTemplate) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if managed.readers.is_empty() && !managed.allow_readers {
        refusals.push(refusal("readers", "nobody could retrieve the password"));
    }
    refusals.extend(check_readers(&managed.readers));
    if !(1..=MOST_DAYS).contains(&managed.password_interval_days) {
        let days = managed.password_interval_days;
        let message = format!("{days} days: a password lives from 1 to {MOST_DAYS} days");
        refusals.push(refusal("password_interval_days", message));
    }
    refusals
}

fn check_readers(readers: &[PasswordReader]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if readers.len() > MOST {
        let message =
            format!("{} are named, at most {MOST} are allowed; put them into a group", readers.len());
        refusals.push(refusal("readers", message));
    }
    for (index, reader) in readers.iter().enumerate() {
        if readers.iter().take(index).any(|before| before == reader) {
            refusals.push(refusal("readers", format!("{reader:?} is there twice")));
        }
    }
    refusals
}

/// Everything that is wrong with a request because of the kind of the account.
pub fn check_form(form: &RequestForm, body: &TemplateBody) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let Some(managed) = body.managed.as_ref().filter(|_| body.kind == AccountKind::GroupManaged) else {
        if !form.service_principal_names.is_empty() {
            refusals.push(refusal("service_principal_names", "are for gMSAs, and the template makes users"));
        }
        if !form.readers.is_empty() {
            refusals.push(refusal("readers", "are for gMSAs, and the template makes users"));
        }
        return refusals;
    };
    if form.folder.is_some() {
        refusals.push(refusal("folder", "nothing of a gMSA is kept in a vault"));
    }
    if !form.readers.is_empty() && !managed.allow_readers {
        refusals.push(refusal(
            "readers",
            "the template says who may retrieve the password, and allows no others",
        ));
    }
    refusals.extend(check_readers(&form.readers));
    if form.readers.is_empty() && managed.readers.is_empty() {
        refusals.push(refusal("readers", "must be filled in: nobody could retrieve the password"));
    }
    refusals.extend(check_names(&form.service_principal_names));
    refusals
}

fn check_names(names: &[String]) -> Vec<Refusal> {
    let field = "service_principal_names";
    let mut refusals = Vec::new();
    if names.len() > MOST {
        refusals.push(refusal(field, format!("{} are named, at most {MOST} are allowed", names.len())));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        match name.parse::<ServicePrincipalName>() {
            Err(error) => refusals.push(refusal(field, format!("{name:?}: {error}"))),
            Ok(name) if !seen.insert(name.as_str().to_lowercase()) => {
                refusals.push(refusal(field, format!("{name} is there twice")));
            }
            Ok(_) => {}
        }
    }
    refusals
}

/// What an account is given because it is a gMSA, if it is one: what its template says, and what its request says beside it.
pub fn spec(body: &TemplateBody, form: &RequestForm) -> Option<ManagedSpec> {
    let managed = body.managed.as_ref().filter(|_| body.kind == AccountKind::GroupManaged)?;
    let mut readers = managed.readers.clone();
    for reader in &form.readers {
        if !readers.contains(reader) {
            readers.push(reader.clone());
        }
    }
    // Those that are none were refused when the request was submitted.
    let names = form.service_principal_names.iter().filter_map(|name| name.parse().ok());
    Some(ManagedSpec {
        readers,
        encryption: managed.encryption,
        service_principal_names: names.collect(),
        password_interval_days: managed.password_interval_days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::Period;
    use crate::rules::fixture::{body, dn};

    fn readers(n: usize) -> Vec<PasswordReader> {
        (0..n).map(|n| PasswordReader::Group(dn(&format!("CN=g{n},DC=x")))).collect()
    }

    fn template(readers: Vec<PasswordReader>) -> TemplateBody {
        let mut body = body();
        (body.kind, body.vault, body.managed) =
            (AccountKind::GroupManaged, None, Some(ManagedTemplate::new(readers)));
        body
    }

    fn form() -> RequestForm {
        RequestForm::new("web", Period::Days(90), "it runs the shop")
    }

    #[test]
    fn t_11_as_many_readers_and_days_as_may_be() {
        for (n, expected) in [(0, 1), (1, 0), (MOST, 0), (MOST + 1, 1)] {
            assert_eq!(check_template(&template(readers(n))).len(), expected, "{n}");
        }
        let twice = readers(2).into_iter().chain(readers(1)).collect();
        assert_eq!(check_template(&template(twice)).len(), 1);
        for (days, fits) in [(0, false), (1, true), (3_650, true), (3_651, false)] {
            let mut body = template(readers(1));
            body.managed.as_mut().unwrap().password_interval_days = days;
            assert_eq!(check_template(&body).is_empty(), fits, "{days}");
        }
    }

    #[test]
    fn t_11_each_kind_has_what_it_needs_and_nothing_else() {
        let fields = |change: fn(&mut TemplateBody), mut body: TemplateBody| {
            change(&mut body);
            check_template(&body).iter().map(|refusal| refusal.field().to_owned()).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}, body()).is_empty());
        assert_eq!(fields(|it| it.vault = None, body()), ["vault"]);
        assert_eq!(fields(|it| it.managed = Some(ManagedTemplate::new([])), body()), ["managed"]);
        let managed = || template(readers(1));
        assert_eq!(fields(|it| it.managed = None, managed()), ["managed"]);
        assert_eq!(fields(|it| it.vault = body().vault, managed()), ["vault"]);
        assert_eq!(fields(|it| it.rotation.every_days = Some(30), managed()), ["rotation"]);
        let changes = fields(|it| it.directory.password_change_allowed = false, managed());
        assert_eq!(changes, ["password_change_allowed"]);
    }

    #[test]
    fn t_11_readers_are_asked_for_where_the_template_leaves_them_open() {
        let fields = |form: &RequestForm, body: &TemplateBody| {
            check_form(form, body).iter().map(|refusal| refusal.field().to_owned()).collect::<Vec<_>>()
        };
        let with = |n| RequestForm { readers: readers(n), ..form() };
        let mut open = template(vec![]);
        open.managed.as_mut().unwrap().allow_readers = true;
        assert!(check_template(&open).is_empty());
        assert!(fields(&with(1), &open).is_empty());
        assert_eq!(fields(&form(), &open), ["readers"]);
        assert!(fields(&form(), &template(readers(1))).is_empty());
        assert_eq!(fields(&with(1), &template(readers(1))), ["readers"]);
        assert_eq!(fields(&with(1), &body()), ["readers"], "no gMSA");
        assert!(fields(&form(), &body()).is_empty());
        let folder = RequestForm { folder: Some("12".into()), ..with(1) };
        assert_eq!(fields(&folder, &open), ["folder"]);
        assert_eq!(spec(&open, &with(2)).unwrap().readers, readers(2));
        open.managed.as_mut().unwrap().readers = readers(1);
        assert_eq!(spec(&open, &with(2)).unwrap().readers, readers(2), "each once");
        assert_eq!(spec(&body(), &form()), None);
    }

    #[test]
    fn t_11_service_names_are_bounded_well_formed_and_there_once() {
        let refused = |names: Vec<String>, body: &TemplateBody| {
            check_form(&RequestForm { service_principal_names: names, ..form() }, body).len()
        };
        let names = |n| (0..n).map(|n| format!("HTTP/web{n}.x")).collect::<Vec<_>>();
        let body_of_gmsa = template(readers(1));
        for (n, expected) in [(1, 0), (MOST, 0), (MOST + 1, 1)] {
            assert_eq!(refused(names(n), &body_of_gmsa), expected, "{n}");
        }
        assert_eq!(refused(vec!["HTTP/web.x".into(), "http/WEB.x".into()], &body_of_gmsa), 1);
        assert_eq!(refused(vec!["web".into()], &body_of_gmsa), 1);
        assert_eq!(refused(names(1), &body()), 1, "no gMSA");
    }
}
