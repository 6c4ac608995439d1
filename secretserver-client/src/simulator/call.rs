//! A call: who, with which arguments, with which body.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::answer::{Refusal, unreadable};
use super::upload::Upload;

/// Whoever calls. Nobody has the number 0. No `Debug`, because of the token.
#[derive(Clone, Default)]
pub(super) struct Caller {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) token: String,
    /// The groups that are enabled and have the caller in them.
    pub(super) groups: BTreeSet<u32>,
    /// The permissions of all its roles.
    pub(super) rights: BTreeSet<String>,
}

impl Caller {
    pub(super) fn has(&self, right: &str) -> bool {
        self.rights.contains(right)
    }
}

/// A call on its way to its operation.
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) from: IpAddr,
    /// The path with names in the place of values.
    pub(super) template: &'static str,
    /// The values in the path.
    pub(super) path: Vec<String>,
    pub(super) args: Args,
    /// The body; `null` if there is none. A form is an object of texts.
    pub(super) body: Value,
    pub(super) upload: Option<Upload>,
    /// The header `OTP`.
    pub(super) otp: Option<String>,
}

impl Call {
    /// The number at this place in the path. What is no number is unreadable.
    pub(super) fn number(&self, place: usize) -> Result<i64, Refusal> {
        self.path.get(place).and_then(|v| v.parse().ok()).ok_or_else(unreadable)
    }

    /// The number at this place in the path, or 0, which nothing has.
    pub(super) fn id(&self, place: usize) -> Result<u32, Refusal> {
        Ok(u32::try_from(self.number(place)?).unwrap_or(0))
    }

    pub(super) fn text(&self, place: usize) -> &str {
        self.path.get(place).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields(&self.body)
    }

    /// What is wrapped in `data`, as most changes of parts are.
    pub(super) fn data(&self) -> Fields<'_> {
        Fields(self.fields().get("data").unwrap_or(&Value::Null))
    }
}

/// The members of an object of the body, whose names are compared without case, as the server does.
#[derive(Clone, Copy)]
pub(super) struct Fields<'v>(pub(super) &'v Value);

impl<'v> Fields<'v> {
    /// The member as it is, `null` included.
    pub(super) fn raw(self, name: &str) -> Option<&'v Value> {
        self.0.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    pub(super) fn get(self, name: &str) -> Option<&'v Value> {
        self.raw(name).filter(|v| !v.is_null())
    }

    pub(super) fn text(self, name: &str) -> Option<&'v str> {
        self.get(name)?.as_str()
    }

    /// A text with something in it.
    pub(super) fn name(self, name: &str) -> Option<&'v str> {
        self.text(name).map(str::trim).filter(|v| !v.is_empty())
    }

    pub(super) fn int(self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A number; `-1` and `0` mean that there is none.
    pub(super) fn id(self, name: &str) -> Option<u32> {
        self.int(name).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
    }

    pub(super) fn flag(self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        value.as_bool().or_else(|| value.as_str()?.to_ascii_lowercase().parse().ok())
    }

    pub(super) fn list(self, name: &str) -> Option<&'v [Value]> {
        self.get(name)?.as_array().map(Vec::as_slice)
    }

    pub(super) fn ids(self, name: &str) -> Vec<u32> {
        let ids = self.list(name).unwrap_or_default().iter();
        ids.filter_map(|v| v.as_u64().and_then(|n| u32::try_from(n).ok())).collect()
    }

    /// The new value of a member that is sent as `{dirty, value}` and is dirty. `Some(None)` clears it.
    #[allow(clippy::option_option, reason = "the outer says whether it changes, the inner to what")]
    pub(super) fn dirty(self, name: &str) -> Option<Option<&'v Value>> {
        let change = Fields(self.get(name)?);
        (change.flag("dirty") == Some(true)).then(|| change.get("value"))
    }
}

/// The arguments after the `?`. Names are compared without case; `paging.` before them is accepted (facts 1.3).
pub(super) struct Args(Vec<(String, String)>);

impl Args {
    pub(super) fn of(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(
            pairs
                .map(|(name, value)| {
                    let name = name.to_ascii_lowercase();
                    (name.strip_prefix("paging.").map(str::to_owned).unwrap_or(name), value.into_owned())
                })
                .collect(),
        )
    }

    /// The value of an argument; empty ones count as missing.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, v)| n.eq_ignore_ascii_case(name) && !v.is_empty());
        found.map(|(_, v)| v.as_str())
    }

    /// The values of an argument that is there more than once.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        pairs.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// What is searched for, in small letters.
    pub(super) fn search_text(&self) -> String {
        self.text("filter.searchText").unwrap_or_default().to_lowercase()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// A number; `-1` and `0` mean that there is none.
    pub(super) fn id(&self, name: &str) -> Result<Option<u32>, Refusal> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => {
                let number: i64 = text.parse().map_err(|_| unreadable())?;
                Ok(u32::try_from(number).ok().filter(|n| *n > 0))
            }
        }
    }

    pub(super) fn ids(&self, name: &str) -> Vec<u32> {
        self.all(name).filter_map(|v| v.parse().ok()).collect()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    /// All that decides which rows are found and in which order, but not which of them are shown.
    pub(super) fn selection(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.0.iter().filter(|(n, _)| n != "skip" && n != "take"));
        text.finish()
    }
}
