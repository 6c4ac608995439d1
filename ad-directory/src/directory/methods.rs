//! The methods of [`Directory`](crate::Directory) in one list, for those who treat all of them alike: pointers and wrappers.
//!
//! A method that is missing here fails the lint `missing_trait_methods` in every one of them.

/// Hands the list to the macro `$with`, after what else it should know.
///
/// Each asynchronous method stands as `kind operation-name method(arguments) -> answer, on what it is done;`, where the kind is `read`, `change`
/// or `sign_in`; each list as `list operation-name method(arguments) -> item, on what it is done;`. `capabilities` and `pin` are not in it: a
/// wrapper must wrap what `pin` answers.
macro_rules! for_each_method {
    ($with:ident $($more:tt)*) => {
        $with! {
            [$($more)*]
            futures {
                read "probe" probe(options: ProbeOptions) -> Probe, on "the controller".to_owned();
                read "accounts.find" find_account(key: &AccountKey, options: FindOptions) -> Option<Account>, on key.to_string();
                read "groups.find" find_group(key: &GroupKey, options: FindOptions) -> Option<Group>, on key.to_string();
                read "containers.find" find_container(dn: &Dn, options: FindOptions) -> Option<Container>, on dn.to_string();
                change "accounts.create" create_account(account: &NewAccount, options: CreateOptions) -> Account,
                    on format!("{} in {}", account.sam_account_name, account.parent);
                change "accounts.update" update_account(id: ObjectGuid, update: &AccountUpdate, options: UpdateOptions) -> Account,
                    on id.to_string();
                change "accounts.set_password" set_password(id: ObjectGuid, password: &SecretString, options: SetPasswordOptions) -> (),
                    on id.to_string();
                sign_in "accounts.check_password"
                    check_password(id: ObjectGuid, password: &SecretString, options: CheckPasswordOptions) -> PasswordCheck,
                    on id.to_string();
                change "accounts.move" move_account(id: ObjectGuid, to: &Dn, options: MoveOptions) -> Account,
                    on format!("{id} to {to}");
                change "accounts.delete" delete_account(id: ObjectGuid, options: DeleteOptions) -> (), on id.to_string();
                change "groups.add_member" add_member(group: &GroupKey, member: ObjectGuid, options: MemberOptions) -> MembershipChange,
                    on format!("{member} in {group}");
                change "groups.remove_member"
                    remove_member(group: &GroupKey, member: ObjectGuid, options: MemberOptions) -> MembershipChange,
                    on format!("{member} in {group}");
                change "accounts.change_password"
                    change_password(id: ObjectGuid, old: &SecretString, new: &SecretString, options: ChangePasswordOptions) -> (),
                    on id.to_string();
                change "groups.create" create_group(group: &NewGroup, options: CreateOptions) -> Group,
                    on format!("{} in {}", group.name, group.parent);
                change "groups.delete" delete_group(id: ObjectGuid, options: DeleteGroupOptions) -> (), on id.to_string();
                change "groups.change_members"
                    change_members(group: &GroupKey, changes: &MemberChanges, options: MemberOptions) -> MembersChanged,
                    on group.to_string();
                change "containers.create" create_container(container: &NewContainer, options: CreateOptions) -> Container,
                    on format!("{} in {}", container.name, container.parent);
                change "containers.delete" delete_container(id: ObjectGuid, options: DeleteContainerOptions) -> (), on id.to_string();
                change "accounts.restore" restore_account(id: ObjectGuid, options: RestoreOptions) -> Account, on id.to_string();
                read "policy.read" password_policy(scope: &PolicyScope, options: PolicyOptions) -> PasswordPolicy, on scope.to_string();
                read "service_names.owners"
                    service_name_owners(name: &ServicePrincipalName, options: ServiceNameOptions) -> ServiceNameOwners,
                    on name.to_string();
                read "managed.root_key" root_key(options: RootKeyOptions) -> RootKey, on "the forest".to_owned();
                read "managed.find" find_managed_account(key: &AccountKey, options: FindOptions) -> Option<ManagedAccount>,
                    on key.to_string();
                change "managed.create" create_managed_account(account: &NewManagedAccount, options: CreateOptions) -> ManagedAccount,
                    on format!("{} in {}", account.sam_account_name, account.parent);
                change "managed.update"
                    update_managed_account(id: ObjectGuid, update: &ManagedAccountUpdate, options: UpdateOptions) -> ManagedAccount,
                    on id.to_string();
                change "managed.move" move_managed_account(id: ObjectGuid, to: &Dn, options: MoveOptions) -> ManagedAccount,
                    on format!("{id} to {to}");
                change "managed.delete" delete_managed_account(id: ObjectGuid, options: DeleteOptions) -> (), on id.to_string();
                read "managed.read_password" read_managed_password(id: ObjectGuid, options: ReadPasswordOptions) -> ManagedPassword,
                    on id.to_string();
            }
            lists {
                "accounts.list" list_accounts(query: &Query, options: ListOptions) -> Account, on query.to_string();
                "groups.list" list_groups(query: &Query, options: ListOptions) -> Group, on query.to_string();
                "containers.list" list_containers(query: &Query, options: ListOptions) -> Container, on query.to_string();
                "groups.list_members" list_members(group: &GroupKey, options: ListMembersOptions) -> Member, on group.to_string();
                "changes.list" list_changes(options: ChangesOptions) -> ChangeBatch, on options.to_string();
                "accounts.list_deleted" list_deleted(options: ListDeletedOptions) -> DeletedAccount, on options.to_string();
                "managed.list" list_managed_accounts(query: &Query, options: ListOptions) -> ManagedAccount, on query.to_string();
            }
        }
    };
}
pub(crate) use for_each_method;

/// The types that the list names, for the files that expand it.
pub(crate) mod prelude {
    pub(crate) use std::sync::Arc;

    pub(crate) use async_trait::async_trait;
    pub(crate) use secrecy::SecretString;

    pub(crate) use crate::{
        Account, AccountKey, AccountUpdate, Capabilities, ChangeBatch, ChangePasswordOptions, ChangesOptions,
        CheckPasswordOptions, Container, CreateOptions, DeleteContainerOptions, DeleteGroupOptions,
        DeleteOptions, DeletedAccount, Directory, Dn, FindOptions, Group, GroupKey, ListDeletedOptions,
        ListMembersOptions, ListOptions, Listing, ManagedAccount, ManagedAccountUpdate, ManagedPassword,
        Member, MemberChanges, MemberOptions, MembersChanged, MembershipChange, MoveOptions, NewAccount,
        NewContainer, NewGroup, NewManagedAccount, ObjectGuid, PasswordCheck, PasswordPolicy, PinOptions,
        PolicyOptions, PolicyScope, Probe, ProbeOptions, Query, ReadPasswordOptions, RestoreOptions, Result,
        RootKey, RootKeyOptions, ServiceNameOptions, ServiceNameOwners, ServicePrincipalName,
        SetPasswordOptions, UpdateOptions,
    };
}
