//! Files that are sent: as `multipart/form-data` in the part `file`, or in JSON (facts 2.7, example 26).

use serde_json::Value;

use super::call::Fields;

/// A file that was sent.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len().max(1)).position(|w| w == what)
}

/// The value of `name="…"` in a header of a part.
fn quoted<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header.split(';').find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

/// The part `file` of a multipart body. `None` when there is none.
pub(super) fn multipart(content_type: &str, body: &[u8]) -> Option<Upload> {
    let boundary = format!("--{}", quoted(content_type, "boundary")?);
    let mut rest = body.get(find(body, boundary.as_bytes())?.checked_add(boundary.len())?..)?;
    loop {
        let end = find(rest, format!("\r\n{boundary}").as_bytes())?;
        let (part, after) = (rest.get(..end)?, rest.get(end..)?);
        let head = find(part, b"\r\n\r\n")?;
        let headers = String::from_utf8_lossy(part.get(..head)?).into_owned();
        let disposition =
            headers.lines().find(|l| l.to_ascii_lowercase().starts_with("content-disposition:"))?;
        if quoted(disposition, "name").is_some_and(|n| n.eq_ignore_ascii_case("file")) {
            let name = quoted(disposition, "filename").unwrap_or("file").to_owned();
            return Some(Upload { name, content: part.get(head.checked_add(4)?..)?.to_vec() });
        }
        rest = after.get(boundary.len().checked_add(2)?..)?;
    }
}

/// A file in JSON: `fileName`, and `fileAttachment` as numbers or, as the schema has it, in base 64.
pub(super) fn json(body: Fields<'_>) -> Option<Upload> {
    let content = match body.get("fileAttachment")? {
        Value::Array(bytes) => bytes
            .iter()
            .map(|b| b.as_u64().and_then(|b| u8::try_from(b).ok()))
            .collect::<Option<Vec<u8>>>()?,
        Value::String(text) => base64(text)?,
        _ => return None,
    };
    Some(Upload { name: body.text("fileName").unwrap_or("file").to_owned(), content })
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_file_of_a_multipart_body() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; \
            filename=\"k.pem\"\r\nContent-Type: text/plain\r\n\r\n\x00\r\n--\xff\r\n--x--\r\n";
        let file = multipart("multipart/form-data; boundary=x", body).unwrap();
        assert_eq!((file.name.as_str(), file.content.as_slice()), ("k.pem", b"\x00\r\n--\xff".as_slice()));
        assert!(multipart("multipart/form-data; boundary=y", body).is_none());
        assert!(multipart("multipart/form-data; boundary=x", b"--x\r\nno end").is_none());
    }

    #[test]
    fn reads_a_file_in_json() {
        let numbers = serde_json::json!({"fileName": "a", "fileAttachment": [0, 255]});
        assert_eq!(json(Fields(&numbers)).unwrap().content, [0, 255]);
        let text = serde_json::json!({"fileAttachment": "AP8Q"});
        assert_eq!(json(Fields(&text)).unwrap().content, [0, 255, 16]);
        assert!(json(Fields(&serde_json::json!({"fileAttachment": [256]}))).is_none());
    }
}
