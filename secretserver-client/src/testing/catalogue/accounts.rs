//! Users, groups, roles, SDK clients, and the server itself.

use std::error::Error;
use std::sync::Arc;

use super::{Collected, SECRET};
use crate::ids::{DomainId, GroupId, RoleId, SdkClientId, UserId};
use crate::patch::Change;
use crate::resource::groups::{self, GroupFilter, GroupPatch, GroupUpdate, MemberFilter, NewGroup};
use crate::resource::roles::{self, RoleFilter};
use crate::resource::users::{
    self, AccountFilter, LockOutReason, NewUser, TwoFactorKind, UnixAuthentication, UserFilter, UserPatch,
    UserUpdate,
};
use crate::resource::{configuration, healthcheck, sdk_clients, system, version};

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    all.add(healthcheck::GetHealth)?;
    all.add(version::GetVersion)?;
    all.add(configuration::GetConfiguration)?;
    all.add(system::ExpireToken)?;
    let registration = sdk_clients::Registration::new("host", "Machine: host", "Rule").key(SECRET.into());
    all.add(sdk_clients::Register(registration))?;
    all.add(sdk_clients::Revoke { id: SdkClientId::new(1)? })?;
    users(all)?;
    groups(all)?;
    let id = RoleId::new(2)?;
    let filter = Arc::new(RoleFilter::of_user(UserId::new(20)?).with_inactive());
    all.add(roles::SearchRoles { filter, skip: 0, take: 50 })?;
    all.add(roles::GetRole { id })?;
    all.add(roles::ListRolePermissions { id, skip: 0, take: 50 })
}

fn users(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = UserId::new(20)?;
    let groups = vec![GroupId::new(3)?, GroupId::new(4)?];
    let roles = vec![RoleId::new(2)?, RoleId::new(5)?];
    let (skip, take) = (0, 50);
    let mut filter = UserFilter::text("har").in_domain(DomainId::new(2)?).with_inactive();
    filter.search_fields = vec!["userName".to_owned()];
    filter.user_ids = vec![id];
    let filter = Arc::new(filter);
    let accounts = Arc::new(AccountFilter::text("svc").enabled_only());
    all.add(users::GetCurrentUser)?;
    all.add(users::SearchUsers { filter: Arc::clone(&filter), skip, take })?;
    all.add(users::LookupUsers { filter, skip, take })?;
    all.add(users::LookupApplicationAccounts { filter: accounts, skip, take })?;
    all.add(users::ListDomains { skip, take })?;
    all.add(users::GetUserStub)?;
    all.add(users::GetUser { id, include_inactive: true })?;
    let mut new = NewUser::new("harry1", "Harry One", SECRET).email("h@corp.example").application_account();
    new.domain_id = Some(DomainId::new(2)?);
    new.enabled = Some(true);
    new.unix_authentication_method = Some(UnixAuthentication::Password);
    all.add(users::CreateUser(new))?;
    let user: users::User = serde_json::from_value(serde_json::json!({
        "id": 20, "userName": "harry1", "displayName": "Harry One", "enabled": true,
        "unixAuthenticationMethod": "Password",
    }))?;
    all.add(users::ReplaceUser(UserUpdate::of(&user)))?;
    let patch = UserPatch {
        display_name: "Harry".to_owned().into(),
        email_address: Change::Set(None),
        enabled: false.into(),
        is_locked_out: false.into(),
        login_failures: 0.into(),
        password: Change::Set(SECRET.into()),
        ..UserPatch::default()
    };
    all.add(users::PatchUser { id, patch })?;
    all.add(users::DisableUser { id })?;
    all.add(users::ResetPassword { id, password: SECRET.into() })?;
    all.add(users::ChangeOwnPassword { current: SECRET.into(), new: SECRET.into() })?;
    all.add(users::LockOutUser { id, reason: LockOutReason::Other, description: "why".to_owned() })?;
    all.add(users::ResetTwoFactor { id, kind: TwoFactorKind::Oath })?;
    all.add(users::ListUserAudit { id, skip, take })?;
    all.add(users::ListUserGroups { id, skip, take })?;
    all.add(users::AddGroups { id, groups: groups.clone() })?;
    all.add(users::SetGroups { id, groups: groups.clone() })?;
    all.add(users::RemoveGroups { id, groups })?;
    all.add(users::ListUserRoles { id, skip, take })?;
    all.add(users::ListAssignedRoles { id, skip, take })?;
    all.add(users::AddRoles { id, roles: roles.clone() })?;
    all.add(users::SetRoles { id, roles: roles.clone() })?;
    all.add(users::RemoveRoles { id, roles })
}

fn groups(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = GroupId::new(3)?;
    let user = UserId::new(20)?;
    let (skip, take) = (0, 50);
    let mut filter = GroupFilter::text("web").in_domain(DomainId::new(2)?).with_inactive();
    filter.limit_to_viewable_groups = true;
    filter.platform_only = true;
    let filter = Arc::new(filter);
    all.add(groups::SearchGroups { filter: Arc::clone(&filter), skip, take })?;
    all.add(groups::LookupGroups { filter, skip, take })?;
    all.add(groups::GetGroupStub)?;
    all.add(groups::GetGroup { id })?;
    all.add(groups::CreateGroup(NewGroup::new("web operators").owned_by(vec![user])))?;
    let group: groups::Group = serde_json::from_value(serde_json::json!({
        "id": 3, "name": "web operators", "enabled": true,
        "owners": [{ "groupId": 9, "userId": 20, "name": "h" }, { "groupId": 10, "name": "g" }],
    }))?;
    all.add(groups::ReplaceGroup(GroupUpdate::of(&group)))?;
    let patch = GroupPatch {
        name: "web".to_owned().into(),
        enabled: true.into(),
        owner_group_ids: vec![GroupId::new(9)?].into(),
        added_owner_group_ids: vec![GroupId::new(10)?],
        removed_owner_group_ids: vec![GroupId::new(11)?],
    };
    all.add(groups::PatchGroup { id, patch })?;
    all.add(groups::DeleteGroup { id })?;
    let filter = MemberFilter { user_domain_id: Some(DomainId::new(2)?), ..MemberFilter::default() };
    all.add(groups::SearchMembers { id, filter: filter.with_inactive(), skip, take })?;
    all.add(groups::GetMember { id, user })?;
    all.add(groups::AddMember { id, user })?;
    all.add(groups::RemoveMember { id, user })?;
    all.add(groups::PatchMembers { id, add: vec![user], remove: vec![UserId::new(21)?] })?;
    all.add(groups::SetMembers { id, users: vec![user] })
}
