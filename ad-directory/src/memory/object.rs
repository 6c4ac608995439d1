//! How a filter sees what is in the directory.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::world::{COMPUTERS, StoredAccount, World};
use crate::{
    Container, ContainerKind, Dn, FileTime, Group, ManagedAccount, ObjectGuid,
    value::filter::matches::{Object, Value},
};

pub(super) struct AccountView<'a> {
    pub(super) world: &'a World,
    pub(super) stored: &'a StoredAccount,
}

pub(super) struct GroupView<'a> {
    pub(super) world: &'a World,
    pub(super) group: &'a Group,
}

pub(super) struct ManagedView<'a> {
    pub(super) world: &'a World,
    pub(super) account: &'a ManagedAccount,
}

pub(super) struct ContainerView<'a>(pub(super) &'a Container);

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<Value> {
    values.into_iter().map(|value| Value::Text(value.to_string())).collect()
}

fn number(value: impl Into<i64>) -> Vec<Value> {
    vec![Value::Number(value.into())]
}

fn time(value: Option<Timestamp>) -> Vec<Value> {
    value.into_iter().map(Value::Time).collect()
}

/// What every object has.
fn common(attribute: &str, guid: ObjectGuid, dn: &Dn, description: Option<&str>) -> Option<Vec<Value>> {
    Some(match attribute {
        "name" => texts([dn.name()]),
        "distinguishedname" => vec![Value::Name(dn.clone())],
        "objectguid" => vec![Value::Bytes(guid.to_wire().to_vec())],
        "description" => texts(description),
        _ => return None,
    })
}

impl Object for AccountView<'_> {
    fn values(&self, attribute: &str) -> Vec<Value> {
        let account = &self.stored.account;
        let file_time =
            |time: Option<Timestamp>| time.map_or(0, |time| FileTime::from_timestamp(time).ticks());
        if let Some(values) = common(attribute, account.guid, &account.dn, account.description.as_deref()) {
            return values;
        }
        match attribute {
            "cn" => texts([account.cn.as_str()]),
            "samaccountname" => texts([account.sam_account_name.as_str()]),
            "userprincipalname" => texts(account.user_principal_name.as_ref()),
            "displayname" => texts(account.display_name.as_deref()),
            "admindescription" => texts(account.marker.as_ref()),
            "serviceprincipalname" => texts(account.service_principal_names.iter().map(String::as_str)),
            "objectclass" => texts(["top", "person", "organizationalPerson", "user"]),
            "lastlogontimestamp" => self
                .stored
                .last_sign_in
                .into_iter()
                .map(|time| Value::Number(FileTime::from_timestamp(time).ticks()))
                .collect(),
            "objectcategory" => texts(["person"]),
            "useraccountcontrol" => number(account.user_account_control.bits().cast_signed()),
            "accountexpires" => number(account.expires.to_file_time().ticks()),
            "pwdlastset" => number(file_time(account.password_last_set)),
            "lockouttime" => number(file_time(self.stored.locked_at)),
            "primarygroupid" => {
                account.primary_group_id.into_iter().map(|id| Value::Number(id.into())).collect()
            }
            "admincount" if account.is_protected => number(1),
            "objectsid" => account.sid.iter().map(|sid| Value::Bytes(sid.to_wire())).collect(),
            "whencreated" => time(account.when_created),
            "whenchanged" => time(account.when_changed),
            "memberof" => {
                self.world.groups_of(account.guid).map(|group| Value::Name(group.dn.clone())).collect()
            }
            _ => {
                let further = account
                    .attributes
                    .iter()
                    .filter(|(name, _)| name.as_str().eq_ignore_ascii_case(attribute));
                further.flat_map(|(_, values)| texts(values.iter().map(String::as_str))).collect()
            }
        }
    }

    fn leads_to(&self, attribute: &str, target: &Dn) -> bool {
        attribute == "memberof" && is_within(self.world, self.stored.account.guid, target)
    }
}

impl Object for ManagedView<'_> {
    fn values(&self, attribute: &str) -> Vec<Value> {
        let account = self.account;
        if let Some(values) = common(attribute, account.guid, &account.dn, account.description.as_deref()) {
            return values;
        }
        match attribute {
            "cn" => texts([account.dn.name()]),
            "samaccountname" => texts([account.sam_account_name.as_str()]),
            "accountexpires" => number(account.expires.to_file_time().ticks()),
            "dnshostname" => texts(account.dns_host_name.as_deref()),
            "admindescription" => texts(account.marker.as_ref()),
            "serviceprincipalname" => texts(account.service_principal_names.iter().map(String::as_str)),
            "objectclass" => texts([
                "top",
                "person",
                "organizationalPerson",
                "user",
                "computer",
                "msDS-GroupManagedServiceAccount",
            ]),
            "objectcategory" => texts(["msDS-GroupManagedServiceAccount"]),
            "useraccountcontrol" => number(account.user_account_control.bits().cast_signed()),
            "primarygroupid" => number(COMPUTERS),
            "msds-supportedencryptiontypes" => {
                account.encryption_types.into_iter().map(|types| Value::Number(types.bits().into())).collect()
            }
            "msds-managedpasswordinterval" => {
                account.password_interval_days.into_iter().map(|days| Value::Number(days.into())).collect()
            }
            "msds-groupmsamembership" => {
                account.readers.iter().map(|readers| Value::Bytes(readers.to_wire())).collect()
            }
            "objectsid" => account.sid.iter().map(|sid| Value::Bytes(sid.to_wire())).collect(),
            "whencreated" => time(account.when_created),
            "whenchanged" => time(account.when_changed),
            "memberof" => {
                self.world.groups_of(account.guid).map(|group| Value::Name(group.dn.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn leads_to(&self, attribute: &str, target: &Dn) -> bool {
        attribute == "memberof" && is_within(self.world, self.account.guid, target)
    }
}

impl Object for GroupView<'_> {
    fn values(&self, attribute: &str) -> Vec<Value> {
        let group = self.group;
        if let Some(values) = common(attribute, group.guid, &group.dn, group.description.as_deref()) {
            return values;
        }
        match attribute {
            "cn" => texts([group.dn.name()]),
            "samaccountname" => texts([group.name.as_str()]),
            "objectclass" => texts(["top", "group"]),
            "objectcategory" => texts(["group"]),
            "grouptype" => number(group.group_type),
            "admincount" if group.is_protected => number(1),
            "objectsid" => group.sid.iter().map(|sid| Value::Bytes(sid.to_wire())).collect(),
            "memberof" => {
                self.world.groups_of(group.guid).map(|group| Value::Name(group.dn.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn leads_to(&self, attribute: &str, target: &Dn) -> bool {
        attribute == "memberof" && is_within(self.world, self.group.guid, target)
    }
}

impl Object for ContainerView<'_> {
    fn values(&self, attribute: &str) -> Vec<Value> {
        let container = self.0;
        if let Some(values) =
            common(attribute, container.guid, &container.dn, container.description.as_deref())
        {
            return values;
        }
        match (attribute, container.kind) {
            ("objectclass", ContainerKind::OrganizationalUnit) => texts(["top", "organizationalUnit"]),
            ("objectclass", ContainerKind::Domain) => texts(["top", "domain", "domainDNS"]),
            ("objectclass", ContainerKind::Container) => texts(["top", "container"]),
            ("ou", ContainerKind::OrganizationalUnit) | ("cn", ContainerKind::Container) => {
                texts([container.dn.name()])
            }
            _ => Vec::new(),
        }
    }

    fn leads_to(&self, _: &str, _: &Dn) -> bool {
        false
    }
}

/// Whether it is a member of the group of this name, through other groups too. Groups may be members of each other in a circle.
pub(super) fn is_within(world: &World, member: ObjectGuid, target: &Dn) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![member];
    while let Some(next) = open.pop() {
        for group in world.groups_of(next) {
            if group.dn == *target {
                return true;
            }
            if seen.insert(group.guid) {
                open.push(group.guid);
            }
        }
    }
    false
}
