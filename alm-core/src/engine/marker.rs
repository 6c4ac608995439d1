//! The marker: whose work an account or a secret is (E-5, I-3).
//!
//! `alm1:` instance `:` saga `:` epoch `:` MAC, in hexadecimal. The MAC is keyed, with a key that is not in the store, so that a marker
//! cannot be made by whoever can write to the directory or the store alone.

use std::fmt;

use ad_directory::Marker;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::model::audit::hex;
use crate::model::ids::{InstanceId, SagaId};

const VERSION: &str = "alm1";
/// Bytes of the MAC that are written.
const MAC: usize = 16;

/// The key that markers are made with. All engines of an instance have the same one; it is never in the store.
#[derive(Clone)]
pub struct MarkerKey(SecretSlice<u8>);

impl MarkerKey {
    /// A key of at least 32 bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is shorter.
    pub fn new(key: impl Into<SecretSlice<u8>>) -> Result<Self> {
        let key = key.into();
        let length = key.expose_secret().len();
        if length < 32 {
            return Err(Error::new(
                ErrorKind::Config,
                "marker.key",
                format!("the marker key has {length} bytes, at least 32 are needed"),
            ));
        }
        Ok(Self(key))
    }

    fn mac(&self, text: &str) -> Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .map_err(|_| Error::new(ErrorKind::Config, "marker.key", "the marker key cannot be used"))?;
        mac.update(text.as_bytes());
        Ok(hex(mac.finalize().into_bytes().get(..MAC).unwrap_or_default()))
    }
}

impl fmt::Debug for MarkerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkerKey([redacted])")
    }
}

/// What a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SagaMarker {
    /// Whose instance.
    pub instance: InstanceId,
    /// Which saga wrote it last.
    pub saga: SagaId,
    /// Under which lease.
    pub epoch: u64,
}

impl SagaMarker {
    /// What a saga writes under a lease.
    pub const fn new(instance: InstanceId, saga: SagaId, epoch: u64) -> Self {
        Self { instance, saga, epoch }
    }

    /// The text to write.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn write(&self, key: &MarkerKey) -> Result<Marker> {
        let body = self.body();
        let text = format!("{body}:{}", key.mac(&body)?);
        text.parse().map_err(|error: ad_directory::ParseError| {
            Error::new(ErrorKind::Config, "marker.write", "the marker is no marker").with_source(error)
        })
    }

    fn body(&self) -> String {
        format!("{VERSION}:{}:{}:{:x}", self.instance.uuid().simple(), self.saga.uuid().simple(), self.epoch)
    }

    /// Reads a marker that was made with this key; `None` for anything else, whatever it looks like.
    pub fn read(text: &str, key: &MarkerKey) -> Option<Self> {
        let (body, mac) = text.rsplit_once(':')?;
        let mut parts = body.split(':');
        if parts.next()? != VERSION {
            return None;
        }
        let instance = Uuid::try_parse(parts.next()?).ok()?;
        let saga = Uuid::try_parse(parts.next()?).ok()?;
        let epoch = u64::from_str_radix(parts.next()?, 16).ok()?;
        let marker = Self::new(InstanceId::new(instance), SagaId::new(saga), epoch);
        // Only the one spelling counts, so that comparing texts is comparing markers.
        (parts.next().is_none() && marker.body() == body && same(&key.mac(body).ok()?, mac)).then_some(marker)
    }
}

/// Compares in a time that does not depend on where the difference is.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MarkerKey {
        MarkerKey::new(vec![byte; 32]).unwrap()
    }

    fn marker() -> SagaMarker {
        SagaMarker::new(InstanceId::new(Uuid::from_u128(1)), SagaId::new(Uuid::from_u128(2)), 0x1f)
    }

    #[test]
    fn i_3_only_our_own_are_read() {
        let text = marker().write(&key(1)).unwrap().to_string();
        assert_eq!(SagaMarker::read(&text, &key(1)), Some(marker()));
        assert_eq!(SagaMarker::read(&text, &key(2)), None, "another key");
        for (from, to) in [(":1f:", ":20:"), (":1f:", ":01f:"), ("alm1", "alm2"), (":1f:", ":1F:")] {
            assert_eq!(SagaMarker::read(&text.replacen(from, to, 1), &key(1)), None, "{from} {to}");
        }
        assert_eq!(SagaMarker::read("", &key(1)), None);
        assert_eq!(SagaMarker::read("managed by hand", &key(1)), None);
    }

    #[test]
    fn a_short_key_is_refused_and_never_shown() {
        assert_eq!(MarkerKey::new(vec![1; 31]).unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(format!("{:?}", key(65)), "MarkerKey([redacted])");
    }
}
