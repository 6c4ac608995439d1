//! Whether a person is among those whom a vault lets read (T-16).

use crate::model::people::Person;
use crate::model::secret_readers::{CanRead, FolderReader, FolderReaders};

/// Matched by the linked account in Active Directory, by an e-mail address, or by a sign-in name that is one. Who is not matched cannot read, unless
/// there are readers of whom nothing is known that could be matched.
pub fn can_read(person: &Person, readers: &FolderReaders) -> CanRead {
    if readers.people.iter().any(|reader| is(person, reader)) {
        CanRead::Yes
    } else if !readers.unknown.is_empty() || readers.people.iter().any(|reader| !has_address(reader)) {
        CanRead::Unknown
    } else {
        CanRead::No
    }
}

fn is(person: &Person, reader: &FolderReader) -> bool {
    let linked = reader.object.is_some_and(|object| person.directory.values().any(|own| *own == object));
    let addresses = reader.email.iter().chain([&reader.name]);
    linked
        || addresses
            .filter(|address| address.contains('@'))
            .any(|address| person.emails.iter().any(|own| own.eq_ignore_ascii_case(address)))
}

fn has_address(reader: &FolderReader) -> bool {
    reader.email.as_ref().is_some_and(|email| !email.is_empty()) || reader.name.contains('@')
}

#[cfg(test)]
mod tests {
    use ad_directory::ObjectGuid;
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::{DomainId, PersonId};

    #[test]
    fn t_16_a_reader_is_known_by_account_address_or_sign_in_name() {
        let mut ann = Person::new(PersonId::new(Uuid::from_u128(1)), "Ann");
        let object = ObjectGuid::new(Uuid::from_u128(2));
        ann.emails = vec!["ann@x".into()];
        ann.directory.insert(DomainId::new(Uuid::from_u128(3)), object);
        let linked = |n| FolderReader {
            object: Some(ObjectGuid::new(Uuid::from_u128(n))),
            ..FolderReader::new("corp\\ann")
        };
        for (reader, expected) in [
            (linked(2), CanRead::Yes),
            (FolderReader::new("corp\\ann").email("Ann@X"), CanRead::Yes),
            (FolderReader::new("ann@x"), CanRead::Yes),
            // Nothing by which she could be known.
            (linked(4), CanRead::Unknown),
            (FolderReader::new("ann"), CanRead::Unknown),
            (FolderReader::new("ann").email(""), CanRead::Unknown),
            // Somebody else.
            (FolderReader::new("bob").email("bob@x"), CanRead::No),
            (FolderReader::new("bob@x"), CanRead::No),
        ] {
            let said = format!("{reader:?}");
            assert_eq!(can_read(&ann, &FolderReaders::new([reader])), expected, "{said}");
        }
        assert_eq!(can_read(&ann, &FolderReaders::default()), CanRead::No);
        let closed = FolderReaders { unknown: vec!["Operators".into()], ..FolderReaders::default() };
        assert_eq!(can_read(&ann, &closed), CanRead::Unknown);
    }

    #[test]
    fn t_16_what_is_no_address_says_nothing() {
        let mut ann = Person::new(PersonId::new(Uuid::from_u128(1)), "Ann");
        ann.emails = vec!["ann".into()];
        assert_eq!(can_read(&ann, &FolderReaders::new([FolderReader::new("ann")])), CanRead::Unknown);
    }
}
