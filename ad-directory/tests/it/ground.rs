//! Directories for the suite.

use ad_directory::{
    Directory, Dn, FaultyDirectory, MemoryDirectory, MemoryDirectoryBuilder,
    conformance::{Ground, Harness},
};

/// As `.ci/samba-dc` makes it.
pub(crate) fn builder() -> MemoryDirectoryBuilder {
    MemoryDirectory::builder("corp.example")
        .unit("Service Accounts")
        .unit("Retired")
        .group("app-readers")
        .group("app-writers")
}

pub(crate) fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

fn on(directory: impl Directory) -> Ground {
    let unit = dn("OU=Service Accounts,DC=corp,DC=example");
    Ground::new(directory, unit, dn("OU=Retired,DC=corp,DC=example"), "app-readers", "app-writers")
}

struct Memory;

impl Harness for Memory {
    async fn fresh(&self) -> Ground {
        on(builder().build().unwrap())
    }
}

/// Through pointers and a wrapper: nothing may get lost in forwarding.
struct Wrapped;

impl Harness for Wrapped {
    async fn fresh(&self) -> Ground {
        let inner: std::sync::Arc<dyn Directory> = std::sync::Arc::new(builder().build().unwrap());
        let boxed: Box<dyn Directory> = Box::new(FaultyDirectory::new(inner));
        on(boxed)
    }
}

struct Stored;

impl Harness for Stored {
    async fn fresh(&self) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let directory = builder().open(folder.path().join("world.json")).unwrap();
        on(directory).guard(folder)
    }
}

mod in_memory {
    ad_directory::conformance_suite!(super::Memory);
}

mod wrapped {
    ad_directory::conformance_suite!(super::Wrapped);
}

mod stored {
    ad_directory::conformance_suite!(super::Stored);
}

/// A list that lost its cases would be green too.
const _: () = assert!(ad_directory::conformance::COUNT >= 121);
