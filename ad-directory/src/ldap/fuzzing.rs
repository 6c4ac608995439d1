//! Parsers that have no name outside of this crate, for the programs in `fuzz/` that feed them with anything at all.
//!
//! There with `--cfg fuzzing` and in this crate's own tests; no part of what the crate offers.

use ldap3::{
    LdapResult, ResultEntry,
    asn1::{PL, StructureTag, TagClass},
};

use super::{
    ber,
    call::Call,
    convert, delta, diagnostic,
    entry::Entry,
    extended_dn::ExtendedName,
    managed, policy,
    ranged::Part,
    raw::{self, LdapEntry},
    restore,
};
use crate::{
    Account, AttributeName, Container, DeletedAccount, Dn, Error, Group, ManagedAccount, Member,
    ObjectChange, ObjectGuid, PasswordPolicy, Result, Sid,
};

const OPERATION: &str = "fuzzing";

/// One entry, read as everything that an entry can be.
#[derive(Debug)]
#[non_exhaustive]
pub struct Readings {
    /// As an ordinary account whose marker is in `adminDescription`, with `department` asked for.
    pub account: Result<Account>,
    /// As a managed account.
    pub managed: Result<ManagedAccount>,
    /// As a group.
    pub group: Result<Group>,
    /// As a member of a group.
    pub member: Result<Member>,
    /// As a container.
    pub container: Result<Container>,
    /// As a deleted account.
    pub deleted: Result<DeletedAccount>,
    /// As what a search of one's own finds, with `department` asked for.
    pub raw: Result<LdapEntry>,
    /// As what is read of an object that has changed, with `department` asked for.
    pub whole: Result<ObjectChange>,
    /// As what DirSync tells of it.
    pub partial: Result<ObjectChange>,
    /// As the policy of a domain.
    pub domain_policy: Option<PasswordPolicy>,
    /// As a fine-grained policy.
    pub fine_grained_policy: Option<PasswordPolicy>,
}

impl Readings {
    /// What each reading that failed says.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        [
            self.account.as_ref().err(),
            self.managed.as_ref().err(),
            self.group.as_ref().err(),
            self.member.as_ref().err(),
            self.container.as_ref().err(),
            self.deleted.as_ref().err(),
            self.raw.as_ref().err(),
            self.whole.as_ref().err(),
            self.partial.as_ref().err(),
        ]
        .into_iter()
        .flatten()
    }
}

/// One entry of a search, as the protocol's library hands it over; `None` when it has not the shape of one.
pub fn entry(tag: StructureTag) -> Option<Readings> {
    let mut entry = Entry::read(ResultEntry::new(tag))?;
    let call = Call::new(OPERATION);
    let marker: AttributeName = "adminDescription".parse().ok()?;
    let asked: [AttributeName; 1] = ["department".parse().ok()?];
    Some(Readings {
        managed: managed::account(&call, &entry, &marker),
        group: convert::group(&call, &entry),
        member: convert::member(&call, &entry),
        container: convert::container(&call, &entry),
        deleted: restore::deleted(&call, &entry),
        raw: raw::read(&call, &entry, &asked),
        whole: delta::entry::whole(&call, &entry, &asked),
        partial: delta::entry::partial(&call, &entry, &asked),
        domain_policy: policy::of_domain(&entry),
        fine_grained_policy: entry.dn.parse().ok().and_then(|dn| policy::fine_grained(&entry, dn)),
        // The last, since it takes what it reads out of the entry.
        account: convert::account(&call, &mut entry, &marker, &asked),
    })
}

/// An entry in the shape of RFC 4511, 4.5.2: a name, and attributes with their values.
pub fn entry_tag(dn: &[u8], attributes: &[(Vec<u8>, Vec<Vec<u8>>)]) -> StructureTag {
    let octets = |bytes: &[u8]| tag(TagClass::Universal, 4, PL::P(bytes.to_vec()));
    let attribute = |(name, values): &(Vec<u8>, Vec<Vec<u8>>)| {
        let values = values.iter().map(|value| octets(value)).collect();
        let values = tag(TagClass::Universal, 17, PL::C(values));
        tag(TagClass::Universal, 16, PL::C(vec![octets(name), values]))
    };
    let attributes = attributes.iter().map(attribute).collect();
    let attributes = tag(TagClass::Universal, 16, PL::C(attributes));
    tag(TagClass::Application, 4, PL::C(vec![octets(dn), attributes]))
}

const fn tag(class: TagClass, id: u64, payload: PL) -> StructureTag {
    StructureTag { class, id, payload }
}

/// The error of a refusal with this code and these words.
pub fn refusal(code: u32, text: &str) -> Error {
    let result = LdapResult {
        rc: code,
        matched: String::new(),
        text: text.to_owned(),
        refs: Vec::new(),
        ctrls: Vec::new(),
    };
    diagnostic::error(&Call::new(OPERATION), &result)
}

/// A name with its identity before it.
pub fn extended_name(text: &str) -> Option<(Dn, Option<ObjectGuid>, Option<Sid>)> {
    ExtendedName::read(text).map(|name| (name.dn, name.guid, name.sid))
}

/// The attribute of a part of its values, and the number of the first value that is not in it.
pub fn range(key: &str) -> Option<(String, Option<u64>)> {
    Part::parse(key).map(|part| (part.attribute, part.next))
}

/// The cookie of a paged result.
pub fn page_cookie(value: &[u8]) -> Option<Vec<u8>> {
    ber::page_cookie(value)
}

/// The value of a request for a page.
pub fn page_request(size: u32, cookie: &[u8]) -> Vec<u8> {
    ber::page_request(size, cookie)
}

/// Whether there are more changes, and the cookie.
pub fn dirsync_answer(value: &[u8]) -> Option<(bool, Vec<u8>)> {
    ber::dirsync_answer(value)
}

/// The value of a request for changes.
pub fn dirsync_request(flags: i32, max_bytes: i64, cookie: &[u8]) -> Vec<u8> {
    ber::dirsync_request(flags, max_bytes, cookie)
}

#[cfg(test)]
mod tests {
    use super::{entry, entry_tag, refusal};
    use crate::ErrorKind;

    fn values(lines: &[(&str, &[u8])]) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
        lines.iter().map(|(name, value)| (name.as_bytes().to_vec(), vec![value.to_vec()])).collect()
    }

    #[test]
    fn an_entry_is_read_as_all_that_it_can_be() {
        let attributes = values(&[
            ("objectGUID", &[7; 16]),
            ("sAMAccountName", b"svc"),
            ("userAccountControl", b"514"),
            ("groupType", b"-2147483646"),
            ("objectClass", b"group"),
        ]);
        let read = entry(entry_tag(b"CN=svc,DC=x", &attributes)).unwrap();
        assert_eq!(read.errors().count(), 0);
        assert!(read.account.unwrap().is_disabled() && read.managed.unwrap().readers.is_none());
        assert_eq!(read.group.unwrap().group_type, -2_147_483_646);
        let nothing = entry(entry_tag(b"", &[])).unwrap();
        assert_eq!(nothing.errors().count(), 9);
        assert!(entry(super::tag(super::TagClass::Application, 4, super::PL::P(Vec::new()))).is_none());
    }

    #[test]
    fn a_refusal_has_codes_and_no_words_of_the_server() {
        let error = refusal(19, "0000052D: it was hunter2");
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::PasswordPolicy, Some(0x52d)));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
