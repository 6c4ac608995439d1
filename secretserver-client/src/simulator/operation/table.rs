//! Every operation: its address, who may call it, which versions know it.
//!
//! Which permission an operation needs is documented for few of them (facts 1.4, 2.2); the rest follows their names. The versions are those of
//! facts 1.2, 2 and 3; where they say nothing, the first one.

use super::Access::{Anyone, SignedIn, With, WithOrSelf};
use super::{Access, Operation};
use crate::simulator::answer::Answer;
use crate::simulator::call::Call;
use crate::simulator::permission::right;
use crate::simulator::resource::{
    access_requests, configuration, dependencies, folder_permissions, folders, groups, policies, roles,
    sdk_clients, secret_permissions, secrets, system, templates, token, users,
};
use crate::simulator::version::Version;
use crate::simulator::world::World;

type Run = fn(&mut World, &Call) -> Answer;

/// An operation that only reads.
const fn read(method: &'static str, path: &'static str, access: Access, run: Run) -> Operation {
    Operation { method, path, access, changes: false, since: Version::FIRST, until: None, run }
}

const fn get(path: &'static str, access: Access, run: Run) -> Operation {
    read("GET", path, access, run)
}

const fn change(method: &'static str, path: &'static str, access: Access, run: Run) -> Operation {
    Operation { method, path, access, changes: true, since: Version::FIRST, until: None, run }
}

const fn post(path: &'static str, access: Access, run: Run) -> Operation {
    change("POST", path, access, run)
}

const fn put(path: &'static str, access: Access, run: Run) -> Operation {
    change("PUT", path, access, run)
}

const fn patch(path: &'static str, access: Access, run: Run) -> Operation {
    change("PATCH", path, access, run)
}

const fn delete(path: &'static str, access: Access, run: Run) -> Operation {
    change("DELETE", path, access, run)
}

impl Operation {
    const fn since(mut self, version: Version) -> Self {
        self.since = version;
        self
    }

    const fn until(mut self, version: Version) -> Self {
        self.until = Some(version);
        self
    }
}

const VIEW: Access = With(&[right::VIEW]);
const EDIT: Access = With(&[right::EDIT]);
const SHARE: Access = With(&[right::SHARE, right::OWN]);
const FOLDERS: Access = With(&[right::FOLDERS]);
const VIEW_USERS: Access = With(&[right::VIEW_USERS, right::USERS]);
const SEE_USER: Access = WithOrSelf(&[right::VIEW_USERS, right::USERS]);
const USERS: Access = With(&[right::USERS]);
const VIEW_GROUPS: Access = With(&[right::VIEW_GROUPS, right::GROUPS, right::ASSIGN_GROUPS]);
const GROUPS: Access = With(&[right::GROUPS]);
const ASSIGN_GROUPS: Access = With(&[right::GROUPS, right::ASSIGN_GROUPS]);
const VIEW_ROLES: Access = With(&[right::VIEW_ROLES, right::ASSIGN_ROLES, right::ROLE_PERMISSIONS]);
const ASSIGN_ROLES: Access = With(&[right::ASSIGN_ROLES]);
const SDK: Access = With(&[right::CREATE_USERS]);
const CONFIGURATION: Access = With(&[right::VIEW_CONFIGURATION, right::CONFIGURATION]);
const VIEW_FOLDERS: Access = With(&[right::VIEW_FOLDERS, right::FOLDERS]);
const VIEW_TEMPLATES: Access = With(templates::READ);

pub(super) static OPERATIONS: &[Operation] = &[
    // Signing in, and the server itself.
    read("POST", "/oauth2/token", Anyone, token::token),
    read("POST", "/api/v1/oauth-expiration", SignedIn, token::expire),
    get("/api/v1/healthcheck", Anyone, system::health),
    get("/api/v1/version", SignedIn, system::version),
    get("/api/v1/users/current", SignedIn, users::current),
    get("/api/v2/configuration/general", CONFIGURATION, configuration::general).since(Version::V11),
    // SDK clients.
    post("/api/v1/sdk-client-accounts", Anyone, sdk_clients::register).since(Version::V10_4),
    get("/api/v1/sdk-client-accounts", SDK, sdk_clients::accounts).since(Version::V10_4),
    get("/api/v1/sdk-client-accounts/enabled", SDK, sdk_clients::enabled).since(Version::V10_4),
    post("/api/v1/sdk-client-accounts/enabled", SDK, sdk_clients::toggle).since(Version::V10_4),
    get("/api/v1/sdk-client-accounts/{id}", SDK, sdk_clients::account).since(Version::V10_4),
    post("/api/v1/sdk-client-accounts/{id}/revoke", SDK, sdk_clients::revoke).since(Version::V10_4),
    get("/api/v1/sdk-client-rules", SDK, sdk_clients::rules).since(Version::V10_4),
    post("/api/v1/sdk-client-rules", SDK, sdk_clients::create_rule).since(Version::V10_4),
    get("/api/v1/sdk-client-rules/stub", SDK, sdk_clients::rule_stub).since(Version::V10_4),
    get("/api/v1/sdk-client-rules/{id}", SDK, sdk_clients::rule).since(Version::V10_4),
    put("/api/v1/sdk-client-rules/{id}", SDK, sdk_clients::replace_rule).since(Version::V10_4),
    delete("/api/v1/sdk-client-rules/{id}", SDK, sdk_clients::delete_rule).since(Version::V10_4),
    get("/api/v1/sdk-client-rules/{id}/onboarding-key", SDK, sdk_clients::onboarding_key)
        .since(Version::V10_4),
    // Users.
    get("/api/v1/users", VIEW_USERS, users::search),
    get("/api/v1/users/lookup", VIEW_USERS, users::lookup),
    get("/api/v1/users/stub", USERS, users::stub),
    post("/api/v1/users", With(&[right::USERS, right::CREATE_USERS]), users::create),
    get("/api/v1/users/{id}", SEE_USER, users::get),
    put("/api/v1/users/{id}", USERS, users::replace),
    patch("/api/v1/users/{id}", USERS, users::patch).since(Version::V10_9),
    delete("/api/v1/users/{id}", USERS, users::disable),
    post("/api/v1/users/{userId}/password-reset", USERS, users::reset).since(Version::V10_9),
    post("/api/v1/users/change-password", SignedIn, users::change_own),
    post("/api/v1/users/{userId}/lock-out", USERS, users::lock_out).since(Version::V11_2),
    post("/api/v1/users/{userId}/reset-two-factor", USERS, users::reset_two_factor).since(Version::V11_2),
    get("/api/v1/users/{userId}/audit", With(&[right::USER_AUDIT, right::USERS]), users::audit),
    get("/api/v1/users/{id}/groups", SEE_USER, users::groups).since(Version::V10_4),
    post("/api/v1/users/{id}/groups", ASSIGN_GROUPS, users::add_groups).since(Version::V10_9_33),
    put("/api/v1/users/{id}/groups", ASSIGN_GROUPS, users::set_groups).since(Version::V10_9_33),
    delete("/api/v1/users/{id}/groups", ASSIGN_GROUPS, users::remove_groups).since(Version::V10_9_33),
    get("/api/v1/users/{id}/roles", SEE_USER, users::roles).since(Version::V10_9),
    post("/api/v1/users/{id}/roles", ASSIGN_ROLES, users::add_roles).since(Version::V10_9_33),
    put("/api/v1/users/{id}/roles", ASSIGN_ROLES, users::set_roles).since(Version::V10_9_33),
    delete("/api/v1/users/{id}/roles", ASSIGN_ROLES, users::remove_roles).since(Version::V10_9_33),
    get("/api/v1/users/{userId}/roles-assigned", SEE_USER, users::roles_assigned).since(Version::V10_9),
    get("/api/v1/application-accounts/lookup", VIEW_USERS, users::application_accounts).since(Version::V10_9),
    get("/api/v1/domains", SignedIn, users::domains),
    // Groups.
    get("/api/v1/groups", VIEW_GROUPS, groups::search).since(Version::V10_4),
    get("/api/v1/groups/lookup", VIEW_GROUPS, groups::lookup).since(Version::V10_4),
    get("/api/v1/groups/stub", GROUPS, groups::stub).since(Version::V10_4),
    post("/api/v1/groups", GROUPS, groups::create).since(Version::V10_4),
    get("/api/v1/groups/{id}", VIEW_GROUPS, groups::get).since(Version::V10_4),
    put("/api/v1/groups/{id}", GROUPS, groups::replace).since(Version::V10_4),
    patch("/api/v1/groups/{groupId}", GROUPS, groups::patch).since(Version::V10_9_33),
    delete("/api/v1/groups/{id}", GROUPS, groups::delete).since(Version::V10_4),
    get("/api/v1/groups/{id}/users", VIEW_GROUPS, groups::members).since(Version::V10_4),
    post("/api/v1/groups/{id}/users", ASSIGN_GROUPS, groups::add_member).since(Version::V10_4),
    put("/api/v1/groups/{groupId}/users", ASSIGN_GROUPS, groups::set_members).since(Version::V10_9_33),
    patch("/api/v1/groups/{id}/users", ASSIGN_GROUPS, groups::patch_members).since(Version::V10_9_33),
    get("/api/v1/groups/{id}/users/{userId}", VIEW_GROUPS, groups::get_member).since(Version::V10_4),
    delete("/api/v1/groups/{id}/users/{userId}", ASSIGN_GROUPS, groups::remove_member).since(Version::V10_4),
    // Roles.
    get("/api/v1/roles", VIEW_ROLES, roles::search),
    get("/api/v1/roles/{id}", VIEW_ROLES, roles::get),
    get("/api/v1/roles/{id}/permissions", VIEW_ROLES, roles::permissions),
    // Folders.
    get("/api/v1/folders", VIEW_FOLDERS, folders::search),
    get("/api/v1/folders/lookup", VIEW_FOLDERS, folders::lookup),
    get("/api/v1/folders/{id}", VIEW_FOLDERS, folders::get),
    get("/api/v1/folders/stub", FOLDERS, folders::stub),
    post("/api/v1/folders", FOLDERS, folders::create),
    put("/api/v1/folders/{id}", FOLDERS, folders::replace),
    patch("/api/v1/folder/{id}", FOLDERS, folders::patch).since(Version::V10_9_33),
    delete("/api/v1/folders/{id}", FOLDERS, folders::delete),
    get("/api/v1/folder-details/{id}", VIEW_FOLDERS, folders::details).since(Version::V10_9),
    get("/api/v1/folders/{id}/audit", FOLDERS, folders::audit),
    get("/api/v1/folder-permissions", VIEW_FOLDERS, folder_permissions::search),
    get("/api/v1/folder-permissions/stub", VIEW_FOLDERS, folder_permissions::stub),
    post("/api/v1/folder-permissions", FOLDERS, folder_permissions::create),
    get("/api/v1/folder-permissions/{id}", VIEW_FOLDERS, folder_permissions::get),
    put("/api/v1/folder-permissions/{id}", FOLDERS, folder_permissions::replace),
    delete("/api/v1/folder-permissions/{id}", FOLDERS, folder_permissions::delete),
    patch("/api/v1/folder/{folderId}/permissions", FOLDERS, folder_permissions::patch)
        .since(Version::V10_9_33),
    // Templates.
    get("/api/v2/secret-templates/{secretTemplateId}", VIEW_TEMPLATES, templates::details)
        .since(Version::V11),
    get("/api/v1/secret-templates/fields/search", VIEW_TEMPLATES, templates::fields).since(Version::V10_9_33),
    get("/api/v1/templates", VIEW_TEMPLATES, folders::templates_in),
    get("/api/v1/templates/{folderId}", VIEW_TEMPLATES, folders::templates_in),
    read(
        "POST",
        "/api/v1/secret-templates/generate-password/{secretfieldId}",
        SignedIn,
        templates::generate_password,
    )
    .since(Version::V10_3),
    get("/api/v1/secret-template-permissions", VIEW_TEMPLATES, templates::permissions)
        .since(Version::V10_9_33),
    get("/api/v1/secret-template-permissions/grouped", VIEW_TEMPLATES, templates::grouped)
        .since(Version::V10_9_33),
    get("/api/v1/secret-template-permissions/roles", VIEW_TEMPLATES, templates::roles)
        .since(Version::V10_9_33),
    get("/api/v1/secret-templates", VIEW_TEMPLATES, templates::search),
    get("/api/v1/secret-templates/{id}", VIEW_TEMPLATES, templates::get),
    // Secrets: reading.
    get("/api/v1/secrets", VIEW, secrets::search),
    get("/api/v2/secrets", VIEW, secrets::search).since(Version::V11),
    get("/api/v1/secrets/search-total", VIEW, secrets::search_total),
    get("/api/v2/secrets/search-total", VIEW, secrets::search_total).since(Version::V11),
    get("/api/v1/secrets/lookup", VIEW, secrets::lookup),
    get("/api/v1/secrets/lookup/{id}", VIEW, secrets::lookup_one),
    get("/api/v1/secrets/stub", With(&[right::ADD]), secrets::stub),
    get("/api/v1/secrets/{id}", VIEW, secrets::get),
    get("/api/v2/secrets/{id}", VIEW, secrets::get).since(Version::V11),
    get("/api/v1/secrets/{id}/summary", VIEW, secrets::summary),
    get("/api/v1/secrets/{id}/state", VIEW, secrets::state).since(Version::V10_9_32),
    get("/api/v1/secrets/{id}/fields/{slug}", VIEW, secrets::field),
    get("/api/v1/secrets/{id}/audits", With(&[right::SECRET_AUDIT]), secrets::audits),
    // Posts that read: they are answered in read-only mode.
    read("POST", "/api/v1/secrets/{id}/restricted", VIEW, secrets::restricted),
    read("POST", "/api/v1/secrets/{id}/restricted/fields/{slug}", VIEW, secrets::restricted_field),
    // Secrets: changing.
    post("/api/v1/secrets", With(&[right::ADD]), secrets::create),
    put("/api/v1/secrets/{id}", EDIT, secrets::replace),
    delete("/api/v1/secrets/{id}", With(&[right::DELETE]), secrets::deactivate),
    put("/api/v1/secrets/{id}/activate", With(&[right::VIEW_DELETED]), secrets::activate).since(Version::V11),
    put("/api/v1/secrets/{id}/undelete", With(&[right::VIEW_DELETED]), secrets::activate).until(Version::V11),
    patch("/api/v1/secrets/{id}/general", EDIT, secrets::general_v1).since(Version::V10_9),
    patch("/api/v2/secrets/{id}/general", EDIT, secrets::general).since(Version::V11),
    put("/api/v1/secrets/{id}/fields/{slug}", EDIT, secrets::update_field),
    post("/api/v1/secrets/{id}/check-out", VIEW, secrets::check_out),
    post("/api/v1/secrets/{id}/check-in", VIEW, secrets::check_in),
    post("/api/v1/secrets/{id}/change-password", EDIT, secrets::change_password),
    post("/api/v1/secrets/{id}/heartbeat", VIEW, secrets::heartbeat),
    post("/api/v1/secrets/{id}/expire", EDIT, secrets::expire),
    post("/api/v1/secret-access-requests/secrets/{id}/view-comment", VIEW, secrets::view_comment),
    post("/api/v1/secret-access-requests", VIEW, access_requests::create),
    get("/api/v1/secret-access-requests/secrets/{id}", VIEW, access_requests::of_secret),
    get("/api/v1/secret-access-requests/secrets/{id}/options", VIEW, access_requests::options),
    get("/api/v2/secret-policy/{id}", With(&[right::VIEW_POLICIES, right::POLICIES]), policies::get)
        .since(Version::V11),
    // Rights on secrets.
    get("/api/v1/secret-permissions", VIEW, secret_permissions::search),
    get("/api/v1/secret-permissions/stub", VIEW, secret_permissions::stub),
    post("/api/v1/secret-permissions", SHARE, secret_permissions::create),
    get("/api/v1/secret-permissions/{id}", VIEW, secret_permissions::get),
    put("/api/v1/secret-permissions/{id}", SHARE, secret_permissions::replace),
    delete("/api/v1/secret-permissions/{id}", SHARE, secret_permissions::delete),
    patch("/api/v1/secrets/{secretId}/share", SHARE, secret_permissions::share).since(Version::V10_9),
    read(
        "POST",
        "/api/v1/secret-permissions/is-current-user-secret-owner",
        VIEW,
        secret_permissions::is_owner,
    )
    .since(Version::V10_9_33),
    // Dependencies.
    get("/api/v1/secret-dependencies", VIEW, dependencies::search).since(Version::V10_4),
    get("/api/v1/secret-dependencies/stub", VIEW, dependencies::stub).since(Version::V10_4),
    post("/api/v1/secret-dependencies", EDIT, dependencies::create).since(Version::V10_4),
    get("/api/v1/secret-dependencies/{id}", VIEW, dependencies::get).since(Version::V10_4),
    put("/api/v1/secret-dependencies/{id}", EDIT, dependencies::replace).since(Version::V10_4),
    delete("/api/v1/secret-dependencies/{id}", EDIT, dependencies::delete).since(Version::V10_4),
    get("/api/v1/secret-dependencies/groups/{secretId}", VIEW, dependencies::groups).since(Version::V10_4),
    post("/api/v1/secret-dependencies/groups/{secretId}", EDIT, dependencies::create_group)
        .since(Version::V10_4),
    get("/api/v1/secret-dependencies/templates", VIEW, dependencies::templates).since(Version::V10_4),
    get("/api/v1/secret-dependencies/scripts", VIEW, dependencies::scripts).since(Version::V10_4),
    post("/api/v1/secret-dependencies/run", EDIT, dependencies::run).since(Version::V10_4),
    get("/api/v1/secret-dependencies/run/{identifier}", VIEW, dependencies::progress).since(Version::V10_4),
];
