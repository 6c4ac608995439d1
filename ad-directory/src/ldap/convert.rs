//! From entries to accounts, groups and containers.

use super::{call::Call, entry::Entry};
use crate::{
    Account, AccountExpires, AttributeName, Container, ContainerKind, Dn, Error, ErrorKind, FileTime,
    GeneralizedTime, Group, GroupName, Marker, Member, MemberKind, ObjectClasses, ObjectGuid, ObjectKind,
    Result, SamAccountName, Sid, UserAccountControl, UserPrincipalName,
};

/// What is read of every account, beside the marker and what was asked for.
pub(super) const ACCOUNT_ATTRIBUTES: &[&str] = &[
    "accountExpires",
    "adminCount",
    "cn",
    "description",
    "displayName",
    "memberOf",
    "objectClass",
    "objectGUID",
    "objectSid",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountName",
    "servicePrincipalName",
    "userAccountControl",
    "userPrincipalName",
    "whenChanged",
    "whenCreated",
];

pub(super) const GROUP_ATTRIBUTES: &[&str] =
    &["adminCount", "description", "groupType", "objectGUID", "objectSid", "sAMAccountName"];

pub(super) const MEMBER_ATTRIBUTES: &[&str] = &["objectClass", "objectGUID", "objectSid", "sAMAccountName"];

/// The mark of an entry that was made of a name only. No attribute is called like this.
pub(super) const ELSEWHERE: &str = ";elsewhere";

pub(super) const CONTAINER_ATTRIBUTES: &[&str] = &["description", "objectClass", "objectGUID"];

pub(super) fn missing(call: &Call, entry: &Entry, what: &'static str) -> Error {
    call.error(ErrorKind::Protocol)
        .with_subject(&entry.dn)
        .with_reason(format!("{what} is missing or cannot be read"))
}

pub(super) fn guid(call: &Call, entry: &Entry) -> Result<ObjectGuid> {
    let guid = entry.bytes("objectguid").and_then(|bytes| ObjectGuid::from_wire(bytes).ok());
    guid.ok_or_else(|| missing(call, entry, "objectGUID"))
}

pub(super) fn dn(call: &Call, entry: &Entry) -> Result<Dn> {
    entry.dn.parse().map_err(|_| missing(call, entry, "the distinguished name"))
}

pub(super) fn owned(entry: &Entry, name: &str) -> Option<String> {
    entry.text(name).map(ToOwned::to_owned)
}

pub(super) fn sid(entry: &Entry) -> Option<Sid> {
    entry.bytes("objectsid").and_then(|bytes| Sid::from_wire(bytes).ok())
}

/// Without the flags nobody can say whether it is enabled; the account that signs in may lack the right to read them.
pub(super) fn flags(call: &Call, entry: &Entry) -> Result<UserAccountControl> {
    let flags = entry.text("useraccountcontrol").and_then(|text| text.parse().ok());
    flags.ok_or_else(|| missing(call, entry, "userAccountControl"))
}

/// The marker, and whether something stands in its place that is none.
pub(super) fn marker(entry: &Entry, attribute: &AttributeName) -> (Option<Marker>, bool) {
    let stored = entry.bytes(&attribute.as_str().to_ascii_lowercase());
    let marker = stored.and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse().ok());
    let foreign = stored.is_some() && marker.is_none();
    (marker, foreign)
}

pub(super) fn service_names(entry: &Entry) -> Vec<String> {
    let mut names: Vec<String> = entry.texts("serviceprincipalname").map(ToOwned::to_owned).collect();
    names.sort();
    names
}

/// The groups it is a direct member of.
pub(super) fn groups(call: &Call, entry: &Entry) -> Result<Vec<Dn>> {
    let groups = entry.texts("memberof").map(str::parse).collect::<Result<Vec<Dn>, _>>();
    let mut groups = groups.map_err(|_| missing(call, entry, "memberOf"))?;
    groups.sort();
    Ok(groups)
}

pub(super) fn is_protected(entry: &Entry) -> bool {
    entry.text("admincount") == Some("1") || sid(entry).is_some_and(|sid| sid.is_administrative())
}

pub(super) fn expires(call: &Call, entry: &Entry) -> Result<AccountExpires> {
    let expires = entry.text("accountexpires").map(str::parse::<FileTime>).transpose();
    let expires = expires.map_err(|_| missing(call, entry, "accountExpires"))?;
    Ok(AccountExpires::from_file_time(expires.unwrap_or(FileTime::ZERO)))
}

pub(super) fn account(
    call: &Call,
    entry: &mut Entry,
    marker: &AttributeName,
    asked: &[AttributeName],
) -> Result<Account> {
    let name = entry.text("samaccountname").ok_or_else(|| missing(call, entry, "sAMAccountName"))?;
    let mut account = Account::new(guid(call, entry)?, dn(call, entry)?, SamAccountName::stored(name));
    // What was asked for beside may be one of those that are taken out below.
    for name in asked {
        let values: Vec<String> =
            entry.texts(&name.as_str().to_ascii_lowercase()).map(ToOwned::to_owned).collect();
        if !values.is_empty() {
            account.attributes.insert(name.clone(), values);
        }
    }
    (account.marker, account.foreign_marker) = self::marker(entry, marker);
    account.user_account_control = flags(call, entry)?;
    account.user_principal_name = entry.text("userprincipalname").map(UserPrincipalName::stored);
    account.expires = expires(call, entry)?;
    account.member_of = groups(call, entry)?;
    account.sid = sid(entry);
    account.primary_group_id = entry.text("primarygroupid").and_then(|text| text.parse().ok());
    account.is_protected = is_protected(entry);
    account.when_created = time(entry, "whencreated");
    account.when_changed = time(entry, "whenchanged");
    let password_set = entry.text("pwdlastset").and_then(|text| text.parse::<FileTime>().ok());
    account.password_last_set =
        password_set.filter(|time| *time != FileTime::ZERO).and_then(FileTime::to_timestamp);
    account.object_classes = classes(entry);
    if let Some(cn) = entry.take_text("cn") {
        account.cn = cn;
    }
    account.description = entry.take_text("description");
    account.display_name = entry.take_text("displayname");
    account.service_principal_names = entry.take_texts("serviceprincipalname");
    account.service_principal_names.sort();
    Ok(account)
}

fn classes(entry: &Entry) -> ObjectClasses {
    let of_accounts = ObjectClasses::of_accounts();
    if entry.texts("objectclass").eq(of_accounts.iter()) {
        of_accounts
    } else {
        entry.texts("objectclass").collect()
    }
}

pub(super) fn time(entry: &Entry, name: &str) -> Option<jiff::Timestamp> {
    entry.text(name).and_then(|text| text.parse().ok()).map(GeneralizedTime::timestamp)
}

pub(super) fn group(call: &Call, entry: &Entry) -> Result<Group> {
    let name = entry.text("samaccountname").ok_or_else(|| missing(call, entry, "sAMAccountName"))?;
    let mut group = Group::new(guid(call, entry)?, dn(call, entry)?, GroupName::stored(name));
    group.description = owned(entry, "description");
    group.sid = sid(entry);
    let kind = entry.text("grouptype").and_then(|text| text.parse().ok());
    group.group_type = kind.ok_or_else(|| missing(call, entry, "groupType"))?;
    group.is_protected = is_protected(entry);
    Ok(group)
}

pub(super) fn member(call: &Call, entry: &Entry) -> Result<Member> {
    let kind = match ObjectKind::of(&entry.texts("objectclass").collect::<Vec<_>>()) {
        _ if entry.has(ELSEWHERE) => MemberKind::Elsewhere,
        ObjectKind::ManagedAccount => MemberKind::ManagedAccount,
        ObjectKind::Computer => MemberKind::Computer,
        ObjectKind::Account => MemberKind::Account,
        ObjectKind::Group => MemberKind::Group,
        ObjectKind::Container | ObjectKind::Other => MemberKind::Other,
    };
    let mut member = Member::new(guid(call, entry)?, dn(call, entry)?, kind);
    member.name = owned(entry, "samaccountname");
    member.sid = sid(entry);
    Ok(member)
}

pub(super) fn container(call: &Call, entry: &Entry) -> Result<Container> {
    let is = |class: &str| entry.texts("objectclass").any(|have| have.eq_ignore_ascii_case(class));
    let kind = if is("organizationalUnit") {
        ContainerKind::OrganizationalUnit
    } else if is("domainDNS") {
        ContainerKind::Domain
    } else {
        ContainerKind::Container
    };
    let mut container = Container::new(guid(call, entry)?, dn(call, entry)?, kind);
    container.description = owned(entry, "description");
    Ok(container)
}
