use proptest::prelude::*;
use uuid::Uuid;

use super::{
    SecurityDescriptor, Sid,
    ace::{Ace, AceKind},
    acl::Acl,
};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

/// Written to a Samba controller and read back from it, byte by byte.
pub(in crate::value) fn golden() -> Vec<u8> {
    hex("01000480 14000000 00000000 00000000 24000000 01020000 00000005 20000000 20020000
         04002c00 01000000 00002400 ff010f00 01050000 00000005 15000000 f71b7628 bf3b8dfa d2d0ae0f 00020000")
}

#[test]
fn a_descriptor_of_a_controller() {
    let descriptor = SecurityDescriptor::from_wire(&golden()).unwrap();
    assert_eq!(descriptor.owner().unwrap().to_string(), "S-1-5-32-544");
    assert_eq!(descriptor.group(), None);
    let [ace] = descriptor.dacl().unwrap().entries() else { panic!("one entry") };
    assert_eq!((ace.kind(), ace.mask(), ace.flags()), (AceKind::Allow, Some(0x000f_01ff), 0));
    assert_eq!(ace.trustee().unwrap().to_string(), "S-1-5-21-678829047-4203559871-263114962-512");
    assert_eq!(descriptor.to_wire(), golden());
    assert_eq!(descriptor.to_string(), "owner S-1-5-32-544, 1 entries");
}

#[test]
fn no_list_is_not_an_empty_list() {
    let open = SecurityDescriptor::new();
    let closed = SecurityDescriptor::new().with_dacl(Acl::new());
    assert!(open.is_open() && !closed.is_open());
    // The bit for a list, and no list: everybody may do everything.
    let null = hex("01000480 00000000 00000000 00000000 00000000");
    let descriptor = SecurityDescriptor::from_wire(&null).unwrap();
    assert!(descriptor.is_open() && descriptor.dacl().is_none());
    assert_eq!(descriptor.to_wire(), null);
    for descriptor in [open, closed] {
        assert_eq!(SecurityDescriptor::from_wire(&descriptor.to_wire()).unwrap(), descriptor);
    }
}

#[test]
fn entries_that_are_not_known_are_kept_to_the_byte() {
    // A conditional entry (type 9), an allowing one with something behind its identifier, and an object entry with a flag nobody knows.
    let entries = hex("09000c00 aabbccdd eeff0011
         00001c00 ff010f00 01020000 00000005 20000000 20020000 cafebabe
         05001c00 10000000 04000000 01020000 00000005 20000000 20020000");
    let mut list = hex("04004c00 03000000");
    list.extend(&entries);
    let mut bytes = hex("01000480 00000000 00000000 00000000 14000000");
    bytes.extend(&list);
    let mut descriptor = SecurityDescriptor::from_wire(&bytes).unwrap();
    assert_eq!(descriptor.to_wire(), bytes);
    let acl = descriptor.dacl_mut().unwrap();
    assert!(acl.entries().iter().all(|ace| ace.trustee().is_none()));
    acl.insert(Ace::allow(1, "S-1-1-0".parse().unwrap())).unwrap();
    let written = descriptor.to_wire();
    assert!(written.windows(entries.len()).any(|part| part == entries));
}

#[test]
fn entries_go_where_they_belong() {
    let everyone = || "S-1-1-0".parse::<Sid>().unwrap();
    let mut acl = Acl::new();
    acl.insert(Ace::allow(1, everyone()).with_flags(Ace::INHERITED)).unwrap();
    acl.insert(Ace::allow(2, everyone())).unwrap();
    acl.insert(Ace::deny(3, everyone())).unwrap();
    acl.insert(Ace::allow_object(4, Uuid::nil(), everyone())).unwrap();
    acl.insert(Ace::deny(5, everyone())).unwrap();
    let masks: Vec<_> = acl.entries().iter().filter_map(Ace::mask).collect();
    assert_eq!(masks, [3, 5, 2, 4, 1]);
    assert_eq!(acl.retain(|ace| ace.kind() != AceKind::Deny), 2);
    let object = &acl.entries()[1];
    assert_eq!((object.kind(), object.object_type()), (AceKind::AllowObject, Some(Uuid::nil())));
    assert_eq!(object.inherited_object_type(), None);
}

#[test]
fn a_list_does_not_outgrow_its_size() {
    let mut acl = Acl::new();
    let sid: Sid = "S-1-5-21-1-2-3-4".parse().unwrap();
    let mut count = 0;
    while acl.insert(Ace::allow(1, sid.clone())).is_ok() {
        count += 1;
    }
    assert_eq!(count, (65535 - 8) / 36);
    let descriptor = SecurityDescriptor::new().with_dacl(acl);
    assert_eq!(SecurityDescriptor::from_wire(&descriptor.to_wire()).unwrap(), descriptor);
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "",
        "01000480",
        "02000480 00000000 00000000 00000000 00000000",
        "01000400 00000000 00000000 00000000 00000000",
        "01000480 04000000 00000000 00000000 00000000",
        "01000480 ffffffff 00000000 00000000 00000000",
        "01000480 00000000 00000000 00000000 14000000",
        "01000480 00000000 00000000 00000000 14000000 03000800 00000000",
        "01000480 00000000 00000000 00000000 14000000 04000800 01000000",
        "01000480 00000000 00000000 00000000 14000000 04000c00 01000000 00000300",
        "01000480 00000000 00000000 00000000 14000000 0400ff00 00000000",
    ] {
        assert!(SecurityDescriptor::from_wire(&hex(text)).is_err(), "{text}");
    }
}

fn sid() -> impl Strategy<Value = Sid> {
    (0u64..1 << 48, prop::collection::vec(any::<u32>(), 0..=15))
        .prop_map(|(authority, subs)| Sid::new(authority, subs).unwrap())
}

fn ace() -> impl Strategy<Value = Ace> {
    prop_oneof![
        (any::<u32>(), sid(), any::<u8>())
            .prop_map(|(mask, sid, flags)| Ace::allow(mask, sid).with_flags(flags)),
        (any::<u32>(), sid(), any::<u8>())
            .prop_map(|(mask, sid, flags)| Ace::deny(mask, sid).with_flags(flags)),
        (any::<u32>(), any::<u128>(), sid()).prop_map(|(mask, guid, sid)| Ace::allow_object(
            mask,
            Uuid::from_u128(guid),
            sid
        )),
    ]
}

proptest! {
    #[test]
    fn round_trips(owner in prop::option::of(sid()), dacl in prop::option::of(prop::collection::vec(ace(), 0..8))) {
        let mut descriptor = SecurityDescriptor::new();
        if let Some(owner) = owner {
            descriptor = descriptor.with_owner(owner.clone()).with_group(owner);
        }
        if let Some(aces) = dacl {
            let mut acl = Acl::new();
            for ace in aces {
                acl.insert(ace).unwrap();
            }
            descriptor = descriptor.with_dacl(acl.clone()).with_sacl(acl);
        }
        prop_assert_eq!(SecurityDescriptor::from_wire(&descriptor.to_wire()).unwrap(), descriptor);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, cut in 0usize..80, place in 0usize..80, value: u8) {
        let _any = SecurityDescriptor::from_wire(&bytes);
        let mut damaged = golden();
        if let Some(byte) = damaged.get_mut(place) {
            *byte = value;
        }
        damaged.truncate(damaged.len() - cut);
        // What can be read can be written, and is the same when it is read again.
        if let Ok(descriptor) = SecurityDescriptor::from_wire(&damaged) {
            prop_assert_eq!(SecurityDescriptor::from_wire(&descriptor.to_wire()).unwrap(), descriptor);
        }
    }
}
