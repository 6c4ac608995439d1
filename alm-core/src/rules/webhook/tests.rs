use super::*;
use crate::rules::fixture::delivery;

#[test]
fn addresses_inside_are_known_in_every_form() {
    for text in [
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "::127.0.0.1",
        "0:1::1",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "::ffff:100.100.100.200",
        "192.0.0.1",
        "192.0.0.192",
        "64:ff9b:1::5db8:d822",
        "64:ff9b:1:ffff::1",
        "2002:7f00:1::1",
        "2002:5db8:d822::1",
        "fec0::1",
        "feff::1",
    ] {
        assert!(is_inner(text.parse().unwrap(), false), "{text}");
    }
    for text in [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
        "fd00::1",
        "fd12:ec2::1",
        "::ffff:10.0.0.1",
    ] {
        assert!(is_inner(text.parse().unwrap(), true), "{text}");
        assert!(!is_inner(text.parse().unwrap(), false), "{text}");
    }
    for text in [
        "93.184.216.34",
        "100.128.0.1",
        "192.0.1.1",
        "2606:2800:220::1",
        "2620:0:2d0::1",
        "65:ff9b::1",
        "64:ff9a::1",
        "64:ff9b::5db8:d822",
    ] {
        assert!(!is_inner(text.parse().unwrap(), true), "{text}");
    }
}

fn good() -> Webhook {
    Webhook::new("https://example.com/hook", "key")
}

/// The rules and fields of what is wrong.
fn wrong(webhook: &Webhook) -> Vec<String> {
    check(webhook).iter().map(|refusal| format!("{} {}", refusal.rule(), refusal.field())).collect()
}

#[test]
fn h_1_everything_that_is_wrong_is_said_at_once() {
    assert!(wrong(&good()).is_empty());
    let basic = Authorization::Basic { credential: "a b".into() };
    let webhook = Webhook::new("http://example.com/", "").authorization(basic).header("Host", "x");
    let webhook = webhook.body(json!("${id} ${type} ${when}"));
    let expected = ["H-1 url", "H-3 signing_key", "H-2 authorization", "H-1 headers", "H-3 body", "H-3 body"];
    assert_eq!(wrong(&webhook), expected);
    let basic = Authorization::Basic { credential: "itsm".into() };
    assert!(wrong(&good().authorization(basic)).is_empty());
}

#[test]
fn h_1_only_this_machine_is_reached_without_tls() {
    for (text, fits) in [
        ("https://example.com:8443/hook?x=1", true),
        ("http://localhost:1/", true),
        ("http://127.0.0.1/", true),
        ("http://[::1]/", true),
        ("http://10.0.0.1/", false),
        ("http://[fd00::1]/", false),
        ("http://localhost.example.com/", false),
        ("ftp://localhost/", false),
        ("mailto:ann@example.com", false),
        ("https://ann@example.com/", false),
        ("https://:secret@example.com/", false),
        ("https://example.com/#x", false),
        ("example.com", false),
    ] {
        assert_eq!(url("H-1", "url", text).is_ok(), fits, "{text}");
    }
}

#[test]
fn names_and_values_end_at_their_bounds() {
    for (name, fits) in
        [("", false), ("a", true), ("A_b-9", true), (&"x".repeat(64), true), (&"x".repeat(65), false)]
    {
        assert_eq!(credential("H-3", "key", name).is_ok(), fits, "{name}");
    }
    let long = |length| "x".repeat(length);
    for (name, value, fits) in [
        ("X-Token_1~", "two words!", true),
        (&long(100), &long(1_000), true),
        (&long(101), "x", false),
        ("x", &long(1_001), false),
        ("", "x", false),
        ("x y", "x", false),
        ("x", "tab\tbed", false),
        ("COOKIE", "x", false),
        ("Webhook-Id", "x", false),
    ] {
        assert_eq!(header(name, value).is_ok(), fits, "{name}: {value}");
    }
    let headers = |count| (0..count).fold(good(), |webhook, n| webhook.header(format!("x-{n}"), "y"));
    assert_eq!((wrong(&headers(20)).len(), wrong(&headers(21)).len()), (0, 1));
}

#[test]
fn h_2_a_token_is_asked_for_with_the_credential_and_nothing_else() {
    type Spoil = fn(&mut OAuth);
    let many = |oauth: &mut OAuth, count: usize| {
        oauth.fields = (0..count).map(|n| (n.to_string(), String::new())).collect();
    };
    let spoilt = |spoil: &dyn Fn(&mut OAuth)| {
        let mut oauth = OAuth::client_credentials("itsm", "https://login.example.com/");
        spoil(&mut oauth);
        wrong(&good().authorization(Authorization::OAuth(oauth)))
    };
    let cases: [(Spoil, &[&str]); 9] = [
        (|_| (), &[]),
        (|oauth| oauth.token_url.clear(), &["H-2 token_url"]),
        (|oauth| oauth.credential.clear(), &["H-2 authorization"]),
        (|oauth| drop(oauth.fields.insert("x".into(), "${password}".into())), &["H-2 fields"]),
        (|oauth| drop(oauth.fields.insert(String::new(), "x".into())), &["H-2 fields"]),
        (|oauth| drop(oauth.fields.insert("x".into(), "x".repeat(1_001))), &["H-2 fields"]),
        (|oauth| oauth.token = "access_token".into(), &["H-2 token"]),
        (|oauth| oauth.token = format!("/{}", "x".repeat(199)), &[]),
        (|oauth| oauth.token = format!("/{}", "x".repeat(200)), &["H-2 token"]),
    ];
    for (number, (spoil, expected)) in cases.into_iter().enumerate() {
        assert_eq!(spoilt(&spoil), expected, "case {number}");
    }
    for (count, expected) in [(0, 1), (1, 0), (20, 0), (21, 1)] {
        assert_eq!(spoilt(&|oauth| many(oauth, count)).len(), expected, "{count}");
    }
}

#[test]
fn h_3_a_body_of_ones_own_has_what_receivers_need_and_parameters_that_there_are() {
    let problems = |body: &Value| {
        body_problems(body).iter().map(|refusal| refusal.message().to_owned()).collect::<Vec<_>>()
    };
    let needed = "${id}${type}${time}";
    assert!(problems(&json!({ "a": [needed], "${id}": 1 })).is_empty());
    assert_eq!(problems(&json!(["${id}", { "${time}": "${type}" }])), ["must have ${time} somewhere"]);
    for text in ["${secret}", "${text} ${secret} ${other}"] {
        let said = problems(&json!([needed, text]));
        assert!(said.len() == 1 && said[0].starts_with("there is no parameter \"secret\""), "{said:?}");
    }
    for text in ["${secret", "${text} ${text"] {
        assert!(problems(&json!([needed, text]))[0].contains("not closed"), "{text}");
    }
    // With brackets and quotes.
    let room = 20_000 - json!([needed, ""]).to_string().len();
    assert!(problems(&json!([needed, "x".repeat(room)])).is_empty());
    assert_eq!(problems(&json!([needed, "x".repeat(room + 1)])), ["is longer than 20,000 bytes"]);
}

#[test]
fn h_3_every_parameter_is_filled_in_and_what_is_not_closed_stays() {
    let mut delivery = delivery("svc_1 is there");
    let event = &mut delivery.event;
    event.account_version = Some(3);
    event.request = Some(uuid::Uuid::from_u128(4).into());
    let instance = uuid::Uuid::from_u128(9).into();
    let id = |n| uuid::Uuid::from_u128(n).to_string();
    let template: Value = PARAMETERS.iter().map(|(name, _)| format!("<${{{name}}}>")).collect();
    let filled: Vec<String> =
        serde_json::from_value(body(&good().body(template), instance, &delivery)).unwrap();
    let expected = [
        id(7),
        "account_provisioned".into(),
        delivery.event.at.to_string(),
        "svc_1 is there".into(),
        id(9),
        id(8),
        "3".into(),
        id(4),
        String::new(),
        "1".into(),
        "true".into(),
    ];
    assert_eq!(filled, expected.map(|value| format!("<{value}>")));
    assert_eq!(fill("a ${x} ${y", |name| format!("[{name}]")), "a [x] ${y");
    let standard = body(&good(), instance, &delivery);
    assert_eq!(
        (&standard["type"], &standard["data"]["account"]),
        (&json!("account_provisioned"), &json!(id(8)))
    );
}

#[test]
fn h_3_values_are_texts_of_the_json_and_never_more() {
    let template = json!({ "a": ["${text}", 1, null], "${text}": "x${text}${text}" });
    let value = |_: &str| "\", \"evil\": \"${text}".to_owned();
    let body = filled(&template, &value);
    assert_eq!(body["a"][0], value(""));
    assert_eq!(body["${text}"], format!("x{}{}", value(""), value("")));
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_eq!(serde_json::from_str::<Value>(&body.to_string()).unwrap(), body);
}
