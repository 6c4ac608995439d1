//! What the operations that everything else rests on send, without a network. All of them are in `document`.

use std::sync::Arc;

use secretserver_client::request::{Endpoint, Prepared, prepare};
use secretserver_client::resource::folders::{
    FolderFilter, FolderPermission, GetFolder, GetFolderByPath, LookupFolders, SearchFolders,
};
use secretserver_client::resource::healthcheck::GetHealth;
use secretserver_client::resource::secrets::{
    Activate, Create, Deactivate, GetField, GetSecret, GetState, GetSummary, NewSecret, ReadOptions, Search,
    SearchFilter, SearchTotal, SecretPath, SecretRef, Undelete, UpdateField,
};
use secretserver_client::resource::templates::{GetTemplate, SearchTemplates};
use secretserver_client::resource::users::GetCurrentUser;
use secretserver_client::resource::version::GetVersion;
use secretserver_client::{FolderId, SecretId, SecretTemplateId, SiteId};

#[allow(clippy::needless_pass_by_value, reason = "the list below reads better without a hundred ampersands")]
fn of<E: Endpoint>(endpoint: E) -> Prepared {
    prepare(&endpoint).unwrap()
}

/// Every operation: what is sent, whether it may be sent again, and its address in the published document.
#[allow(clippy::too_many_lines, reason = "one list of all operations")]
fn all() -> Vec<(Prepared, &'static str, bool, &'static str)> {
    let number = SecretId::new(4).unwrap();
    let id = || SecretRef::from(number);
    let folder = FolderId::new(7).unwrap();
    let template = SecretTemplateId::new(6001).unwrap();
    let options = ReadOptions::default();
    let mut checks_out = options;
    checks_out.no_auto_checkout = false;
    let slug = "password".to_owned();
    let mut filter = SearchFilter::exact_name("a b")
        .in_folder(folder)
        .with_everything()
        .with_sub_folders()
        .of_template(template);
    filter.search_field_slug = Some("username".to_owned());
    let folders = Arc::new(FolderFilter::text("x").below(folder).requiring(FolderPermission::AddSecret));
    let new =
        NewSecret::new("n", template).folder(folder).site(SiteId::new(1).unwrap()).item("password", "p\"w");
    let search = "filter.folderId=7&filter.includeSubFolders=true&filter.searchText=a+b&filter.isExactMatch=true\
        &filter.includeInactive=true&filter.includeRestricted=true&filter.secretTemplateId=6001\
        &filter.searchFieldSlug=username&filter.secretTemplateIds=6001";
    let page = "skip=0&take=50&sortBy%5B0%5D.name=id&sortBy%5B0%5D.direction=Asc";
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        (
            of(GetSecret { id: id(), options }),
            "Get /api/v1/secrets/4?noAutoCheckout=true ",
            true,
            "/v1/secrets/{id}",
        ),
        (
            of(GetSecret { id: id(), options: checks_out }),
            "Get /api/v1/secrets/4 ",
            false,
            "/v1/secrets/{id}",
        ),
        (
            of(GetSecret { id: SecretPath::new("\\A").unwrap().into(), options: options.with_inactive() }),
            "Get /api/v1/secrets/0?noAutoCheckout=true&includeInactive=true&secretPath=%5CA ",
            true,
            "/v1/secrets/{id}",
        ),
        (of(GetSummary { id: id() }), "Get /api/v1/secrets/4/summary ", true, "/v1/secrets/{id}/summary"),
        (of(GetState { id: id() }), "Get /api/v1/secrets/4/state ", true, "/v1/secrets/{id}/state"),
        (
            of(GetField { id: id(), slug: slug.clone(), options }),
            "Get /api/v1/secrets/4/fields/password?noAutoCheckout=true ",
            true,
            "/v1/secrets/{id}/fields/{slug}",
        ),
        (
            of(UpdateField { id: id(), slug, value: "v".into(), access: None }),
            r#"Put /api/v1/secrets/4/fields/password {"value":"v"}"#,
            false,
            "/v1/secrets/{id}/fields/{slug}",
        ),
        (
            of(Search { filter: Arc::new(filter.clone()), skip: 0, take: 50 }),
            leak(format!("Get /api/v1/secrets?{search}&{page} ")),
            true,
            "/v1/secrets",
        ),
        (
            of(SearchTotal { filter }),
            leak(format!("Get /api/v2/secrets/search-total?{search} ")),
            true,
            "/v2/secrets/search-total",
        ),
        (
            of(Create(new)),
            r#"Post /api/v1/secrets {"name":"n","secretTemplateId":6001,"folderId":7,"siteId":1,"items":[{"slug":"password","itemValue":"p\"w"}]}"#,
            false,
            "/v1/secrets",
        ),
        (of(Deactivate { id: id() }), "Delete /api/v1/secrets/4 ", true, "/v1/secrets/{id}"),
        (of(Activate { id: id() }), "Put /api/v1/secrets/4/activate ", true, "/v1/secrets/{id}/activate"),
        (of(Undelete { id: number }), "Put /api/v1/secrets/4/undelete ", true, ""),
        (of(GetFolder { id: folder }), "Get /api/v1/folders/7 ", true, "/v1/folders/{id}"),
        (
            of(GetFolderByPath { path: "\\A\\B".into() }),
            "Get /api/v1/folders/0?folderPath=%5CA%5CB ",
            true,
            "/v1/folders/{id}",
        ),
        (
            of(SearchFolders { filter: folders.clone(), skip: 0, take: 50 }),
            leak(format!(
                "Get /api/v1/folders?filter.searchText=x&filter.parentFolderId=7&filter.permissionRequired=AddSecret&{page} "
            )),
            true,
            "/v1/folders",
        ),
        (
            of(LookupFolders { filter: folders, skip: 0, take: 50 }),
            leak(format!(
                "Get /api/v1/folders/lookup?filter.searchText=x&filter.parentFolderId=7&filter.permissionRequired=AddSecret&{page} "
            )),
            true,
            "/v1/folders/lookup",
        ),
        (
            of(GetTemplate { id: template }),
            "Get /api/v1/secret-templates/6001 ",
            true,
            "/v1/secret-templates/{id}",
        ),
        (
            of(SearchTemplates { text: "x".into(), include_inactive: true, skip: 0, take: 50 }),
            leak(format!(
                "Get /api/v1/secret-templates?filter.searchText=x&filter.includeInactive=true&{page} "
            )),
            true,
            "/v1/secret-templates",
        ),
        (of(GetCurrentUser), "Get /api/v1/users/current ", true, "/v1/users/current"),
        (of(GetVersion), "Get /api/v1/version ", true, "/v1/version"),
        (of(GetHealth), "Get /api/v1/healthcheck ", true, "/v1/healthcheck"),
    ]
}

#[test]
fn every_operation_sends_what_is_written_here() {
    for (request, expected, idempotent, _) in all() {
        let sent = format!(
            "{:?} {} {}",
            request.method(),
            request.path_and_query(),
            String::from_utf8_lossy(request.body())
        );
        assert_eq!(sent, expected);
        assert_eq!(request.is_idempotent(), idempotent, "{expected}");
    }
}
