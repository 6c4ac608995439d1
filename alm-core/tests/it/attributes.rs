//! Attributes of a template: the same for all, with a default, required, or left to the requester (T-3).

use std::collections::BTreeMap;

use ad_directory::{Directory as _, FindOptions};
use alm_core::model::account::Account;
use alm_core::model::ids::AccountId;
use alm_core::model::template::{EolAction, TemplateAttribute, TemplateBody};
use alm_core::service::cloning::CloneAccount;
use alm_core::service::migration::MigrateAccount;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::requests::{DraftRequest, SubmitRequest};
use alm_core::service::templates::{DraftTemplate, EditTemplate};

use super::rules::received;
use super::world::{World, form};

fn body(w: &World) -> TemplateBody {
    let mut body = w.body(EolAction::Review);
    body.attributes = [
        ("company".to_owned(), "Example".into()),
        ("title".to_owned(), TemplateAttribute::with_default("service account")),
        ("department".to_owned(), TemplateAttribute::required()),
        ("info".to_owned(), TemplateAttribute::optional()),
    ]
    .into();
    body
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn there(w: &World, id: AccountId) -> BTreeMap<String, String> {
    let names = ["company", "title", "department", "info"].map(|name| name.parse().unwrap());
    let guid = w.document::<Account>(id.uuid()).await.object_guid;
    let options = FindOptions::new().attributes(names.to_vec());
    let there = w.directory.find_account(&guid.into(), options).await.unwrap().unwrap();
    there.attributes.into_iter().map(|(name, values)| (name.to_string(), values[0].clone())).collect()
}

#[tokio::test]
async fn t_3_r_3_a_requester_gives_what_the_template_leaves_open() {
    let w = World::new().await;
    let template = w.publish("with attributes", body(&w)).await;
    let mut form = form("payroll");
    // Whatever the case of a name.
    form.attributes = values(&[("Department", "Payroll"), ("info", "")]);
    let id = w.provisioned_as(template, form).await;
    let wanted = values(&[("company", "Example"), ("title", "service account"), ("department", "Payroll")]);
    assert_eq!(there(&w, id).await, wanted);
    assert_eq!(w.view(id).await.account.attributes, wanted, "the record knows them");
    // M-3: another one like it begins with what may be chosen.
    let draft = w.execute(&w.requester, CloneAccount::new(id)).await.unwrap();
    let draft = w.alm.request(&w.requester, draft).await.unwrap();
    assert_eq!(draft.form.attributes, values(&[("title", "service account"), ("department", "Payroll")]));
}

#[tokio::test]
async fn t_3_t_13_what_the_template_does_not_leave_open_is_refused_all_at_once() {
    let w = World::new().await;
    let template = w.publish("with attributes", body(&w)).await;
    let submit = async |attributes: BTreeMap<String, String>| {
        let mut form = form("payroll");
        form.attributes = attributes;
        w.execute(&w.requester, DraftRequest::new(template, form)).await.unwrap()
    };
    let request = submit(values(&[
        ("company", "Other"),
        ("mail", "x@y"),
        ("adminCount", "1"),
        ("title", "a\u{202E}b"),
    ]))
    .await;
    let error = w.refused(&w.requester, SubmitRequest::new(request), "T-3").await;
    for rule in ["T-3", "T-13", "R-3"] {
        received(&error, rule);
    }
    let said: Vec<_> = error.refusals().iter().map(|refusal| refusal.message().to_owned()).collect();
    for part in [
        "same value for all",
        "no attribute mail",
        "department must be filled in",
        "adminCount cannot be set",
    ] {
        assert!(said.iter().any(|message| message.contains(part)), "{part}: {said:?}");
    }
    // The fixed value itself may be said.
    let request = submit(values(&[("company", "Example"), ("department", "IT")])).await;
    w.execute(&w.requester, SubmitRequest::new(request)).await.unwrap();
    let request = submit(values(&[("department", "IT"), ("DEPARTMENT", "Payroll")])).await;
    w.refused(&w.requester, SubmitRequest::new(request), "T-3").await;
    // A gMSA has none (T-11).
    let gmsas = w.publish("gMSAs", w.managed_body(EolAction::Review)).await;
    let mut form = form("web");
    form.attributes = values(&[("title", "x")]);
    let request = w.execute(&w.requester, DraftRequest::new(gmsas, form)).await.unwrap();
    w.refused(&w.requester, SubmitRequest::new(request), "T-11").await;
}

#[tokio::test]
async fn t_3_t_12_a_template_that_nobody_could_fill_in_is_not_published() {
    let w = World::new().await;
    let mut body = w.body(EolAction::Review);
    let mut nobodys = TemplateAttribute::optional();
    nobodys.read_only = true;
    body.attributes = [
        ("company".to_owned(), nobodys),
        ("title".to_owned(), TemplateAttribute::with_default("a\nb")),
        ("info".to_owned(), TemplateAttribute::optional()),
        ("INFO".to_owned(), TemplateAttribute::optional()),
    ]
    .into();
    let template = w.execute(&w.admin, DraftTemplate::new("wrong", body)).await.unwrap();
    let error = w.refused(&w.admin, PublishTemplate::new(template), "T-3").await;
    assert_eq!(error.refusals().len(), 3, "{error}");
}

/// M-2: what the account was given stays where the new version leaves it open; what is missing is asked for.
#[tokio::test]
async fn t_3_m_2_a_migrated_account_keeps_what_it_was_given() {
    let w = World::new().await;
    let template = w.publish("with attributes", body(&w)).await;
    let mut form = form("payroll");
    form.attributes = values(&[("department", "Payroll"), ("title", "nightly run")]);
    let id = w.provisioned_as(template, form).await;
    let mut next = body(&w);
    next.attributes.insert("company".into(), "Example plc".into());
    next.attributes.insert("info".into(), TemplateAttribute::required());
    w.execute(&w.admin, EditTemplate::new(template, next)).await.unwrap();
    w.execute(&w.admin, PublishTemplate::new(template)).await.unwrap();
    let mut migrate = MigrateAccount::new(id, template);
    w.refused(&w.admin, migrate.clone(), "T-3").await;
    migrate.attributes = values(&[("company", "Other"), ("info", "owned by the run team")]);
    w.refused(&w.admin, migrate.clone(), "T-3").await;
    migrate.attributes.remove("company");
    w.execute(&w.admin, migrate).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    let wanted = values(&[
        ("company", "Example plc"),
        ("title", "nightly run"),
        ("department", "Payroll"),
        ("info", "owned by the run team"),
    ]);
    assert_eq!(there(&w, id).await, wanted);
    assert_eq!(w.view(id).await.account.attributes, wanted);
}

/// F-1: a file says a value alone, or what is left open; what it does not say has its default, and what there is none of is refused.
#[test]
fn t_3_f_1_attributes_in_a_file() {
    use alm_core::rules::policy;
    use serde_json::json;
    let fields = |attributes: serde_json::Value| {
        let id = uuid::Uuid::nil();
        let value = json!({
            "eol_action": "review", "attributes": attributes,
            "vault": { "vault": id, "folder": "1", "secret_template": "2" },
            "directory": { "domain": id, "ous": ["OU=a,DC=b"] },
        });
        value.as_object().unwrap().clone()
    };
    let said = fields(json!({
        "company": "Example", "department": { "required": true }, "info": {},
        "title": { "default": "x" }, "l": { "default": "y", "read_only": true, "required": false },
    }));
    let body = policy::body("t", &said).unwrap();
    assert_eq!(body.attributes["company"], TemplateAttribute::fixed("Example"));
    assert_eq!(body.attributes["department"], TemplateAttribute::required());
    assert_eq!(body.attributes["info"], TemplateAttribute::optional());
    assert_eq!(body.attributes["title"], TemplateAttribute::with_default("x"));
    assert_eq!(body.attributes["l"], TemplateAttribute::fixed("y"));
    let written = policy::fields(&body);
    let wanted = json!({
        "company": "Example", "department": { "required": true }, "info": {}, "title": { "default": "x" }, "l": "y",
    });
    assert_eq!(written["attributes"], wanted);
    assert_eq!(policy::body("t", &written).unwrap(), body, "what is written is read again");
    for wrong in
        [json!({ "info": { "requird": true } }), json!({ "info": 7 }), json!({ "info": { "default": 7 } })]
    {
        let refusals = policy::body("t", &fields(wrong)).unwrap_err();
        assert_eq!(refusals[0].rule(), "F-1");
        assert!(refusals[0].message().contains("attributes.info"), "{refusals:?}");
    }
}
