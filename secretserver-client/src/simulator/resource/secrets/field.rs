//! `/v1/secrets/{id}/fields/{slug}`: texts as bare JSON strings, files as raw bytes (facts 2.7).

use serde_json::json;

use super::find_active;
use super::read::opened;
use crate::simulator::answer::{Answer, Reply, denied, invalid, ok, refused};
use crate::simulator::call::Call;
use crate::simulator::permission::SecretRole;
use crate::simulator::world::{Ask, StoredFile, World};

/// A longer text is taken for a file that was put into a text by mistake (facts 2.6).
const LONGEST_VALUE: usize = 10_000;

pub(in super::super::super) fn field(world: &mut World, call: &Call) -> Answer {
    let slug = call.text(1).to_ascii_lowercase();
    let id = opened(world, call)?;
    let secret = world.secret(id).ok_or_else(denied)?;
    let known = world.template(secret.template_id).and_then(|t| t.fields.iter().find(|f| f.slug == slug));
    let reply = if known.ok_or_else(denied)?.file {
        let file = secret.files.get(&slug).ok_or_else(denied)?;
        Reply::File { name: file.name.clone(), content: file.content.clone() }
    } else {
        Reply::Json(json!(secret.values.get(&slug).ok_or_else(denied)?))
    };
    world.passed(call, id, &Ask::of(call, true));
    Ok(reply)
}

pub(in super::super::super) fn restricted_field(world: &mut World, call: &Call) -> Answer {
    field(world, call)
}

pub(in super::super::super) fn update_field(world: &mut World, call: &Call) -> Answer {
    let slug = call.text(1).to_ascii_lowercase();
    let id = find_active(world, call, SecretRole::Edit)?;
    let secret = world.secret(id).ok_or_else(denied)?;
    let template = world.template(secret.template_id).ok_or_else(denied)?;
    let field = template.fields.iter().find(|f| f.slug == slug).ok_or_else(denied)?;
    let (file, required) = (field.file, field.required);
    let value = call.fields().text("value").unwrap_or_default();
    if !file && value.len() > LONGEST_VALUE {
        return Err(refused("API_InvalidSecretItemValueLength", "The value is too long."));
    }
    if !file && call.upload.is_some() {
        return Err(invalid("The field is not a file."));
    }
    if required && value.is_empty() {
        return Err(invalid("A required field is missing."));
    }
    let ask = Ask::of(call, false);
    world.pass(call, id, &ask)?;
    let said = if file {
        let number = world.fresh_id();
        let secret = world.secret_mut(id).ok_or_else(denied)?;
        if let Some(upload) = &call.upload {
            let file = StoredFile { id: number, name: upload.name.clone(), content: upload.content.clone() };
            secret.files.insert(slug, file);
            json!(upload.name)
        } else {
            // Nothing in place of a file clears it.
            secret.files.remove(&slug);
            json!(null)
        }
    } else {
        world.set_value(id, &slug, value).ok_or_else(denied)?;
        json!(value)
    };
    world.record(&call.caller.name, "EDIT", id);
    world.passed(call, id, &ask);
    ok(said)
}
