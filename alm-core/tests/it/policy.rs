//! Policy as code (section F).

use std::collections::BTreeSet;

use alm_core::model::people::{Feature, Permission, Person, Role, Verb};
use alm_core::model::policy::{Policy, PolicyRole, PolicySettings};
use alm_core::model::template::{EolAction, Template, TemplateState, TemplateVersion};
use alm_core::service::policy::ApplyPolicy;
use alm_core::service::publishing::PublishTemplate;
use alm_core::service::templates::DisableTemplate;

use super::rules::received;
use super::world::{OU, World};

fn file(w: &World) -> String {
    let _ = w;
    format!(
        r#"
version = 1

[settings]
two_person_publishing = false
rotations_at_once = 50

[[role]]
name = "Auditor"
permissions = ["audit:read", "managed-account:read", "managed-account:manage"]

[[template]]
name = "Batch accounts"
purpose = "Jobs that run at night."
eol_action = "disable"
periods = [{{ days = 90 }}, {{ years = 1 }}]
renewal_lead_days = 30
requesters = ["Requesters"]
ownership = {{ people = {{ min = 1, max = 3 }} }}
attributes = {{ department = "IT" }}

[template.vault]
vault = "Secret Server"
folder = "12"
secret_template = "6001"

[template.directory]
domain = "CORP.example.com"
ous = ["{OU}"]
name_prefix = "svc-"

[template.reminders]
every_days = 14

[[template.approval]]
name = "team lead"
groups = ["team leads"]

[[template.approval]]
name = "security"
people = ["Sam@example.com"]
required = 1
escalate_after_hours = 48
"#
    )
}

fn policy(w: &World) -> Policy {
    Policy::from_toml(&file(w)).unwrap()
}

async fn only<T: alm_core::port::store::Stored>(w: &World, fits: impl Fn(&T) -> bool) -> T {
    let all = w.store.list(T::KIND, None, 1000).await.unwrap();
    all.iter().map(|document| T::read(document).unwrap()).find(fits).unwrap()
}

#[tokio::test]
async fn f_1_f_2_a_file_becomes_roles_and_drafts_and_the_same_again_changes_nothing() {
    let w = World::new().await;
    let apply = ApplyPolicy::new(policy(&w)).revision("1f6c2ab");
    w.refused(&w.requester, apply.clone(), "P-1").await;
    let plan = w.alm.plan(&w.admin, &apply).await.unwrap();
    assert!(plan.is_allowed(), "{:?}", plan.refusals);
    assert!(plan.changes.iter().any(|line| line.contains("+ audit:read")), "{:?}", plan.changes);
    let applied = w.execute(&w.admin, apply.clone()).await.unwrap();
    assert_eq!((applied.roles.len(), applied.templates.len(), applied.to_publish.len()), (1, 1, 1));

    let role: Role = only(&w, |role: &Role| role.name == "Auditor").await;
    let expected = [
        Permission::new(Feature::Audit, Verb::Read),
        Permission::new(Feature::ManagedAccount, Verb::Read),
        Permission::new(Feature::ManagedAccount, Verb::Manage),
    ];
    assert_eq!(role.permissions, BTreeSet::from(expected));
    let template: Template = w.document(applied.templates[0].uuid()).await;
    let body = template.draft.clone().unwrap();
    assert_eq!((body.eol_action, body.renewal_lead_days), (EolAction::Disable, 30));
    assert_eq!((body.vault.as_ref().unwrap().vault, body.directory.domain), (w.vault_id, w.domain));
    assert_eq!(body.approval[0].groups, [w.leads].into());
    assert_eq!(body.approval[1].people, [w.security.person].into());
    assert_eq!((body.approval[0].required, body.approval[1].escalate_after_hours), (1, Some(48)));
    // What it does not say has its default.
    assert!(body.directory.password_never_expires && body.reminders.at_renewal_date);
    assert_eq!((body.reminders.every_days, body.reminders.urgent), (Some(14), Some((24, 3))));

    // It can be published as it is, and an account be made with it.
    w.execute(&w.admin, PublishTemplate::new(template.id)).await.unwrap();
    w.provisioned(template.id, "payroll").await;

    let again = w.alm.plan(&w.admin, &apply).await.unwrap();
    assert_eq!((again.changes, again.refusals), (vec![], vec![]));
    let again = w.execute(&w.admin, apply).await.unwrap();
    assert_eq!((again.roles, again.templates, again.to_publish), (vec![], vec![], vec![]));
}

#[tokio::test]
async fn f_1_a_change_is_shown_field_by_field_and_becomes_the_next_version() {
    let w = World::new().await;
    let applied = w.execute(&w.admin, ApplyPolicy::new(policy(&w))).await.unwrap();
    let id = applied.templates[0];
    w.execute(&w.admin, PublishTemplate::new(id)).await.unwrap();
    let changed = file(&w)
        .replace("renewal_lead_days = 30", "renewal_lead_days = 20")
        .replace("\"audit:read\", ", "\"vault:read\", ");
    let apply = ApplyPolicy::new(Policy::from_toml(&changed).unwrap());
    let plan = w.alm.plan(&w.admin, &apply).await.unwrap();
    for line in
        ["Batch accounts: renewal_lead_days: 30 → 20", "Auditor: - audit:read", "Auditor: + vault:read"]
    {
        assert!(plan.changes.iter().any(|change| change.contains(line)), "{line}: {:?}", plan.changes);
    }
    let applied = w.execute(&w.admin, apply.clone()).await.unwrap();
    assert_eq!((applied.roles.len(), applied.templates.as_slice()), (1, &[id][..]));
    // T-9: the published version counts until the next is published.
    let template: Template = w.document(id.uuid()).await;
    let version: TemplateVersion = w.document(template.current.unwrap().uuid()).await;
    assert_eq!((template.state, version.body.renewal_lead_days), (TemplateState::Published, 30));
    // What an earlier application left to be published is still said.
    assert_eq!(w.execute(&w.admin, apply).await.unwrap().to_publish, [id]);
    w.execute(&w.admin, PublishTemplate::new(id)).await.unwrap();
    let template: Template = w.document(id.uuid()).await;
    let version: TemplateVersion = w.document(template.current.unwrap().uuid()).await;
    assert_eq!((version.number, version.body.renewal_lead_days), (2, 20));
}

#[tokio::test]
async fn f_1_what_there_is_can_be_written_as_a_file_that_changes_nothing() {
    let w = World::new().await;
    for action in EolAction::ALL {
        w.template(action).await;
    }
    let mut silent = w.body(EolAction::Review);
    (silent.reminders.every_days, silent.reminders.urgent) = (None, None);
    (silent.reminders.at_renewal_date, silent.directory.password_never_expires) = (false, false);
    silent.terms_of_service = Some("none".to_owned());
    w.publish("Silent", silent).await;
    w.publish("Managed", w.managed_body(EolAction::Review)).await;
    w.execute(&w.admin, ApplyPolicy::new(policy(&w))).await.unwrap();
    let gone = w.publish("Disabled", w.body(EolAction::Review)).await;
    w.execute(&w.admin, DisableTemplate::new(gone)).await.unwrap();
    let written = w.alm.policy(&w.admin).await.unwrap();
    let names: Vec<_> = written.templates.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names.len(), 7);
    assert!(!names.contains(&"Disabled") && !written.roles.iter().any(|role| role.name == "Approver"));
    let text = written.to_toml().unwrap();
    assert!(
        text.contains("Team leads") && text.contains("sam@example.com") && text.contains("Secret Server"),
        "{text}"
    );
    assert!(!text.contains(&w.vault_id.to_string()), "{text}");
    assert!(text.contains("every_days = false") && text.contains("urgent = false"), "{text}");
    let read = Policy::from_toml(&text).unwrap();
    let plan = w.alm.plan(&w.admin, &ApplyPolicy::new(read)).await.unwrap();
    assert_eq!((plan.changes, plan.refusals), (vec![], vec![]));
}

#[tokio::test]
async fn f_1_f_2_f_3_everything_that_is_wrong_is_said_at_once_and_nothing_changes() {
    let w = World::new().await;
    let wrong = file(&w)
        .replace("version = 1", "version = 2")
        .replace("rotations_at_once = 50", "rotations_at_once = 7\nsweep_accounts = 3")
        .replace("Secret Server", "Sekret Server")
        .replace("team leads", "Team heads")
        .replace("Sam@example.com", "nobody@example.com");
    let mut wrong = Policy::from_toml(&wrong).unwrap();
    wrong.roles.push(PolicyRole::new("auditor", []));
    let mut disabled = PolicyRole::new("New", []);
    disabled.disabled = true;
    wrong.roles.push(disabled);
    wrong.roles.push(PolicyRole::new("Approver", []));
    let error = w.refused(&w.admin, ApplyPolicy::new(wrong), "F-1").await;
    received(&error, "F-2");
    received(&error, "F-3");
    received(&error, "O-4");
    let text = error.refusals().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in [
        "is 2",
        "role auditor is there twice",
        "built in",
        "rotations_at_once is to be 7",
        "sweep_accounts is to be 3",
        "vault \"Sekret Server\"",
        "group \"Team heads\"",
        "approval[1].people[0] is the address of 0 people",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A-2: an address is nobody's business in the chain.
    let records = w.alm.audit(&w.admin, 1, 1000).await.unwrap();
    assert!(records.iter().all(|record| !record.body.contains("nobody@example.com")));
    assert_eq!(w.alm.policy(&w.admin).await.unwrap().roles, []);

    let fields = file(&w)
        .replace("renewal_lead_days", "renewal_leed_days")
        .replace("name_prefix", "name_perfix")
        .replace("escalate_after_hours", "escalate_after_days");
    let error = w.refused(&w.admin, ApplyPolicy::new(Policy::from_toml(&fields).unwrap()), "F-1").await;
    let text = error.refusals().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in ["renewal_leed_days", "directory.name_perfix", "approval[1].escalate_after_days"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (from, to, says) in [
        ("folder = \"12\"\n", "", "folder"),
        ("eol_action = \"disable\"", "eol_action = \"forget\"", "eol_action"),
        ("renewal_lead_days = 30", "renewal_lead_days = -1", "renewal_lead_days"),
    ] {
        let text = file(&w).replace(from, to);
        let error = w.refused(&w.admin, ApplyPolicy::new(Policy::from_toml(&text).unwrap()), "F-1").await;
        assert!(error.to_string().contains(says) && error.to_string().contains("Batch accounts"), "{error}");
    }
}

#[tokio::test]
async fn f_2_an_address_of_two_people_means_neither() {
    let w = World::new().await;
    let address = |person: &mut Person| person.emails.push("SAM@example.com".to_owned());
    w.execute(&w.admin, ApplyPolicy::new(policy(&w))).await.unwrap();
    w.rewrite::<Person>(w.lead.person.uuid(), address).await;
    let error = w.refused(&w.admin, ApplyPolicy::new(policy(&w)), "F-2").await;
    assert!(error.to_string().contains("2 people"), "{error}");
    // Nor can a file be written that says who is meant.
    let error = w.alm.policy(&w.admin).await.unwrap_err();
    received(&error, "F-2");
}

/// What a reviewer of the plan must not miss.
#[tokio::test]
async fn f_1_a_plan_says_what_becomes_of_a_role_and_who_approves() {
    let w = World::new().await;
    let mut off = Policy::new();
    let mut role = PolicyRole::new("Auditor", [Permission::new(Feature::Audit, Verb::Read)]);
    role.disabled = true;
    off.roles.push(role);
    w.execute(&w.admin, ApplyPolicy::new(off)).await.unwrap();
    let written = w.alm.policy(&w.admin).await.unwrap();
    assert!(written.roles[0].disabled);
    let text = file(&w).replace("\"Auditor\"", "\"auditor\"\nfor_new_people = true");
    let plan = w.alm.plan(&w.admin, &ApplyPolicy::new(Policy::from_toml(&text).unwrap())).await.unwrap();
    let lines = plan.changes.join("\n");
    for part in [
        "auditor: name: Auditor → auditor",
        "auditor: disabled: true → false",
        "auditor: for_new_people: false → true",
        "Batch accounts: approval: default → [{",
        "[\"Team leads\"]",
        "Batch accounts: directory.domain: default → \"corp.example.com\"",
    ] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    w.execute(&w.admin, ApplyPolicy::new(policy(&w))).await.unwrap();
    let text = file(&w).replace("people = [\"Sam@example.com\"]", "people = [\"lea@example.com\"]");
    let plan = w.alm.plan(&w.admin, &ApplyPolicy::new(Policy::from_toml(&text).unwrap())).await.unwrap();
    let lines = plan.changes.join("\n");
    assert!(lines.contains("approval[1].people[0]: \"sam@example.com\" → \"lea@example.com\""), "{lines}");
    assert!(lines.contains("takes the place of a draft"), "{lines}");
}

#[tokio::test]
async fn t_8_f_1_a_disabled_template_a_list_for_a_part_and_a_long_revision_are_refused() {
    let w = World::new().await;
    let applied = w.execute(&w.admin, ApplyPolicy::new(policy(&w))).await.unwrap();
    let listed =
        file(&w).replace("[[template.approval]]\nname = \"team lead\"\ngroups = [\"team leads\"]\n", "");
    let mut listed = Policy::from_toml(&listed).unwrap();
    let step = serde_json::json!([["security", [w.security.person], [], 1, null]]);
    listed.templates[0].body.insert("approval".to_owned(), step);
    let error = w.refused(&w.admin, ApplyPolicy::new(listed), "F-1").await;
    assert!(error.to_string().contains("approval[0] as a list"), "{error}");
    let long = ApplyPolicy::new(policy(&w)).revision("x".repeat(101));
    w.refused(&w.admin, long, "F-1").await;
    w.execute(&w.admin, DisableTemplate::new(applied.templates[0])).await.unwrap();
    w.refused(&w.admin, ApplyPolicy::new(policy(&w)), "T-8").await;
}

/// Nobody gives by a file what they could not give by hand.
#[tokio::test]
async fn f_1_a_file_gives_nothing_that_its_bringer_does_not_hold() {
    let w = World::new().await;
    let permission = |feature, verb| Permission::new(feature, verb);
    let mut made = Policy::new();
    made.roles.push(PolicyRole::new(
        "Policy keeper",
        [
            permission(Feature::Role, Verb::Create),
            permission(Feature::Role, Verb::Update),
            permission(Feature::Role, Verb::Manage),
            permission(Feature::ProvisionTemplate, Verb::Update),
        ],
    ));
    let role = w.execute(&w.admin, ApplyPolicy::new(made)).await.unwrap().roles[0];
    w.rewrite::<Person>(w.stranger.person.uuid(), |person| person.roles.extend([role])).await;
    let mut greedy = Policy::new();
    greedy.roles.push(PolicyRole::new("Mine", [permission(Feature::Vault, Verb::Delete)]));
    greedy.settings = Some(PolicySettings::default());
    w.refused(&w.stranger, ApplyPolicy::new(greedy), "P-1").await;
    let mut modest = Policy::new();
    modest.roles.push(PolicyRole::new("Mine", [permission(Feature::Role, Verb::Update)]));
    w.execute(&w.stranger, ApplyPolicy::new(modest)).await.unwrap();
}

#[test]
fn f_1_a_file_that_is_wrong_says_in_which_line() {
    let wrong = "version = 1\n\n[[role]]\nname = \"Auditor\"\npermissions = [\"audit:write\"]\n";
    for (text, word, line) in
        [(wrong, "audit:write", "line 5"), ("version = 1\nroles = []\n", "roles", "line 2")]
    {
        let error = Policy::from_toml(text).unwrap_err();
        received(&error, "F-1");
        assert!(error.to_string().contains(word) && error.to_string().contains(line), "{error}");
    }
}
