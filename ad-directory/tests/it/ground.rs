//! Directories for the suite.

use ad_directory::{
    AuditEvent, AuditedDirectory, Directory, Dn, FaultyDirectory, LimitedDirectory, MemoryDirectory,
    MemoryDirectoryBuilder, ReadOnlyDirectory,
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

struct Limited;

impl Harness for Limited {
    async fn fresh(&self) -> Ground {
        let limited = LimitedDirectory::new(builder().build().unwrap()).in_flight(3);
        on(limited.per_second(std::num::NonZeroU32::new(100_000).unwrap()))
    }
}

struct Audited;

impl Harness for Audited {
    async fn fresh(&self) -> Ground {
        on(AuditedDirectory::new(builder().build().unwrap(), |event: &AuditEvent| {
            assert!(!event.operation.is_empty() && !event.subject.is_empty());
        }))
    }
}

/// What is read goes through the view, and what is changed goes past it.
struct ReadOnly;

impl Harness for ReadOnly {
    async fn fresh(&self) -> Ground {
        let directory = builder().build().unwrap();
        on(directory.clone()).reader(ReadOnlyDirectory::new(directory))
    }
}

/// Through all wrappers at once.
struct Stacked;

impl Harness for Stacked {
    async fn fresh(&self) -> Ground {
        let memory: std::sync::Arc<dyn Directory> = std::sync::Arc::new(builder().build().unwrap());
        let limited = LimitedDirectory::new(memory).in_flight(4);
        let audited = AuditedDirectory::new(FaultyDirectory::new(limited), |_: &AuditEvent| {});
        on(audited.clone()).reader(ReadOnlyDirectory::new(LimitedDirectory::new(audited).in_flight(4)))
    }
}

mod limited {
    ad_directory::conformance_suite!(super::Limited);
}

mod audited {
    ad_directory::conformance_suite!(super::Audited);
}

mod read_only {
    ad_directory::conformance_suite!(super::ReadOnly);
}

mod stacked {
    ad_directory::conformance_suite!(super::Stacked);
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
const _: () = assert!(ad_directory::conformance::NAMES.len() >= 135);
