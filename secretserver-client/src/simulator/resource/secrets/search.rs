//! Finding secrets: by name, or by one field that is neither a password nor notes.

use std::collections::HashMap;

use serde_json::json;

use super::view;
use crate::simulator::answer::{Answer, Refusal, ok};
use crate::simulator::call::{Args, Call};
use crate::simulator::page::{self, Key, List, page};
use crate::simulator::permission::{SecretRole, right};
use crate::simulator::world::{StoredSecret, World};

/// What a filter wants, read once.
#[allow(clippy::struct_excessive_bools, reason = "arguments of the server's operation")]
struct Filter<'a> {
    folder: Option<u32>,
    sub_folders: bool,
    templates: Vec<u32>,
    inactive: bool,
    active: bool,
    text: Option<String>,
    exact: bool,
    field: Option<String>,
    role: SecretRole,
    site: Option<u32>,
    ids: Vec<u32>,
    heart: Option<&'a str>,
    checked_out: bool,
    by_me: bool,
}

impl<'a> Filter<'a> {
    fn of(call: &'a Call) -> Result<Self, Refusal> {
        let args: &Args = &call.args;
        // One template in v1, several in v2 (facts 2.7).
        let mut templates = args.ids("filter.secretTemplateIds");
        templates.extend(args.id("filter.secretTemplateId")?);
        let combined = args.text("filter.secretTemplateIdsCombined").unwrap_or_default();
        templates.extend(combined.split(',').filter_map(|id| id.trim().parse::<u32>().ok()));
        let field = args.text("filter.searchFieldSlug").or_else(|| args.text("filter.searchField"));
        // A word or its number: List=1, View=2, Edit=3, Owner=4 (facts 2.7).
        let role = match args.text("filter.permissionRequired") {
            None | Some("1") => SecretRole::List,
            Some("2") => SecretRole::View,
            Some("3") => SecretRole::Edit,
            Some("4") => SecretRole::Owner,
            Some(name) => SecretRole::parse(name).unwrap_or(SecretRole::List),
        };
        Ok(Self {
            folder: args.id("filter.folderId")?,
            sub_folders: args.flag("filter.includeSubFolders"),
            templates,
            inactive: args.flag("filter.includeInactive") && call.caller.has(right::VIEW_DELETED),
            active: args.text("filter.includeActive").is_none_or(|v| v.eq_ignore_ascii_case("true")),
            text: args.text("filter.searchText").map(str::to_lowercase),
            exact: args.flag("filter.isExactMatch"),
            field: field.map(str::to_lowercase),
            role: role.max(SecretRole::List),
            site: args.id("filter.siteId")?,
            ids: args.ids("filter.secretIds"),
            heart: args.text("filter.heartbeatStatus"),
            checked_out: args.flag("filter.onlyCheckedOutSecrets"),
            by_me: args.flag("filter.onlySecretsCheckedOutByUser"),
        })
    }

    fn wants(&self, world: &World, call: &Call, secret: &StoredSecret) -> bool {
        let holder = secret.held.as_ref().map(|h| h.user);
        (if secret.active { self.active } else { self.inactive })
            && (self.templates.is_empty() || self.templates.contains(&secret.template_id))
            && self.site.is_none_or(|site| site == secret.site_id)
            && (self.ids.is_empty() || self.ids.contains(&secret.id))
            && self.heart.is_none_or(|heart| heart.eq_ignore_ascii_case(&secret.heart))
            && (!self.checked_out || holder.is_some())
            && (!self.by_me || holder == Some(call.caller.id))
            && self.in_folder(world, secret)
            && self.matches(world, secret)
    }

    fn in_folder(&self, world: &World, secret: &StoredSecret) -> bool {
        let (Some(wanted), at) = (self.folder, secret.folder_id) else { return true };
        let below = || at.and_then(|f| world.folder(f)).is_some_and(|f| world.below(f, wanted));
        at == Some(wanted) || self.sub_folders && below()
    }

    fn matches(&self, world: &World, secret: &StoredSecret) -> bool {
        let Some(text) = &self.text else { return true };
        let hidden = |f: &str| {
            let template = world.template(secret.template_id);
            template.is_none_or(|t| t.fields.iter().any(|x| x.slug == f && (x.password || x.notes || x.file)))
        };
        let place = match &self.field {
            None => Some(secret.name.to_lowercase()),
            Some(f) if hidden(f) => None,
            Some(f) => secret.values.get(f).map(|v| v.to_lowercase()),
        };
        place.is_some_and(|p| if self.exact { p == *text } else { p.contains(text.as_str()) })
    }
}

fn found(world: &World, call: &Call) -> Result<Vec<usize>, Refusal> {
    let filter = Filter::of(call)?;
    // Whole folders are allowed or not, as long as their secrets share that.
    let mut folders: HashMap<u32, bool> = HashMap::new();
    let mut seen = |secret: &StoredSecret| match secret.folder_id {
        Some(folder) if secret.sharing.is_none() => *folders.entry(folder).or_insert_with(|| {
            world.roles(&call.caller, folder).is_some_and(|(_, role)| role >= filter.role)
        }),
        _ => world.may_with_secret(&call.caller, secret, filter.role),
    };
    let secrets = world.secrets.iter().enumerate();
    Ok(secrets.filter(|(_, s)| seen(s) && filter.wants(world, call, s)).map(|(at, _)| at).collect())
}

fn key(world: &World, at: usize, column: &str) -> Option<Key> {
    let secret = world.secrets.get(at)?;
    match column {
        "id" => Some(Key::Number(secret.id.into())),
        "name" | "value" => Some(Key::Text(secret.name.to_lowercase())),
        "folderid" => Some(Key::Number(secret.folder_id.map_or(-1, i64::from))),
        "createdate" => Some(Key::Number(secret.created.as_millisecond())),
        _ => None,
    }
}

pub(in super::super::super) fn search(world: &mut World, call: &Call) -> Answer {
    let extended: Vec<&str> = call.args.all("filter.extendedFields").collect();
    let row = |world: &World, at: usize| world.secrets.get(at).map(|s| view::summary(world, s, &extended));
    page(world, call, &List { find: |world: &World| found(world, call), key, row })
}

pub(in super::super::super) fn lookup(world: &mut World, call: &Call) -> Answer {
    let row = |world: &World, at: usize| world.secrets.get(at).map(|s| json!({"id": s.id, "value": s.name}));
    page(world, call, &List { find: |world: &World| found(world, call), key, row })
}

/// A bare number (facts 1.3).
pub(in super::super::super) fn search_total(world: &mut World, call: &Call) -> Answer {
    let list = List { find: |world: &World| found(world, call), key, row: |_: &World, _: usize| None };
    ok(json!(page::found(world, call, &list)?.len()))
}
