//! Secrets and their templates.

use std::error::Error;
use std::sync::Arc;

use super::Collected;
use crate::ids::{FolderId, SecretId, SecretTemplateId, SiteId};
use crate::resource::secrets::{self, NewSecret, ReadOptions, SearchFilter};
use crate::resource::templates;

pub(super) fn add(all: &mut Collected) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = SecretId::new(4)?;
    let folder = FolderId::new(7)?;
    let template = SecretTemplateId::new(6001)?;
    let (skip, take) = (0, 50);
    let slug = "password".to_owned();
    let options = ReadOptions::default().with_inactive();
    let filter = SearchFilter::exact_name("a b")
        .in_folder(folder)
        .with_everything()
        .with_sub_folders()
        .of_template(template)
        .by_field("username");
    all.add(secrets::Search { filter: Arc::new(filter.clone()), skip, take })?;
    all.add(secrets::SearchTotal { filter })?;
    all.add(secrets::GetSecret { id, options })?;
    all.add(secrets::GetByPath { path: "\\A\\B".to_owned(), options })?;
    all.add(secrets::GetSummary { id })?;
    all.add(secrets::GetState { id })?;
    all.add(secrets::GetField { id, slug: slug.clone(), options })?;
    all.add(secrets::UpdateField { id, slug, value: "sample".into() })?;
    let new = NewSecret::new("n", template).folder(folder).site(SiteId::new(1)?).item("password", "sample");
    all.add(secrets::Create(new))?;
    all.add(secrets::Deactivate { id })?;
    all.add(secrets::Activate { id })?;
    all.add(secrets::Undelete { id })?;
    all.add(templates::GetTemplate { id: template })?;
    all.add(templates::SearchTemplates { text: "x".to_owned(), include_inactive: true, skip, take })
}
