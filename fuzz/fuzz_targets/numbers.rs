//! Any text as what the directory writes in digits: FILETIME, intervals, GeneralizedTime, the flags of an account, encryption types. What is
//! read is written and read as the same; instants and lengths survive the way through this crate's other types; unknown bits stay.
#![no_main]

use ad_directory::{
    AccountExpires, EncryptionTypes, FileTime, GeneralizedTime, Interval, ParseError, UserAccountControl,
};
use fuzz::{must_be_showable, must_come_back};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(time) = read::<FileTime>(text) {
        must_come_back(&time);
        file_time(time);
    }
    if let Some(interval) = read::<Interval>(text) {
        must_come_back(&interval);
        assert!(interval.ticks() <= 0);
        if let Some(duration) = interval.duration() {
            assert!(!duration.is_zero());
            assert_eq!(Interval::from_duration(duration), interval);
        }
    }
    if let Some(time) = read::<GeneralizedTime>(text) {
        // It is written to a tenth of a second.
        let shown: GeneralizedTime = time.to_string().parse().unwrap();
        must_come_back(&shown);
        let lost = time.timestamp().duration_since(shown.timestamp());
        assert!(!lost.is_negative() && lost.as_nanos() < 100_000_000, "{text} and {shown}");
        let ticks = FileTime::from_timestamp(shown.timestamp());
        assert_eq!(ticks.to_timestamp(), Some(shown.timestamp()));
        file_time(ticks);
    }
    if let Some(flags) = read::<UserAccountControl>(text) {
        assert_eq!(flags.to_string().parse::<UserAccountControl>().unwrap(), flags);
        let toggled =
            flags.with(UserAccountControl::ACCOUNT_DISABLE).without(UserAccountControl::ACCOUNT_DISABLE);
        assert_eq!(toggled.bits(), flags.bits() & !2);
        assert_eq!(flags.set(UserAccountControl::ACCOUNT_DISABLE, true).bits(), flags.bits() | 2);
    }
    if let Some(types) = read::<EncryptionTypes>(text) {
        assert_eq!(types.to_string().parse::<EncryptionTypes>().unwrap(), types);
        assert_eq!(
            types.without(EncryptionTypes::WEAK).with(EncryptionTypes::AES).bits(),
            types.bits() & !7 | 0x18
        );
        assert!(!types.without(EncryptionTypes::WEAK).with(EncryptionTypes::AES).allows_weak());
    }
});

fn read<T: std::str::FromStr<Err = ParseError>>(text: &str) -> Option<T> {
    text.parse().map_err(|error: ParseError| must_be_showable(&error.to_string())).ok()
}

fn file_time(time: FileTime) {
    if let Some(instant) = time.to_timestamp() {
        assert_eq!(FileTime::from_timestamp(instant), time);
    }
    let expires = AccountExpires::from_file_time(time);
    let never = matches!(time, FileTime::ZERO | FileTime::MAX);
    assert_eq!(expires == AccountExpires::Never, never, "{time}");
    if let Some(instant) = expires.instant() {
        assert!(expires.is_past(instant));
        let stored = expires.to_file_time();
        assert!(stored != FileTime::ZERO && stored != FileTime::MAX, "an end is never stored as none");
        if time > FileTime::ZERO && time.to_timestamp().is_some() {
            assert_eq!(stored, time);
        }
    }
}
