//! Any text as a filter, and as a value in one: what is read is written and read as the same, finds the same accounts as before, and obeys
//! logic; a value never gets out of its place.
#![no_main]

use std::{collections::BTreeSet, sync::LazyLock};

use ad_directory::{
    AttributeName, Directory, Filter, ListOptions, MemoryDirectory, NewAccount, ObjectGuid, Query,
};
use futures_util::TryStreamExt;
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

static DIRECTORY: LazyLock<MemoryDirectory> = LazyLock::new(|| {
    let directory =
        MemoryDirectory::builder("corp.example").unit("Service Accounts").group("Readers").build().unwrap();
    let new = |name: &str| {
        NewAccount::new("OU=Service Accounts,DC=corp,DC=example".parse().unwrap(), name.parse().unwrap())
    };
    let accounts = [
        new("svc-a"),
        new("svc-b").description("Ärger (a*b\\c)").service_principal_name("HTTP/web.corp.example"),
        new("SVC-c")
            .password_never_expires(false)
            .expires("2027-01-01T00:00:00Z".parse::<jiff::Timestamp>().ok().into()),
        new("d")
            .marker("alm1:x:7".parse().unwrap())
            .display_name("d")
            .attribute("department".parse().unwrap(), ["1".to_owned(), "22".to_owned()]),
    ];
    for account in accounts {
        let made =
            futures_executor::block_on(directory.create_account(&account, Default::default())).unwrap();
        if made.cn == "d" {
            let group = "CN=Readers,CN=Users,DC=corp,DC=example".parse::<ad_directory::Dn>().unwrap();
            futures_executor::block_on(directory.add_member(&group.into(), made.guid, Default::default()))
                .unwrap();
        }
    }
    directory
});

static ALL: LazyLock<BTreeSet<ObjectGuid>> = LazyLock::new(|| found(Filter::all([])));

fn found(filter: Filter) -> BTreeSet<ObjectGuid> {
    let list = DIRECTORY.list_accounts(&Query::all().matching(filter), ListOptions::new());
    let accounts: Vec<_> = futures_executor::block_on(list.try_collect()).unwrap();
    accounts.into_iter().map(|account| account.guid).collect()
}

fuzz_target!(|text: &str| {
    match text.parse::<Filter>() {
        Ok(filter) => {
            let shown = must_come_back(&filter);
            assert!(shown.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{shown:?}");
            logic(&filter, &shown);
        }
        Err(error) => must_be_showable(&error.to_string()),
    }
    let name = || "description".parse::<AttributeName>().unwrap();
    for made in [
        Filter::equals(name(), text),
        Filter::starts_with(name(), text),
        Filter::ends_with(name(), text),
        Filter::contains(name(), text),
        Filter::at_least(name(), text),
        Filter::at_most(name(), text),
    ] {
        let shown = must_come_back(&made);
        assert_eq!((shown.matches('(').count(), shown.matches(')').count()), (1, 1), "{shown}");
        let both = Filter::all([made.clone(), Filter::present(name())]);
        assert_eq!(must_come_back(&both), format!("(&{shown}(description=*))"));
    }
});

fn logic(filter: &Filter, shown: &str) {
    let fits = found(filter.clone());
    assert_eq!(found(shown.parse().unwrap()), fits, "{shown}");
    let others: BTreeSet<_> = ALL.difference(&fits).copied().collect();
    assert_eq!(found(Filter::not(filter.clone())), others, "{shown}");
    let other = Filter::starts_with("sAMAccountName".parse().unwrap(), "svc");
    let named = found(other.clone());
    assert_eq!(named.len(), 3);
    assert_eq!(found(Filter::all([other.clone(), filter.clone()])), &fits & &named, "{shown}");
    assert_eq!(found(Filter::any([other, filter.clone()])), &fits | &named, "{shown}");
}
