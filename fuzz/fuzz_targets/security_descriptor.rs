//! Any bytes as a security descriptor and as the list of who may read a managed password: what is read is written and read as the same; each
//! entry comes out with the bytes it went in with; and an edit changes the entries it is about, and no other.
#![no_main]

use std::sync::LazyLock;

use ad_directory::{Ace, AceKind, Acl, PasswordReaders, SecurityDescriptor, Sid};
use fuzz::must_be_showable;
use libfuzzer_sys::fuzz_target;

static HOSTS: LazyLock<Sid> = LazyLock::new(|| "S-1-5-21-1-2-3-1104".parse().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let descriptor = match SecurityDescriptor::from_wire(bytes) {
        Ok(descriptor) => descriptor,
        Err(error) => return must_be_showable(&error.to_string()),
    };
    let written = descriptor.to_wire();
    assert_eq!(SecurityDescriptor::from_wire(&written).unwrap(), descriptor);
    assert_eq!(SecurityDescriptor::from_wire(&written).unwrap().to_wire(), written);
    must_be_showable(&descriptor.to_string());
    for (offset, list) in [(12, descriptor.sacl()), (16, descriptor.dacl())] {
        if let Some(list) = list {
            assert_eq!(entries(bytes, offset), entries(&written, offset), "entries are kept byte by byte");
            assert_eq!(entries(&written, offset).map(|all| all.len()), Some(list.entries().len()));
        }
    }
    // What else the header says: the control bits, and the byte of the resource manager.
    assert_eq!((bytes[1], &bytes[2..4]), (written[1], &written[2..4]));

    let mut readers = PasswordReaders::from_wire(bytes).unwrap();
    let before = list(&readers).map(<[Ace]>::to_vec);
    let allowed = readers.principals().contains(&&*HOSTS);
    match readers.add(HOSTS.clone()) {
        Ok(false) => assert!(allowed),
        Ok(true) => {
            assert!(!allowed && readers.principals().contains(&&*HOSTS));
            let mut after = list(&readers).unwrap().to_vec();
            let added =
                after.iter().position(|ace| !before.as_ref().unwrap().contains(ace)).expect("the new entry");
            after.remove(added);
            assert_eq!(Some(after), before, "the others stay as they were, in their order");
        }
        Err(error) => {
            must_be_showable(&error.to_string());
            assert_eq!(list(&readers).map(<[Ace]>::to_vec), before, "a refusal changes nothing");
        }
    }
    readers.remove(&HOSTS);
    assert!(!readers.principals().contains(&&*HOSTS));
    let kept =
        |all: &[Ace]| all.iter().filter(|ace| ace.trustee() != Some(&HOSTS)).cloned().collect::<Vec<_>>();
    assert_eq!(list(&readers).map(kept), before.as_deref().map(kept), "nobody else is touched");
    if readers.set([HOSTS.clone()]).is_ok() {
        assert_eq!(readers.principals(), [&*HOSTS]);
        assert!(!readers.is_open());
        let unknown = |all: &[Ace]| {
            all.iter()
                .filter(|ace| matches!(ace.kind(), AceKind::Other(_)) || ace.mask().is_none())
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(list(&readers).map(unknown), Some(before.as_deref().map(unknown).unwrap_or_default()));
    }
    assert_eq!(PasswordReaders::from_wire(&readers.to_wire()).unwrap(), readers);
    assert_eq!(
        serde_json::from_str::<PasswordReaders>(&serde_json::to_string(&readers).unwrap()).unwrap(),
        readers
    );
});

fn list(readers: &PasswordReaders) -> Option<&[Ace]> {
    readers.descriptor().dacl().map(Acl::entries)
}

/// The entries of the list whose offset is at `place`, as bytes: read by MS-DTYP 2.4.5 and nothing of the crate.
fn entries(descriptor: &[u8], place: usize) -> Option<Vec<&[u8]>> {
    let offset = u32::from_le_bytes(descriptor.get(place..place + 4)?.try_into().ok()?) as usize;
    let list = descriptor.get(offset..)?;
    let count = u16::from_le_bytes([*list.get(4)?, *list.get(5)?]);
    let mut rest = list.get(8..)?;
    let mut all = Vec::new();
    for _ in 0..count {
        let size = usize::from(u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?]));
        all.push(rest.get(..size)?);
        rest = rest.get(size..)?;
    }
    Some(all)
}
