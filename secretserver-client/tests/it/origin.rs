//! The token never leaves the origin of the base address: not by a base, a path, a redirect, a link in an answer, or a proxy. A second
//! listener on another port of the same host must see nothing.

use futures_util::TryStreamExt as _;
use secretserver_client::auth::{Password, StaticToken};
use secretserver_client::request::{Endpoint, Method, Path};
use secretserver_client::resource::secrets::{ReadOptions, SearchFilter};
use secretserver_client::{Client, ErrorKind, SecretId};

use super::raw::{Act, Raw};

const SUMMARY: &str = r#"{"id":4,"name":"svc"}"#;

struct Two {
    base: Raw,
    trap: Raw,
    /// Host and port of both.
    here: String,
    there: String,
}

async fn two(acts: Vec<Act>) -> Two {
    let base = Raw::start(acts).await;
    let trap = Raw::start(vec![Act::json("200 OK", SUMMARY); 50]).await;
    let authority =
        |raw: &Raw| raw.url.trim_start_matches("http://").trim_end_matches("/SecretServer").to_owned();
    Two { here: authority(&base), there: authority(&trap), base, trap }
}

fn client(base: &str) -> Result<Client, secretserver_client::Error> {
    Client::builder(base).credential(StaticToken::new("CANARY".into())).attempts(1).build()
}

async fn read(client: &Client) -> Result<(), secretserver_client::Error> {
    client.secrets().summary(SecretId::new(4).unwrap()).await.map(drop)
}

impl Two {
    fn nothing_left(&self, what: &str) {
        assert!(self.trap.requests().is_empty(), "{what}: {:?}", self.trap.requests());
    }
}

#[tokio::test]
async fn a_hostile_base_is_refused_or_is_what_it_looks_like() {
    let t = two(vec![Act::json("200 OK", SUMMARY); 50]).await;
    let (here, there) = (&t.here, &t.there);
    for base in [
        format!("//{there}/x"),
        format!("{there}/x"),
        format!("http://{here}@{there}/x"),
        format!("http://user:CANARY@{there}"),
        format!("http://{here}?//{there}"),
        format!("http://{here}#@{there}"),
        format!("http://127.0.0.1.evil.example:{}", there.rsplit(':').next().unwrap()),
        format!("ftp://{there}"),
        "http://".to_owned(),
        "http:///".to_owned(),
    ] {
        let error = client(&base).expect_err(&base);
        assert_eq!(error.kind(), ErrorKind::Config, "{base}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
    for base in [
        format!("http://{here}//{there}/x"),
        format!("http://{here}/..//{there}/x"),
        format!("http://{here}/%2e%2e/%2e%2e/x"),
        format!("http://{here}/a/../../b"),
        format!("http:\\\\{here}\\x"),
        format!("http://{here}\\@{there}/x"),
        format!("http://{here}/@{there}"),
        format!("http://{here}/x%23@{there}"),
        format!(" http://{here}/x\t"),
    ] {
        let before = t.base.requests().len();
        match client(&base) {
            Ok(client) => {
                read(&client).await.unwrap_or_else(|e| panic!("{base}: {e}"));
                assert_eq!(t.base.requests().len(), before + 1, "{base}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Config, "{base}"),
        }
        t.nothing_left(&base);
    }
    assert!(t.base.requests().len() >= 6);
}

/// A path of somebody's own endpoint.
struct Own(String);

impl Endpoint for Own {
    const OPERATION: &'static str = "own";
    const METHOD: Method = Method::Get;
    type Response = serde_json::Value;

    fn path(&self) -> Path {
        Path::root("x").text("value", &self.0)
    }
}

#[tokio::test]
async fn a_hostile_value_stays_below_the_base() {
    let t = two(vec![Act::json("200 OK", SUMMARY); 200]).await;
    let there = &t.there;
    let client = client(&t.base.url).unwrap();
    for value in [
        format!("//{there}/x"),
        format!("http://{there}/x"),
        format!("@{there}/"),
        format!("@{there}"),
        format!("..@{there}"),
        "..".to_owned(),
        "../../..".to_owned(),
        "%2e%2e".to_owned(),
        "%2e%2e%2f%2e%2e".to_owned(),
        "..%2f".to_owned(),
        "..\\..".to_owned(),
        format!("\\\\{there}\\x"),
        format!("x\r\nHost: {there}"),
        format!("?next=http://{there}"),
        format!("#http://{there}"),
        ";x=..".to_owned(),
        "\u{2024}\u{2024}".to_owned(),
        "\u{ff0e}\u{ff0e}\u{ff0f}".to_owned(),
    ] {
        drop(client.request(Own(value.clone())).await);
        drop(client.secrets().field(SecretId::new(4).unwrap(), &value).await);
        drop(client.secrets().get_by_path(&value, ReadOptions::default()).await);
        drop(client.folders().get_by_path(&value).await);
        t.nothing_left(&value);
    }
    let requests = t.base.requests();
    assert!(requests.len() > 40, "{}", requests.len());
    for request in requests {
        let (head, _) = request.split_once("\r\n\r\n").unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let below = ["/SecretServer/x/", "/SecretServer/api/v1/secrets/", "/SecretServer/api/v1/folders/0?"];
        assert!(below.iter().any(|b| path.starts_with(b)), "{path}");
        let path = path.split('?').next().unwrap();
        assert!(!path.contains("/../") && !path.contains("//") && !path.contains('\\'), "{path}");
        assert_eq!(head.matches("\r\nhost: ").count(), 1, "{head}");
        assert!(head.contains(&format!("\r\nhost: {}", t.here)), "{head}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed_wherever_it_points() {
    for status in ["300 Choices", "301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"] {
        let t = two(Vec::new()).await;
        let (here, there) = (&t.here, &t.there);
        for location in [
            format!("http://{there}/x"),
            format!("//{there}/x"),
            format!("http://localhost:{}/x", there.rsplit(':').next().unwrap()),
            format!("http://{here}@{there}/"),
            format!("http://{here}/SecretServer/api/v1/secrets/5/summary"),
            "/SecretServer/api/v1/secrets/5/summary".to_owned(),
            "5/summary".to_owned(),
        ] {
            let act = Act::with(
                status,
                &format!("Location: {location}\r\nRefresh: 0; url={location}\r\n"),
                SUMMARY,
            );
            let base = Raw::start(vec![act.clone(), act]).await;
            let client =
                Client::builder(&base.url).credential(StaticToken::new("CANARY".into())).build().unwrap();
            let error = read(&client).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{status} {location}: {error}");
            assert!(error.to_string().contains("redirect"), "{error}");
            client.secrets().update_field(SecretId::new(4).unwrap(), "password", "CANARY").await.unwrap_err();
            assert_eq!(base.requests().len(), 2, "{status} {location}");
            t.nothing_left(&location);
        }
        assert!(t.base.requests().is_empty());
    }
}

#[tokio::test]
async fn the_password_does_not_follow_a_redirect_either() {
    let t = two(Vec::new()).await;
    let act = Act::with("307 Temporary", &format!("Location: http://{}/oauth2/token\r\n", t.there), "");
    let base = Raw::start(vec![act]).await;
    let client = Client::builder(&base.url).credential(Password::new("u", "CANARY".into())).build().unwrap();
    read(&client).await.unwrap_err();
    assert_eq!(base.requests().len(), 1);
    t.nothing_left("sign-in");
}

#[tokio::test]
async fn links_in_answers_are_not_followed() {
    let t = two(Vec::new()).await;
    let link = format!("http://{}/next", t.there);
    let page = |next: bool| {
        serde_json::json!({
            "records": [{ "id": if next { 1 } else { 2 }, "name": "n", "url": link, "links": [{ "rel": "self", "href": link }] }],
            "skip": u32::from(!next), "take": 1, "total": 2, "hasNext": next, "nextSkip": 1,
            "nextLink": link, "next": link, "@odata.nextLink": link, "_links": { "next": { "href": link } },
            "links": [{ "rel": "next", "href": link }],
        })
        .to_string()
    };
    let headers = format!(
        "Link: <{link}>; rel=\"next\"\r\nContent-Location: {link}\r\nAlt-Svc: h2=\"{}\"\r\n",
        t.there
    );
    let base = Raw::start(vec![
        Act::with("200 OK", &headers, &page(true)),
        Act::with("200 OK", &headers, &page(false)),
    ])
    .await;
    let all: Vec<_> =
        client(&base.url).unwrap().secrets().search(SearchFilter::default()).try_collect().await.unwrap();
    assert_eq!((all.len(), base.requests().len()), (2, 2));
    t.nothing_left("links");
}

#[tokio::test]
async fn a_proxy_sees_where_to_and_never_the_token() {
    for answer in [
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: https://evil.example\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nthis is not TLS",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    ] {
        let proxy = Raw::start(vec![Act::Say(answer.to_owned())]).await;
        let address = proxy.url.trim_end_matches("/SecretServer").parse().unwrap();
        let client = Client::builder("https://vault.invalid/SecretServer")
            .credential(StaticToken::new("CANARY".into()))
            .proxy(address)
            .attempts(1)
            .build()
            .unwrap();
        let error = read(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{answer}: {error}");
        let requests = proxy.requests();
        assert!(requests[0].starts_with("CONNECT vault.invalid:443 HTTP/1.1\r\n"), "{}", requests[0]);
        assert!(
            requests.iter().all(|r| !r.contains("CANARY") && !r.to_lowercase().contains("\r\nauthorization"))
        );
    }
}
