//! People, groups and roles: who may change them, and what a change must leave behind (O-1 to O-4, P-1, P-2, W-2).

use ad_directory::ObjectGuid;
use alm_core::Caller;
use alm_core::model::account::Owner;
use alm_core::model::api_token::ApiTokenSecret;
use alm_core::model::ids::{GroupId, PersonId, RoleId};
use alm_core::model::people::{
    ACCOUNT_OWNER, APPROVER, EVERYONE, Feature, Group, Permission, Person, REQUESTER, Role,
    SYSTEM_ADMINISTRATOR, Verb,
};
use alm_core::model::request::RequestStatus;
use alm_core::model::template::{ApprovalStep, EolAction};
use alm_core::port::clock::Clock as _;
use alm_core::port::entropy::SystemEntropy;
use alm_core::service::accounts::SetOwners;
use alm_core::service::api_tokens::{CreateApiToken, DeleteApiToken, EditApiToken};
use alm_core::service::approvals::CastVote;
use alm_core::service::groups::{AddGroup, ChangeMembers, RenameGroup, SetGroupEnabled};
use alm_core::service::people::{AddPerson, EditPerson, LinkDirectoryAccount, SetPersonEnabled};
use alm_core::service::roles::{AddRole, ChangeRoles, DeleteRole, EditRole, RoleHolder};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::rules::received;
use super::world::World;

impl World {
    async fn person(&self, name: &str, roles: impl IntoIterator<Item = RoleId>) -> Caller {
        let mut command = AddPerson::new(name, "someone@example.com");
        command.roles.extend(roles);
        Caller::new(self.execute(&self.admin, command).await.unwrap(), "test")
    }

    async fn group(&self, name: &str, members: impl IntoIterator<Item = PersonId>) -> GroupId {
        self.execute(&self.admin, AddGroup::new(name, members)).await.unwrap()
    }
}

const fn all(feature: Feature) -> [Permission; 5] {
    [
        Permission::new(feature, Verb::Create),
        Permission::new(feature, Verb::Read),
        Permission::new(feature, Verb::Update),
        Permission::new(feature, Verb::Delete),
        Permission::new(feature, Verb::Manage),
    ]
}

#[tokio::test]
async fn o_1_a_person_is_renamed_reached_and_linked_by_those_who_may() {
    let world = World::new().await;
    let id = world.lead.person;
    world.refused(&world.admin, EditPerson::new(id, "", ["lea@example.com"]), "O-1").await;
    world.refused(&world.admin, EditPerson::new(id, "Lea", ["nowhere"]), "O-1").await;
    world.refused(&world.admin, EditPerson::new(id, "Lea", Vec::<String>::new()), "O-1").await;
    // One's own address is not one's own to change: a sign-in is recognized by it.
    world.refused(&world.lead, EditPerson::new(id, "Lea", ["x@example.com"]), "P-1").await;
    let addresses = ["lea@example.com", "lea@example.org"];
    world.execute(&world.admin, EditPerson::new(id, "Lea L.", addresses)).await.unwrap();
    let lea: Person = world.document(id.uuid()).await;
    assert_eq!((lea.display_name.as_str(), lea.emails.len()), ("Lea L.", 2));

    let object = ObjectGuid::from(Uuid::from_u128(9));
    let link = LinkDirectoryAccount::new(id, world.domain, object);
    world.refused(&world.lead, link, "P-1").await;
    world.execute(&world.admin, link).await.unwrap();
    let theirs = LinkDirectoryAccount::new(world.lead2.person, world.domain, object);
    world.refused(&world.admin, theirs, "O-1").await;
    // Another account of the same domain takes the place of the first.
    let other = LinkDirectoryAccount::new(id, world.domain, ObjectGuid::from(Uuid::from_u128(10)));
    world.execute(&world.admin, other).await.unwrap();
    let lea: Person = world.document(id.uuid()).await;
    assert_eq!(lea.directory.len(), 1);
    world.execute(&world.admin, theirs).await.unwrap();
    world.execute(&world.admin, LinkDirectoryAccount::end(id, world.domain)).await.unwrap();
    let lea: Person = world.document(id.uuid()).await;
    assert!(lea.directory.is_empty());
}

#[tokio::test]
async fn o_2_a_group_has_one_name_and_everyone_stays_what_it_is() {
    let world = World::new().await;
    world.refused(&world.admin, AddGroup::new("team LEADS", []), "O-2").await;
    world.refused(&world.admin, RenameGroup::new(world.requesters, "Team leads"), "O-2").await;
    world.execute(&world.admin, RenameGroup::new(world.requesters, "Askers")).await.unwrap();
    // A name that was given up is free.
    world.group("Requesters", []).await;
    let nobody = PersonId::new(Uuid::from_u128(404));
    world.refused(&world.admin, AddGroup::new("Ghosts", [nobody]), "O-2").await;
    world.refused(&world.admin, ChangeMembers::new(world.leads).join([nobody]), "O-2").await;
    let both = ChangeMembers::new(world.leads).join([world.lead.person]).leave([world.lead.person]);
    world.refused(&world.admin, both, "O-2").await;
    world.refused(&world.admin, RenameGroup::new(EVERYONE, "Somebody"), "O-2").await;
    world.refused(&world.admin, ChangeMembers::new(EVERYONE).leave([world.lead.person]), "O-2").await;
    world.refused(&world.admin, SetGroupEnabled::disable(EVERYONE), "O-2").await;
    let give = ChangeRoles::new(RoleHolder::Group(EVERYONE)).give(APPROVER);
    world.refused(&world.admin, give, "O-2").await;
    world
        .refused(&world.stranger, ChangeMembers::new(world.leads).join([world.stranger.person]), "P-1")
        .await;
}

#[tokio::test]
async fn o_2_a_group_in_use_is_disabled_with_another_in_its_place_which_then_counts() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let account = world.provisioned(template, "payroll").await;
    let waiting = world.submitted(template, "other").await;
    let error = world.refused(&world.admin, SetGroupEnabled::disable(world.leads), "O-2").await;
    assert!(error.to_string().contains("the approval of"), "{error}");

    let heir = world.group("Heirs", [world.stranger.person]).await;
    let owners = [Owner::Group(heir)];
    world.execute(&world.requester, SetOwners::new(account, owners)).await.unwrap();
    let error = world.refused(&world.admin, SetGroupEnabled::disable(heir), "O-2").await;
    assert!(error.to_string().contains("svc-payroll"), "{error}");

    let disable = SetGroupEnabled::disable(world.leads);
    world.refused(&world.admin, disable.replaced_by(world.leads), "O-2").await;
    world.refused(&world.admin, disable.replaced_by(GroupId::new(Uuid::from_u128(404))), "O-2").await;
    world.refused(&world.stranger, disable.replaced_by(heir), "P-1").await;
    world.execute(&world.admin, disable.replaced_by(heir)).await.unwrap();
    // The members are no approvers any more, and are not disabled; those in their place are.
    let lead: Person = world.document(world.lead.person.uuid()).await;
    assert!(lead.enabled);
    world.refused(&world.lead, CastVote::approve(waiting), "R-11").await;
    world.execute(&world.stranger, CastVote::approve(waiting)).await.unwrap();
    // Whoever stands in another's place cannot simply go.
    let error = world.refused(&world.admin, SetGroupEnabled::disable(heir), "O-2").await;
    assert!(error.to_string().contains("whose place it takes"), "{error}");
    world.refused(&world.admin, SetGroupEnabled::disable(heir).replaced_by(world.leads), "O-2").await;

    world.execute(&world.admin, SetGroupEnabled::enable(world.leads)).await.unwrap();
    let third = world.submitted(template, "third").await;
    world.refused(&world.stranger, CastVote::approve(third), "R-11").await;
    world.execute(&world.lead, CastVote::approve(third)).await.unwrap();
    let leads: Group = world.document(world.leads.uuid()).await;
    assert_eq!(leads.replaced_by, None);
    world.refused(&world.admin, SetGroupEnabled::enable(world.leads).replaced_by(heir), "O-2").await;
}

#[tokio::test]
async fn w_2_groups_are_not_emptied_or_disabled_from_under_their_accounts() {
    let world = World::new().await;
    let template = world.template(EolAction::Review).await;
    let account = world.provisioned(template, "payroll").await;
    let (first, second) = (world.lead.person, world.lead2.person);
    let team = world.group("Team", [first, second]).await;
    world.execute(&world.requester, SetOwners::new(account, [Owner::Group(team)])).await.unwrap();
    world.refused(&world.admin, ChangeMembers::new(team).leave([first, second]), "W-2").await;
    world.execute(&world.admin, ChangeMembers::new(team).leave([first])).await.unwrap();
    world.refused(&world.admin, ChangeMembers::new(team).leave([second]), "W-2").await;
    world.refused(&world.admin, SetPersonEnabled::new(second, false), "W-2").await;
    let empty = world.group("Empty", []).await;
    world.refused(&world.admin, SetGroupEnabled::disable(team).replaced_by(empty), "W-2").await;
    let others = world.group("Others", [world.security.person]).await;
    world.execute(&world.admin, SetGroupEnabled::disable(team).replaced_by(others)).await.unwrap();
    world.execute(&world.admin, SetPersonEnabled::new(second, false)).await.unwrap();
    // Now it is the ones in its place who must not go.
    world.refused(&world.admin, ChangeMembers::new(others).leave([world.security.person]), "W-2").await;
    world.refused(&world.admin, SetPersonEnabled::new(world.security.person, false), "W-2").await;
    let exchange = ChangeMembers::new(others).leave([world.security.person]).join([first]);
    world.execute(&world.admin, exchange).await.unwrap();
}

#[tokio::test]
async fn p_2_administration_through_a_group_is_counted() {
    let world = World::new().await;
    let other = world.person("Otto", []).await;
    let group = world.execute(&world.admin, AddGroup::new("Admins", []).role(SYSTEM_ADMINISTRATOR)).await;
    let group = group.unwrap();
    let me = RoleHolder::Person(world.admin.person);
    world.refused(&world.admin, ChangeRoles::new(me).take(SYSTEM_ADMINISTRATOR), "P-2").await;
    world.execute(&world.admin, ChangeMembers::new(group).join([other.person])).await.unwrap();
    world.execute(&world.admin, ChangeRoles::new(me).take(SYSTEM_ADMINISTRATOR)).await.unwrap();
    for command in [SetGroupEnabled::disable(group)] {
        world.refused(&other, command, "P-2").await;
    }
    world.refused(&other, ChangeMembers::new(group).leave([other.person]), "P-2").await;
    world.refused(&other, SetPersonEnabled::new(other.person, false), "P-2").await;
    let take = ChangeRoles::new(RoleHolder::Group(group)).take(SYSTEM_ADMINISTRATOR);
    world.refused(&other, take.clone(), "P-2").await;
    world.execute(&other, ChangeRoles::new(me).give(SYSTEM_ADMINISTRATOR)).await.unwrap();
    world.execute(&other, take).await.unwrap();
    world.refused(&other, RenameGroup::new(group, "X"), "P-1").await;
}

#[tokio::test]
async fn o_3_a_role_is_made_changed_and_deleted_and_its_holders_feel_it_at_once() {
    let world = World::new().await;
    let role = AddRole::new("Group keeper", all(Feature::Group));
    let id = world.execute(&world.admin, role.clone()).await.unwrap();
    world.refused(&world.admin, AddRole::new("group KEEPER", []), "O-3").await;
    world.refused(&world.admin, AddRole::new("", []), "O-3").await;
    world.refused(&world.admin, AddRole::new("Auditor", all(Feature::Audit)), "P-1").await;
    let keeper = world.person("Kim Keeper", [id]).await;
    world.execute(&keeper, AddGroup::new("Of Kim", [])).await.unwrap();
    world.refused(&world.admin, DeleteRole::new(id), "O-3").await;
    let edit = EditRole::new(id, "Group keeper", all(Feature::Group));
    world.execute(&world.admin, edit.clone().disabled()).await.unwrap();
    world.refused(&keeper, AddGroup::new("Of Kim too", []), "P-1").await;
    world.execute(&world.admin, edit).await.unwrap();
    world.execute(&keeper, AddGroup::new("Of Kim too", [])).await.unwrap();
    let holder = RoleHolder::Person(keeper.person);
    world.refused(&world.admin, ChangeRoles::new(holder).give(id).take(id), "O-3").await;
    world.execute(&world.admin, ChangeRoles::new(holder).take(id)).await.unwrap();
    world.refused(&keeper, AddGroup::new("Of Kim no more", []), "P-1").await;
    world.execute(&world.admin, DeleteRole::new(id)).await.unwrap();
    let gone = RoleId::new(id.uuid());
    world.refused(&world.admin, ChangeRoles::new(holder).give(gone), "O-3").await;

    let everyone_new = AddRole::new("Reader", [Permission::new(Feature::Vault, Verb::Read)]).for_new_people();
    let reader = world.execute(&world.admin, everyone_new).await.unwrap();
    let fresh = world.person("Fritz Fresh", []).await;
    let fresh: Person = world.document(fresh.person.uuid()).await;
    assert!(fresh.roles.contains(&reader));
    let old: Person = world.document(world.lead.person.uuid()).await;
    assert!(!old.roles.contains(&reader));
}

#[tokio::test]
async fn o_4_built_in_roles_stay_what_they_are() {
    let world = World::new().await;
    for id in [ACCOUNT_OWNER, REQUESTER, APPROVER, SYSTEM_ADMINISTRATOR] {
        world.refused(&world.admin, EditRole::new(id, "mine", []), "O-4").await;
        world.refused(&world.admin, DeleteRole::new(id), "O-4").await;
        let role: Role = world.document(id.uuid()).await;
        assert!(role.built_in && role.enabled);
    }
}

#[tokio::test]
async fn p_1_nobody_gives_more_than_they_hold() {
    let world = World::new().await;
    let permissions = [Feature::Role, Feature::User, Feature::Group].into_iter().flat_map(all);
    let keeper = world.execute(&world.admin, AddRole::new("Keeper", permissions)).await.unwrap();
    let keeper = world.person("Kim Keeper", [keeper]).await;
    let me = RoleHolder::Person(keeper.person);
    world.refused(&keeper, ChangeRoles::new(me).give(SYSTEM_ADMINISTRATOR), "P-1").await;
    world.refused(&keeper, ChangeRoles::new(me).give(APPROVER), "P-1").await;
    world.refused(&keeper, AddPerson::new("X", "x@example.com").role(APPROVER), "P-1").await;
    world.refused(&keeper, AddGroup::new("X", []).role(SYSTEM_ADMINISTRATOR), "P-1").await;
    world.refused(&keeper, AddRole::new("X", all(Feature::Vault)), "P-1").await;
    let admins = AddGroup::new("Admins", []).role(SYSTEM_ADMINISTRATOR);
    let admins = world.execute(&world.admin, admins).await.unwrap();
    world.refused(&keeper, ChangeMembers::new(admins).join([keeper.person]), "P-1").await;
    world.execute(&world.admin, SetGroupEnabled::disable(admins)).await.unwrap();
    world.refused(&keeper, SetGroupEnabled::enable(admins), "P-1").await;
    let vault = AddRole::new("Vault keeper", all(Feature::Vault));
    let vault = world.execute(&world.admin, vault).await.unwrap();
    world.refused(&keeper, EditRole::new(vault, "Mine", []), "P-1").await;
    world.refused(&keeper, DeleteRole::new(vault), "P-1").await;
    // What they hold themselves they may give.
    let users = AddRole::new("User keeper", all(Feature::User));
    let users = world.execute(&keeper, users).await.unwrap();
    let holder = RoleHolder::Person(world.lead.person);
    world.execute(&keeper, ChangeRoles::new(holder).give(users)).await.unwrap();
    world.execute(&world.lead, AddPerson::new("Yara", "y@example.com")).await.unwrap();
}

#[tokio::test]
async fn r_8_t_12_a_step_of_a_group_and_its_replacement_reaches_enough_people() {
    let world = World::new().await;
    let heir = world.group("Heirs", [world.stranger.person, world.security.person]).await;
    let old = world.group("Old", []).await;
    world.execute(&world.admin, SetGroupEnabled::disable(old).replaced_by(heir)).await.unwrap();
    let mut body = world.body(EolAction::Review);
    let mut step = ApprovalStep::of_groups("both", [old]);
    step.required = 2;
    body.approval = vec![step];
    let template = world.publish("by heirs", body).await;
    let request = world.submitted(template, "payroll").await;
    let status = world.execute(&world.stranger, CastVote::approve(request)).await.unwrap();
    assert_eq!(status, RequestStatus::Submitted);
    let status = world.execute(&world.security, CastVote::approve(request)).await.unwrap();
    assert_eq!(status, RequestStatus::Queued);
}

#[tokio::test]
async fn p_1_o_11_a_token_opens_what_it_names_as_long_as_it_may() {
    let world = World::new().await;
    let token = ApiTokenSecret::generate(&SystemEntropy::new()).unwrap();
    let until = world.clock.now() + SignedDuration::from_hours(24 * 30);
    let groups =
        [Permission::new(Feature::Group, Verb::Create), Permission::new(Feature::ApiToken, Verb::Create)];
    let create = CreateApiToken::new("the pipeline", &token, groups, until);
    // Who may not, for nothing, for too long, for the past.
    world.refused(&world.lead, create.clone(), "P-1").await;
    world.refused(&world.admin, CreateApiToken::new("x", &token, [], until), "O-11").await;
    world.refused(&world.admin, CreateApiToken::new("", &token, groups, until), "O-11").await;
    let far = world.clock.now() + SignedDuration::from_hours(24 * 367);
    world.refused(&world.admin, CreateApiToken::new("x", &token, groups, far), "O-11").await;
    let past = world.clock.now();
    world.refused(&world.admin, CreateApiToken::new("x", &token, groups, past), "O-11").await;
    let id = world.execute(&world.admin, create.clone()).await.unwrap();
    world.refused(&world.admin, create, "O-11").await;

    let program = world.alm.sign_in_by_token(token.secret(), "10.0.0.7").await.unwrap();
    assert_eq!((program.person, program.token), (world.admin.person, Some(id)));
    world.execute(&program, AddGroup::new("By a program", [])).await.unwrap();
    // The owner may, the token may not.
    world.refused(&program, AddPerson::new("X", "x@example.com"), "P-1").await;
    world.refused(&program, RenameGroup::new(world.leads, "X"), "P-1").await;
    received(&world.alm.accounts(&program, None, 1).await.unwrap_err(), "P-1");
    // It cannot make one that opens more.
    let other = ApiTokenSecret::generate(&SystemEntropy::new()).unwrap();
    let more = CreateApiToken::new("more", &other, all(Feature::User), until);
    world.refused(&program, more, "P-1").await;

    // What a person no longer may, their tokens no longer open.
    let second = world.person("Otto", [SYSTEM_ADMINISTRATOR]).await;
    let theirs = CreateApiToken::new("theirs", &other, groups, until);
    let theirs = world.execute(&second, theirs).await.unwrap();
    let of_second = world.alm.sign_in_by_token(other.secret(), "here").await.unwrap();
    let take = ChangeRoles::new(RoleHolder::Person(second.person)).take(SYSTEM_ADMINISTRATOR);
    world.execute(&world.admin, take).await.unwrap();
    world.refused(&of_second, AddGroup::new("No more", []), "P-1").await;
    world.refused(&second, EditApiToken::new(theirs, "x"), "P-1").await;

    // Disabled, expired or removed, at once; for programs that signed in before, too.
    world.execute(&world.admin, EditApiToken::new(id, "the pipeline").disabled()).await.unwrap();
    world.refused(&program, AddGroup::new("Disabled", []), "P-1").await;
    received(&world.alm.sign_in_by_token(token.secret(), "here").await.unwrap_err(), "P-1");
    world.execute(&world.admin, EditApiToken::new(id, "the pipeline")).await.unwrap();
    world.execute(&program, AddGroup::new("Enabled", [])).await.unwrap();
    let listed = world.alm.api_tokens(&world.admin, world.admin.person).await.unwrap();
    assert_eq!((listed.len(), listed[0].description.as_str()), (1, "the pipeline"));
    received(&world.alm.api_tokens(&world.lead, world.admin.person).await.unwrap_err(), "P-1");
    world.clock.advance(SignedDuration::from_hours(24 * 30));
    world.refused(&program, AddGroup::new("Expired", []), "P-1").await;
    world.refused(&world.lead, DeleteApiToken::new(id), "P-1").await;
    world.execute(&world.admin, DeleteApiToken::new(id)).await.unwrap();
    world.refused(&program, AddGroup::new("Removed", []), "P-1").await;

    // What was tried is in the audit, the token is nowhere.
    let (count, _) = world.store.audit_head().await.unwrap();
    let records = world.store.audit(1, u32::try_from(count).unwrap()).await.unwrap();
    let text = format!("{records:?}");
    assert!(text.contains("api_token.sign_in"));
    assert!(!text.contains(token.secret().expose_secret()));
}

#[tokio::test]
async fn p_1_what_is_no_token_opens_nothing() {
    let world = World::new().await;
    for text in ["", "alm_", "password", &format!("alm_{}", "0".repeat(64))] {
        let error = world.alm.sign_in_by_token(&SecretString::from(text), "here").await.unwrap_err();
        received(&error, "P-1");
    }
}
