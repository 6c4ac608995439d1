//! Who may do what (section P).

use std::borrow::Borrow;
use std::collections::BTreeSet;

use crate::model::ids::{GroupId, PersonId, RoleId};
use crate::model::people::{ACCOUNT_OWNER, EVERYONE, Feature, Group, Permission, Person, Role, Verb};
use crate::model::refusal::Refusal;

/// What one person may do at one moment: the roles held directly and through enabled groups, as permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Whose.
    pub person: PersonId,
    /// Whether the person is enabled; if not, nothing is allowed.
    pub enabled: bool,
    permissions: BTreeSet<Permission>,
}

impl Access {
    /// What `person` may do, being in those of `groups` that have them, with `roles` to look the roles up in.
    pub fn of(person: &Person, groups: &[Group], roles: &[Role]) -> Self {
        let mut held: BTreeSet<RoleId> = person.roles.clone();
        // O-2: everybody always holds Account Owner.
        held.insert(ACCOUNT_OWNER);
        for group in groups.iter().filter(|group| group.enabled && group.has(person.id)) {
            held.extend(&group.roles);
        }
        let permissions = roles
            .iter()
            .filter(|role| role.enabled && held.contains(&role.id))
            .flat_map(|role| role.permissions.iter().copied())
            .collect();
        Self { person: person.id, enabled: person.enabled, permissions }
    }

    /// Whether the verb is allowed on an object that is the person's own, or on any with Manage.
    pub fn permits(&self, feature: Feature, verb: Verb, own: bool) -> bool {
        self.enabled
            && self.permissions.contains(&Permission::new(feature, verb))
            && (own || self.permissions.contains(&Permission::new(feature, Verb::Manage)))
    }

    /// What of it a token opens: nothing that the token does not name.
    #[must_use]
    pub fn limited_to(mut self, permissions: &BTreeSet<Permission>) -> Self {
        self.permissions.retain(|permission| permissions.contains(permission));
        self
    }

    /// Whether all of these are allowed.
    pub fn holds(&self, permissions: &BTreeSet<Permission>) -> bool {
        self.enabled && permissions.is_subset(&self.permissions)
    }

    /// Whether everything that `role` allows is allowed already: nobody can give more than they hold.
    pub fn covers(&self, role: &Role) -> bool {
        self.holds(&role.permissions)
    }

    /// As [`permits`](Self::permits), saying what is missing.
    ///
    /// # Errors
    /// P-1, with what is missing (P-3).
    pub fn require(&self, feature: Feature, verb: Verb, own: bool) -> Result<(), Refusal> {
        if self.permits(feature, verb, own) {
            return Ok(());
        }
        if !self.enabled {
            return Err(Refusal::new("P-1", "caller", "is disabled and has no access"));
        }
        let name = feature_name(feature);
        let verb_name = format!("{verb:?}");
        let missing = if self.permissions.contains(&Permission::new(feature, verb)) {
            format!("{name} {verb_name} is held for one's own objects only; {name} Manage is missing")
        } else {
            format!("the permission {name} {verb_name} is missing")
        };
        Err(Refusal::new("P-1", "caller", missing))
    }
}

/// The feature's name as the table writes it.
fn feature_name(feature: Feature) -> String {
    match serde_json::to_value(feature) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{feature:?}"),
    }
}

/// The group that counts where `id` is named: itself while it is enabled, and the one in its place while it is not (O-2). `groups` has to
/// hold those in its place as well.
pub fn standing(id: GroupId, groups: &[Group]) -> Option<&Group> {
    let mut id = id;
    // As many steps as there are groups: two that replace each other lead nowhere, and not round for ever.
    for _ in 0..groups.len() {
        let group = groups.iter().find(|group| group.id == id)?;
        if group.enabled {
            return Some(group);
        }
        id = group.replaced_by?;
    }
    None
}

/// Whether `person` is in one of the groups with these ids, or in the one that takes its place. [`EVERYONE`] counts as a group that has all.
pub fn is_in_any(person: PersonId, ids: impl IntoIterator<Item: Borrow<GroupId>>, groups: &[Group]) -> bool {
    ids.into_iter().any(|id| {
        let id = *id.borrow();
        id == EVERYONE || standing(id, groups).is_some_and(|group| group.has(person))
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::people::{REQUESTER, SYSTEM_ADMINISTRATOR, built_in_roles};

    fn person(n: u128) -> Person {
        Person::new(PersonId::new(Uuid::from_u128(n)), "somebody")
    }

    #[test]
    fn manage_widens_and_grants_nothing_alone() {
        let mut roles = built_in_roles().to_vec();
        let manage = Role {
            id: RoleId::new(Uuid::from_u128(99)),
            name: "only manage".into(),
            built_in: false,
            enabled: true,
            for_new_people: false,
            permissions: BTreeSet::from([Permission::new(Feature::ProvisionRequest, Verb::Manage)]),
        };
        let id = manage.id;
        roles.push(manage);
        let mut someone = person(1);
        someone.roles.insert(id);
        let access = Access::of(&someone, &[], &roles);
        assert!(!access.permits(Feature::ProvisionRequest, Verb::Read, true));
        someone.roles.insert(REQUESTER);
        let access = Access::of(&someone, &[], &roles);
        assert!(access.permits(Feature::ProvisionRequest, Verb::Read, false));
    }

    #[test]
    fn o_2_a_disabled_group_gives_nothing_and_everybody_owns() {
        let someone = person(1);
        let mut group = Group::new(GroupId::new(Uuid::from_u128(5)), "admins", [someone.id]);
        group.roles.insert(SYSTEM_ADMINISTRATOR);
        let roles = built_in_roles();
        let access = Access::of(&someone, std::slice::from_ref(&group), &roles);
        assert!(access.permits(Feature::Role, Verb::Delete, false));
        group.enabled = false;
        let access = Access::of(&someone, &[group], &roles);
        assert!(!access.permits(Feature::Role, Verb::Delete, false));
        assert!(access.permits(Feature::ManagedAccount, Verb::Update, true));
        assert!(!access.permits(Feature::ManagedAccount, Verb::Update, false));
    }

    #[test]
    fn o_2_a_replacement_counts_while_the_group_is_disabled() {
        let someone = person(1);
        let id = |n| GroupId::new(Uuid::from_u128(n));
        let mut old = Group::new(id(5), "old", []);
        let new = Group::new(id(6), "new", [someone.id]);
        old.replaced_by = Some(new.id);
        assert!(!is_in_any(someone.id, [id(5)], &[old.clone(), new.clone()]));
        old.enabled = false;
        assert!(is_in_any(someone.id, [id(5)], &[old.clone(), new]));
        // Round in a circle is nobody.
        let mut circle = Group::new(id(6), "new", [someone.id]);
        circle.enabled = false;
        circle.replaced_by = Some(id(5));
        assert!(standing(id(5), &[old, circle]).is_none());
    }

    #[test]
    fn o_1_a_disabled_person_has_no_access() {
        let mut someone = person(1);
        someone.roles.insert(SYSTEM_ADMINISTRATOR);
        someone.enabled = false;
        let access = Access::of(&someone, &[], &built_in_roles());
        let refusal = access.require(Feature::User, Verb::Read, true).unwrap_err();
        assert_eq!(refusal.rule(), "P-1");
        assert!(refusal.message().contains("disabled"));
    }

    #[test]
    fn p_3_the_refusal_names_the_permission_as_the_table_does() {
        let access = Access::of(&person(1), &[], &built_in_roles());
        let missing = |feature, verb| access.require(feature, verb, false).unwrap_err().message().to_owned();
        assert_eq!(
            missing(Feature::ProvisionTemplate, Verb::Read),
            "the permission provision-template Read is missing"
        );
        assert_eq!(
            missing(Feature::ManagedAccount, Verb::Read),
            "managed-account Read is held for one's own objects only; managed-account Manage is missing"
        );
    }

    #[test]
    fn p_1_nobody_gives_more_than_they_hold_and_who_is_disabled_nothing() {
        let roles = built_in_roles();
        let role = |id| roles.iter().find(|role| role.id == id).unwrap();
        let mut someone = person(1);
        someone.roles.insert(REQUESTER);
        let access = Access::of(&someone, &[], &roles);
        assert!(access.covers(role(REQUESTER)) && access.covers(role(ACCOUNT_OWNER)));
        assert!(!access.covers(role(SYSTEM_ADMINISTRATOR)));
        someone.enabled = false;
        assert!(!Access::of(&someone, &[], &roles).covers(role(REQUESTER)));
    }
}
