//! What is logged, and what never is.

use std::{
    io,
    sync::{Arc, Mutex},
};

use ad_directory::{
    CheckPasswordOptions, CreateOptions, Directory, NewAccount, ObjectGuid, ProbeOptions, SetPasswordOptions,
};
use tracing::instrument::WithSubscriber;

use crate::{
    ground::dn,
    stub::{Answer, Stub, account},
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        let log = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

const CANARY: &str = "Canary-7f3a-Pw";

async fn work() {
    let ok = || Answer::Result(0, "");
    let found = || Answer::Entries(vec![account(7, "m", &[])]);
    let refused =
        || Answer::Result(53, "0000052D: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0");
    let script = vec![ok(), ok(), found(), refused(), found(), refused(), found(), ok(), Answer::Close];
    let stub = Stub::new(script).await;
    let directory = stub.directory();
    let unit = dn("OU=Accounts,DC=corp,DC=example");
    let new = NewAccount::new(unit, "svc".parse().unwrap()).password(CANARY.to_owned());
    let guid = ObjectGuid::from_wire(&[7; 16]).unwrap();
    directory.create_account(&new, CreateOptions::new()).await.unwrap();
    directory.create_account(&new, CreateOptions::new()).await.unwrap_err();
    directory.set_password(guid, &CANARY.into(), SetPasswordOptions::new()).await.unwrap_err();
    directory.check_password(guid, &CANARY.into(), CheckPasswordOptions::new()).await.unwrap();
    directory.probe(ProbeOptions::new()).await.unwrap_err();
    tracing::trace!(planted = "planted-canary");
}

#[tokio::test]
async fn logs_name_operation_and_controller_and_hold_no_password() {
    let log = Log::default();
    // With one subscriber alone, `tracing` asks the thread that comes to a place first, which may be another test's, whether anybody listens.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    work().with_subscriber(log.subscriber()).await;
    let text = log.text();
    assert!(text.contains("planted-canary"), "this test would not see a leak: {text}");
    for wanted in ["accounts.create", "accounts.set_password", "controller=127.0.0.1:", "win32_code=1325"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let utf16: String = CANARY.chars().flat_map(|c| [c, '\0']).collect();
    assert!(!text.contains("Canary-7f3a") && !text.contains(&utf16), "{text}");
    for line in
        text.lines().filter(|line| [" INFO ", " WARN ", "ERROR "].iter().any(|level| line.contains(level)))
    {
        assert!(!line.contains("DC="), "{line}");
    }
}
