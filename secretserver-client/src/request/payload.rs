//! What is sent along with a request. May hold secrets: wiped when dropped.

use std::fmt;
use std::io;

use bytes::Bytes;
use serde::Serialize;
use url::form_urlencoded::byte_serialize;
use zeroize::{Zeroize, Zeroizing};

/// A body that can be sent more than once.
#[derive(Clone, Default)]
pub struct Payload {
    bytes: Bytes,
    content_type: Option<&'static str>,
}

/// A value that cannot be written as JSON. The value itself is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be written as json")]
pub struct EncodeError(());

impl Payload {
    /// No body.
    pub fn none() -> Self {
        Self::default()
    }

    /// A JSON body.
    ///
    /// # Errors
    /// When the value cannot be written, for instance a map whose keys are no texts.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        let mut to = WipedVec::default();
        serde_json::to_writer(&mut to, value).map_err(|_| EncodeError(()))?;
        Ok(Self { bytes: to.into_bytes(), content_type: Some("application/json") })
    }

    /// A form body, as the token endpoint wants it.
    pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut to = WipedVec::default();
        for (i, (name, value)) in fields.into_iter().enumerate() {
            if i > 0 {
                to.push(b"&");
            }
            byte_serialize(name.as_bytes()).for_each(|part| to.push(part.as_bytes()));
            to.push(b"=");
            byte_serialize(value.as_bytes()).for_each(|part| to.push(part.as_bytes()));
        }
        Self { bytes: to.into_bytes(), content_type: Some("application/x-www-form-urlencoded") }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    pub(crate) fn content_type(&self) -> Option<&'static str> {
        self.content_type
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.bytes.len())
    }
}

/// Bytes that leave nothing behind, neither when they grow nor when they are dropped.
#[derive(Default)]
pub(crate) struct WipedVec(Zeroizing<Vec<u8>>);

impl WipedVec {
    /// With room for this much at once.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub(crate) fn push(&mut self, more: &[u8]) {
        self.push_up_to(more, usize::MAX);
    }

    /// The same for content that will not grow beyond `largest`, so that less than twice that is ever taken.
    pub(crate) fn push_up_to(&mut self, more: &[u8], largest: usize) {
        let needed = self.0.len().saturating_add(more.len());
        if needed > self.0.capacity() {
            // Vec would move its content and free the old place unwiped.
            // What was too small before is not always used again by the allocator, so large content grows in few steps.
            let factor = if self.0.capacity() < 1024 * 1024 { 2 } else { 4 };
            let more_room = self.0.capacity().saturating_mul(factor).max(256);
            let room = if more_room > largest / 2 { largest } else { more_room };
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(room)));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.extend_from_slice(more);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_inner(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    /// The bytes in a form that can be cloned; wiped when the last clone is dropped.
    fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

impl io::Write for WipedVec {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.push(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_escaped() {
        let form = Payload::form([("password", "a&b=c d+é"), ("x", "")]);
        assert_eq!(form.bytes(), b"password=a%26b%3Dc+d%2B%C3%A9&x=");
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Payload::json("CANARY").unwrap()), "Payload(8 bytes)");
    }

    #[test]
    fn grows() {
        let mut bytes = WipedVec::default();
        for i in 0..1000_u32 {
            bytes.push(&i.to_be_bytes());
        }
        assert_eq!(bytes.len(), 4000);
        assert_eq!(bytes.into_inner()[3996..], 999_u32.to_be_bytes());
    }

    #[test]
    fn takes_no_more_than_it_may_hold() {
        let mut bytes = WipedVec::default();
        (0..1000).for_each(|_| bytes.push_up_to(&[7; 10], 10_000));
        assert!((10_000..11_000).contains(&bytes.into_inner().capacity()));
    }
}
