//! Lists, a page at a time. What a search found is remembered as numbers of rows until something changes, so that the next page of a list of a
//! million costs as much as the first of a short one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, ok};
use super::call::{Call, Fields};
use super::world::World;

/// Searches that are remembered at the same time.
const REMEMBERED: usize = 16;

/// What a search found.
#[derive(Clone)]
pub(super) struct Remembered {
    search: String,
    revision: u64,
    rows: Arc<Vec<usize>>,
}

/// What rows are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

/// A list: what it finds, what it sorts by, how a row looks.
pub(super) struct List<F, R> {
    /// The places of the rows in the world, in its own order.
    pub(super) find: F,
    /// The key of a row for a column; `None` for a column that is not known, which then comes from the row itself.
    pub(super) key: fn(&World, usize, &str) -> Option<Key>,
    pub(super) row: R,
}

pub(super) fn no_key(_: &World, _: usize, _: &str) -> Option<Key> {
    None
}

/// One page of the list, in the order that was asked for.
pub(super) fn page<F, R>(world: &mut World, call: &Call, list: &List<F, R>) -> Answer
where
    F: Fn(&World) -> Result<Vec<usize>, Refusal>,
    R: Fn(&World, usize) -> Option<Value>,
{
    let rows = found(world, call, list)?;
    let args = &call.args;
    let total = rows.len();
    let skip = args.number("skip").unwrap_or(0);
    let asked = args.number("take").unwrap_or(50).max(1);
    let take = world.settings.largest_page.map_or(asked, |largest| asked.min(largest));
    let records: Vec<Value> =
        rows.iter().skip(skip).take(take).filter_map(|place| (list.row)(world, *place)).collect();
    let next = skip.saturating_add(records.len());
    let has_next = next < total && !records.is_empty();
    let told = if args.flag("filter.doNotCalculateTotal") { 0 } else { total };
    ok(json!({
        "skip": skip, "take": take, "total": told,
        "pageCount": told.div_ceil(take), "currentPage": skip.checked_div(take).unwrap_or(0).saturating_add(1),
        "batchCount": records.len(),
        "prevSkip": skip.saturating_sub(take), "nextSkip": if has_next { next } else { 0 },
        "hasPrev": skip > 0, "hasNext": has_next,
        "records": records, "sortBy": sort_by(call), "success": true, "severity": "None",
    }))
}

/// A page of rows that are made for this call alone, for lists that are always short.
#[allow(clippy::needless_pass_by_value, reason = "they are made for this call")]
pub(super) fn short_page(world: &mut World, call: &Call, rows: Vec<Value>) -> Answer {
    let list = List {
        find: |_: &World| Ok((0..rows.len()).collect()),
        key: no_key,
        row: |_: &World, place: usize| rows.get(place).cloned(),
    };
    // Nothing is remembered of it: the rows are not in the world.
    world.forget(&search_name(call));
    page(world, call, &list)
}

fn sort_by(call: &Call) -> Value {
    match call.args.text("sortBy[0].name") {
        None => json!([]),
        Some(name) => {
            let direction = if descending(call) { "Desc" } else { "Asc" };
            json!([{ "name": name, "direction": direction, "priority": 0 }])
        }
    }
}

fn descending(call: &Call) -> bool {
    call.args.text("sortBy[0].direction").is_some_and(|d| d.eq_ignore_ascii_case("desc"))
}

fn search_name(call: &Call) -> String {
    format!("{} {} {} {}", call.caller.id, call.template, call.path.join("/"), call.args.selection())
}

/// The rows of the search, as remembered.
pub(super) fn found<F, R>(
    world: &mut World,
    call: &Call,
    list: &List<F, R>,
) -> Result<Arc<Vec<usize>>, Refusal>
where
    F: Fn(&World) -> Result<Vec<usize>, Refusal>,
    R: Fn(&World, usize) -> Option<Value>,
{
    let search = search_name(call);
    let revision = world.revision;
    if let Some(known) = world.pages.iter().find(|p| p.search == search && p.revision == revision) {
        return Ok(Arc::clone(&known.rows));
    }
    let mut rows = (list.find)(world)?;
    if let Some(column) = call.args.text("sortBy[0].name") {
        sort(world, &mut rows, list, &column.to_ascii_lowercase());
    }
    if descending(call) {
        rows.reverse();
    }
    let rows = Arc::new(rows);
    world.pages.retain(|p| p.search != search && p.revision == revision);
    if world.pages.len() >= REMEMBERED {
        world.pages.remove(0);
    }
    world.pages.push(Remembered { search, revision, rows: Arc::clone(&rows) });
    Ok(rows)
}

impl World {
    fn forget(&mut self, search: &str) {
        self.pages.retain(|p| p.search != search);
    }
}

fn sort<F, R>(world: &World, rows: &mut [usize], list: &List<F, R>, column: &str)
where
    R: Fn(&World, usize) -> Option<Value>,
{
    if column == "id" && rows.first().is_none_or(|place| (list.key)(world, *place, column).is_some()) {
        // The world keeps its lists by number.
        rows.sort_unstable();
        return;
    }
    rows.sort_by_cached_key(|place| {
        (list.key)(world, *place, column).or_else(|| {
            match Fields(&(list.row)(world, *place)?).get(column)? {
                Value::Number(n) => n.as_i64().map(Key::Number),
                Value::Bool(b) => Some(Key::Number(i64::from(*b))),
                Value::String(s) => Some(Key::Text(s.to_lowercase())),
                _ => None,
            }
        })
    });
}
