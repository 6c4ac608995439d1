//! A controller that answers from a script, for what Samba never says: the forms of Windows, lost answers, broken entries.

use std::sync::{Arc, Mutex};

use ad_directory::{LdapDirectory, LdapDirectoryBuilder, TimeLimits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A DN and its attributes.
pub(crate) type Entry = (String, Vec<(&'static str, Vec<u8>)>);
/// The number of the connection, the tag of the operation, and the message.
type Request = (u32, u8, Vec<u8>);
pub(crate) type Issuer = rcgen::CertifiedIssuer<'static, rcgen::KeyPair>;

/// What the controller does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The result code and the diagnostic text.
    Result(u8, &'static str),
    /// Entries (a DN and its attributes), then success.
    Entries(Vec<Entry>),
    /// Entries, then success with the cookie of the next page.
    Page(Vec<Entry>, &'static [u8]),
    /// Entries, and then this code.
    Cut(Vec<Entry>, u8),
    /// No entries and success, and then the connection is closed.
    Farewell,
    /// These bytes, whatever they are.
    Bytes(&'static [u8]),
    /// These operations, each in a message with the id of the request.
    Operations(Vec<Vec<u8>>),
    /// So many bytes of the answer, and then the connection is closed.
    CutAt(Box<Self>, usize),
    /// The notice of disconnection (RFC 4511, 4.4.1), as Windows writes it, and then the connection is closed.
    Notice,
    /// Nothing at all.
    Silence,
    /// The connection is closed.
    Close,
}

/// The operations, by the tag of the request (RFC 4511, 4).
pub(crate) const BIND: u8 = 0x60;
pub(crate) const SEARCH: u8 = 0x63;
pub(crate) const MODIFY: u8 = 0x66;
pub(crate) const ADD: u8 = 0x68;
pub(crate) const DELETE: u8 = 0x4a;

pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) ca: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    /// Answers the requests of all connections together in this order; what comes after is not answered.
    pub(crate) async fn new(script: Vec<Answer>) -> Self {
        let (issuer, ca) = authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldaps://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let acceptor = acceptor(&issuer, "127.0.0.1");
        let script = Arc::new(Mutex::new(script.into_iter()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (acceptor, script, seen) = (acceptor.clone(), Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    while let Some((id, tag, body)) = request(&mut stream).await {
                        seen.lock().unwrap().push((connection, tag, body));
                        let answer = script.lock().unwrap().next();
                        let closes = matches!(
                            answer,
                            Some(Answer::Farewell | Answer::Notice | Answer::CutAt(..) | Answer::Close)
                        );
                        let bytes = answer.map(|answer| encoded(&answer, id, tag)).unwrap_or_default();
                        if stream.write_all(&bytes).await.is_err() {
                            return;
                        }
                        if closes {
                            let _closed = stream.shutdown().await;
                            return;
                        }
                    }
                });
            }
        });
        Self { url, ca, requests }
    }

    pub(crate) fn builder(&self) -> LdapDirectoryBuilder {
        LdapDirectory::builder(&self.url)
            .bind_name("svc@corp.example")
            .password("Canary-7f3a".into())
            .base_dn("DC=corp,DC=example".parse().unwrap())
            .ca_pem(self.ca.as_bytes())
            .time_limits(TimeLimits::default().operation(std::time::Duration::from_secs(1)))
    }

    pub(crate) fn directory(&self) -> LdapDirectory {
        self.builder().build().unwrap()
    }

    /// The tags of the requests so far.
    pub(crate) fn tags(&self) -> Vec<u8> {
        self.requests.lock().unwrap().iter().map(|(_, tag, _)| *tag).collect()
    }

    /// The connections, numbered from 1, that the requests so far came on.
    pub(crate) fn connections(&self) -> Vec<u32> {
        self.requests.lock().unwrap().iter().map(|(connection, _, _)| *connection).collect()
    }

    /// How many of the requests so far hold these bytes.
    pub(crate) fn sent(&self, bytes: &[u8]) -> usize {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, _, body)| body.windows(bytes.len()).any(|part| part == bytes))
            .count()
    }
}

/// What goes over the wire.
pub(crate) fn encoded(answer: &Answer, id: u8, tag: u8) -> Vec<u8> {
    let messages = |entries: &[Entry], end: &[u8]| -> Vec<u8> {
        let operations = entries.iter().map(encode).chain([end.to_vec()]);
        operations.flat_map(|operation| message(id, &operation)).collect()
    };
    match answer {
        Answer::Result(code, text) => message(id, &result(tag, *code, text)),
        Answer::Entries(entries) => messages(entries, &result(tag, 0, "")),
        Answer::Page(entries, cookie) => {
            let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
            messages(entries, &done(0, &[("1.2.840.113556.1.4.319", value)]))
        }
        Answer::Cut(entries, code) => messages(entries, &result(tag, *code, "")),
        Answer::Farewell => message(id, &result(tag, 0, "")),
        Answer::Bytes(bytes) => bytes.to_vec(),
        Answer::Operations(operations) => {
            operations.iter().flat_map(|operation| message(id, operation)).collect()
        }
        Answer::CutAt(whole, length) => {
            let mut bytes = encoded(whole, id, tag);
            bytes.truncate(*length);
            bytes
        }
        Answer::Notice => {
            let text = tlv(4, b"00002024: LdapErr: DSID-0C060420, comment: Timedout due to inactivity");
            let result = tlv(0x78, &[tlv(0x0a, &[52]), tlv(4, b""), text].concat());
            // Windows puts the name of the notice behind the operation instead of into it.
            let name = tlv(0x8a, b"1.3.6.1.4.1.1466.20036");
            message(0, &[result, name].concat())
        }
        Answer::Silence | Answer::Close => Vec::new(),
    }
}

/// The end of a search with these controls, for [`Answer::Operations`].
pub(crate) fn done(code: u8, controls: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let control =
        |(oid, value): &(&str, Vec<u8>)| tlv(0x30, &[tlv(4, oid.as_bytes()), tlv(4, value)].concat());
    let controls: Vec<u8> = controls.iter().flat_map(control).collect();
    let mut bytes = result(SEARCH, code, "");
    if !controls.is_empty() {
        bytes.extend(tlv(0xa0, &controls));
    }
    bytes
}

/// One entry with attributes of any number of values, for [`Answer::Operations`].
pub(crate) fn entry(dn: &str, attributes: &[(&str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attribute = |(name, values): &(&str, Vec<Vec<u8>>)| {
        let values: Vec<u8> = values.iter().flat_map(|value| tlv(4, value)).collect();
        tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat())
    };
    let list: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    tlv(0x64, &[tlv(4, dn.as_bytes()), tlv(0x30, &list)].concat())
}

pub(crate) fn authority() -> (Issuer, String) {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = Issuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let pem = issuer.pem();
    (issuer, pem)
}

pub(crate) fn acceptor(issuer: &Issuer, name: &str) -> tokio_rustls::TlsAcceptor {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
    Arc::new(config).into()
}

/// One message: its id, the tag of its operation, and the rest of it.
async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<(u8, u8, Vec<u8>)> {
    assert_eq!(stream.read_u8().await.ok()?, 0x30);
    let first = stream.read_u8().await.ok()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        length = 0;
        for _ in 0..first - 0x80 {
            length = length << 8 | usize::from(stream.read_u8().await.ok()?);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    // Ids stay below 128 here: one byte.
    let &[2, 1, id, tag, ..] = body.as_slice() else { panic!("not a message: {body:?}") };
    Some((id, tag, body))
}

pub(crate) fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag, 0x84];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(2, &[id]), operation].concat())
}

fn result(request: u8, code: u8, text: &str) -> Vec<u8> {
    let response = match request {
        SEARCH => 0x65,
        DELETE => 0x6b,
        other => other + 1,
    };
    tlv(response, &[tlv(0x0a, &[code]), tlv(4, b""), tlv(4, text.as_bytes())].concat())
}

fn encode((dn, attributes): &Entry) -> Vec<u8> {
    let list: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, value)| tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, &tlv(4, value))].concat()))
        .collect();
    tlv(0x64, &[tlv(4, dn.as_bytes()), tlv(0x30, &list)].concat())
}

/// An account of `id` with this marker, as a controller sends it.
pub(crate) fn account(id: u8, marker: &str, more: &[(&'static str, &str)]) -> Entry {
    let mut attributes = vec![
        ("objectGUID", vec![id; 16]),
        ("sAMAccountName", b"svc".to_vec()),
        ("cn", b"svc".to_vec()),
        ("userAccountControl", b"66050".to_vec()),
        ("accountExpires", b"9223372036854775807".to_vec()),
        ("adminDescription", marker.as_bytes().to_vec()),
    ];
    attributes.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    attributes.extend(more.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())));
    ("CN=svc,OU=Accounts,DC=corp,DC=example".to_owned(), attributes)
}
