//! Any text as a token for changes, and any bytes as what is in one: what is read is written and read as the same, and a directory that is
//! handed it answers, or says why not, and never takes it for another one's.
#![no_main]

use std::sync::LazyLock;

use ad_directory::{ChangeSource, ChangeToken, ChangesOptions, Directory, ErrorKind, MemoryDirectory};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::TryStreamExt;
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

static DIRECTORY: LazyLock<MemoryDirectory> =
    LazyLock::new(|| MemoryDirectory::builder("corp.example").unit("Service Accounts").build().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let made = format!("adct1.{}", URL_SAFE_NO_PAD.encode(bytes));
    for text in [Some(made.as_str()), std::str::from_utf8(bytes).ok()].into_iter().flatten() {
        match text.parse::<ChangeToken>() {
            Ok(token) => whole(&token),
            Err(error) => must_be_showable(&error.to_string()),
        }
    }
});

fn whole(token: &ChangeToken) {
    must_come_back(token);
    let shown = format!("{token:?}");
    assert!(!shown.contains(char::is_control), "{shown:?}");
    // The domain's identity is random, so that no token of the fuzzer's is one of this directory.
    let changes = DIRECTORY.list_changes(ChangesOptions::new().token(token.clone()));
    let error = futures_executor::block_on(changes.try_collect::<Vec<_>>()).unwrap_err();
    must_be_showable(&error.to_string());
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    // The same token with this directory's identity in it.
    let ours =
        futures_executor::block_on(DIRECTORY.list_changes(ChangesOptions::new()).try_collect::<Vec<_>>())
            .unwrap();
    let (ours, theirs) = (json(&ours[0].token), json(token));
    let mut mixed = ours;
    mixed["position"] = theirs["position"].clone();
    let text = format!("adct1.{}", URL_SAFE_NO_PAD.encode(mixed.to_string()));
    let mixed: ChangeToken = text.parse().unwrap();
    let changes = DIRECTORY.list_changes(ChangesOptions::new().token(mixed.clone()));
    match futures_executor::block_on(changes.try_collect::<Vec<_>>()) {
        Ok(batches) => {
            assert!(mixed.source() == ChangeSource::Log && batches.iter().all(|batch| !batch.is_full))
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::ResyncNeeded, "{error}"),
    }
}

fn json(token: &ChangeToken) -> serde_json::Value {
    let text = token.to_string();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.strip_prefix("adct1.").unwrap()).unwrap()).unwrap()
}
