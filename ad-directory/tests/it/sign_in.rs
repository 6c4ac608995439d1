//! As whom the directory signs in. That Kerberos works is tested at a real KDC, in processes of their own: `.ci/e2e/kerberos`.

use ad_directory::{Directory, ErrorKind, LdapDirectory, LdapDirectoryBuilder, Outcome, ProbeOptions};

use crate::stub::{Answer, BIND, Stub};

const REFUSED: Answer = Answer::Result(
    49,
    "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563",
);

#[tokio::test]
async fn what_was_refused_is_sent_again_only_when_it_is_asked_for() {
    let stub = Stub::new(vec![REFUSED, REFUSED]).await;
    let directory = stub.directory();
    for _ in 0..3 {
        let error = directory.probe(ProbeOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Auth, Outcome::NotSent));
    }
    assert_eq!(stub.tags(), [BIND]);
    directory.sign_in_again();
    for _ in 0..3 {
        assert_eq!(directory.probe(ProbeOptions::new()).await.unwrap_err().kind(), ErrorKind::Auth);
    }
    assert_eq!(stub.tags(), [BIND, BIND]);
}

fn refused(builder: LdapDirectoryBuilder, part: &str) {
    let (_, ca) = crate::stub::authority();
    let error = builder.ca_pem(ca).build().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent));
    assert!(error.to_string().contains(part), "{error}");
    assert!(!error.to_string().contains("Canary"), "{error}");
}

#[test]
fn kerberos_is_not_mixed_with_a_password() {
    let builder = || LdapDirectory::builder("ldaps://dc1.corp.example").kerberos();
    refused(builder().bind_name("svc@corp.example"), "one of them");
    refused(builder().password("Canary-7f3a".into()), "one of them");
}

#[test]
fn kerberos_knows_no_controller_by_its_address() {
    for address in ["127.0.0.1", "[::1]"] {
        let url = format!("ldaps://{address}");
        refused(LdapDirectory::builder(&url).kerberos(), "full DNS names");
        refused(
            LdapDirectory::builder("ldaps://dc1.corp.example").fallback(&url).kerberos(),
            "full DNS names",
        );
        refused(
            LdapDirectory::builder("ldaps://dc1.corp.example").global_catalog(&url).kerberos(),
            "full DNS names",
        );
    }
}

#[cfg(feature = "gssapi")]
#[test]
fn with_kerberos_there_is_no_password_to_replace() {
    let (_, ca) = crate::stub::authority();
    let directory = LdapDirectory::builder("ldaps://dc1.corp.example").kerberos().ca_pem(ca).build().unwrap();
    let error = directory.replace_password("Canary-7f3a".into()).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
}

#[cfg(not(feature = "gssapi"))]
#[test]
fn without_the_feature_kerberos_is_refused() {
    refused(LdapDirectory::builder("ldaps://dc1.corp.example").kerberos(), "feature `gssapi`");
}
