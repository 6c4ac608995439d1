//! From a request to its operation: found by its address, refused where the version does not know it or the caller may not do it.

mod table;

use std::net::IpAddr;
use std::sync::Arc;

use http::{Response, StatusCode, header};
use serde_json::Value;

use super::Shared;
use super::answer::{Answer, Refusal, denied, message, refused, unknown_address, unreadable};
use super::body::Body;
use super::call::{Args, Call, Caller};
use super::upload;
use super::version::Version;
use super::world::{TokenState, World};

/// Who may call an operation, its roles on folders and secrets apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    /// Everybody, without a token.
    Anyone,
    /// Whoever signed in.
    SignedIn,
    /// Whoever has one of these permissions.
    With(&'static [&'static str]),
    /// Whoever has one of these permissions, and the user itself that the path names.
    WithOrSelf(&'static [&'static str]),
}

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// The address below the base, with names in the place of values.
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// Whether it is refused in read-only mode.
    pub(super) changes: bool,
    pub(super) since: Version,
    /// The first version that does not know it any more.
    pub(super) until: Option<Version>,
    pub(super) run: fn(&mut World, &Call) -> Answer,
}

impl Operation {
    /// The values in the path, if it is this operation's.
    fn values(&self, path: &str) -> Option<Vec<String>> {
        let (mut names, mut parts) = (self.path.split('/'), path.split('/'));
        let mut values = Vec::new();
        loop {
            match (names.next(), parts.next()) {
                (None, None) => return Some(values),
                (Some(name), Some(part)) if name.starts_with('{') && !part.is_empty() => {
                    let value = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
                    values.push(value.into_owned());
                }
                (Some(name), Some(part)) if name.eq_ignore_ascii_case(part) => {}
                _ => return None,
            }
        }
    }

    fn known(&self, version: Version) -> bool {
        self.since <= version && self.until.is_none_or(|until| version < until)
    }
}

/// A request whose body has arrived.
pub(super) struct Request<'r> {
    pub(super) from: IpAddr,
    pub(super) path: &'r str,
    pub(super) head: &'r http::request::Parts,
    pub(super) body: &'r [u8],
}

/// What came of a request: the answer, and for the record which operation it was and what it said.
pub(super) struct Outcome {
    pub(super) response: Response<Body>,
    pub(super) template: Option<&'static str>,
    pub(super) said: Option<Value>,
}

/// Does what the request asks for.
pub(super) fn answer(shared: &Arc<Shared>, request: &Request<'_>) -> Outcome {
    let mut template = None;
    let answered = run(shared, request, &mut template);
    let (response, said) = match answered {
        Ok(reply) => reply.into_response(),
        Err(refusal) => refusal.into_response(),
    };
    Outcome { response, template, said }
}

fn run(shared: &Arc<Shared>, request: &Request<'_>, template: &mut Option<&'static str>) -> Answer {
    let (operation, path) = find(shared, request)?;
    *template = Some(operation.path);
    shared.act(|world| {
        world.settle();
        let caller = match operation.access {
            Access::Anyone => Caller::default(),
            _ => caller(world, &request.head.headers)?,
        };
        let mut call = Call {
            caller,
            from: request.from,
            template: operation.path,
            path,
            args: Args::of(request.head.uri.query().unwrap_or_default()),
            body: Value::Null,
            upload: None,
            otp: request.head.headers.get("otp").and_then(|v| v.to_str().ok()).map(str::to_owned),
        };
        if !allowed(operation.access, &call) {
            return Err(denied());
        }
        if operation.changes && world.settings.read_only {
            return Err(refused("API_ReadOnlyMode", "Secret Server is in read-only mode."));
        }
        read_body(request, &mut call)?;
        if operation.changes {
            world.touch();
        }
        (operation.run)(world, &call)
    })
}

fn find(shared: &Shared, request: &Request<'_>) -> Result<(&'static Operation, Vec<String>), Refusal> {
    let version = Version::parse(&shared.world().settings.version);
    let fitting = || {
        let known = table::OPERATIONS.iter().filter(|o| o.known(version));
        known.filter_map(|o| o.values(request.path).map(|values| (o, values)))
    };
    let method = request.head.method.as_str();
    // An address that is written out comes before one with names.
    match fitting().filter(|(o, _)| o.method == method).min_by_key(|(_, values)| values.len()) {
        Some(found) => Ok(found),
        None if fitting().next().is_some() => {
            let text = format!("The requested resource does not support http method '{method}'.");
            Err(message(StatusCode::METHOD_NOT_ALLOWED, &text))
        }
        None => Err(unknown_address()),
    }
}

/// Whoever has this token: unknown ones are refused with 401, ended ones with 403 and an exact text (facts 2.6, recorded).
fn caller(world: &World, headers: &http::HeaderMap) -> Result<Caller, Refusal> {
    let unknown = || message(StatusCode::UNAUTHORIZED, "Authentication failed.");
    let header = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(unknown)?;
    let (scheme, token) = header.split_once(' ').ok_or_else(unknown)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unknown());
    }
    match world.token(token) {
        TokenState::Unknown => Err(unknown()),
        TokenState::Expired => Err(message(StatusCode::FORBIDDEN, "Authentication failed or expired token.")),
        TokenState::Valid(user) => {
            let user = world.user(user).filter(|u| u.enabled && !u.locked).ok_or_else(unknown)?;
            Ok(world.caller(user, token))
        }
    }
}

fn allowed(access: Access, call: &Call) -> bool {
    let has = |rights: &[&str]| rights.iter().any(|right| call.caller.has(right));
    match access {
        Access::Anyone | Access::SignedIn => true,
        Access::With(rights) => has(rights),
        Access::WithOrSelf(rights) => has(rights) || call.id(0).is_ok_and(|id| id == call.caller.id),
    }
}

fn read_body(request: &Request<'_>, call: &mut Call) -> Result<(), Refusal> {
    if request.body.is_empty() {
        return Ok(());
    }
    let kind =
        request.head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        call.upload = Some(upload::multipart(kind, request.body).ok_or_else(unreadable)?);
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(request.body);
        call.body = pairs.map(|(k, v)| (k.into_owned(), Value::String(v.into_owned()))).collect();
    } else {
        call.body = serde_json::from_slice(request.body).map_err(|_| unreadable())?;
        call.upload = upload::json(call.fields());
    }
    Ok(())
}
