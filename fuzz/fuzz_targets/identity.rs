//! Any bytes, and any text, as a security identifier and as an objectGUID: what is read is written as the same bytes and the same letters,
//! and finds nothing but itself in a filter.
#![no_main]

use ad_directory::{Filter, ObjectGuid, Sid};
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Sid::from_wire(bytes) {
        Ok(sid) => {
            assert_eq!(sid.to_wire(), bytes);
            whole(&sid);
        }
        Err(error) => must_be_showable(&error.to_string()),
    }
    match ObjectGuid::from_wire(bytes) {
        Ok(guid) => {
            assert_eq!(guid.to_wire(), bytes);
            read_back(guid);
        }
        Err(error) => {
            assert_ne!(bytes.len(), 16);
            must_be_showable(&error.to_string());
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<Sid>() {
        Ok(sid) => whole(&sid),
        Err(error) => must_be_showable(&error.to_string()),
    }
    match text.parse::<ObjectGuid>() {
        Ok(guid) => read_back(guid),
        Err(error) => must_be_showable(&error.to_string()),
    }
});

fn whole(sid: &Sid) {
    let text = must_come_back(sid);
    assert!(text.starts_with("S-1-"), "{text}");
    assert_eq!(&Sid::from_wire(&sid.to_wire()).unwrap(), sid);
    assert_eq!(
        sid.rid().map(|rid| rid.to_string()).as_deref(),
        text.splitn(3, '-').nth(2).and_then(|rest| Some(rest.split_once('-')?.1.rsplit('-').next()?))
    );
    if let Ok(child) = sid.with_rid(513) {
        assert_eq!(child.to_string(), format!("{text}-513"));
        assert_eq!(child.rid(), Some(513));
    } else {
        assert_eq!(sid.to_wire().len(), 8 + 4 * 15, "only a full one takes no more");
    }
    must_come_back(&Filter::equals("objectSid".parse().unwrap(), sid));
}

fn read_back(guid: ObjectGuid) {
    let text = guid.to_string();
    assert_eq!(text.len(), 36);
    assert_eq!(text.parse::<ObjectGuid>().unwrap(), guid);
    assert_eq!(ObjectGuid::from_wire(&guid.to_wire()).unwrap(), guid);
    assert_eq!(serde_json::from_str::<ObjectGuid>(&serde_json::to_string(&guid).unwrap()).unwrap(), guid);
    must_come_back(&Filter::equals("objectGUID".parse().unwrap(), guid));
}
