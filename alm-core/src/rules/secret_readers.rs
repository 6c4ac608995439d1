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
