//! Lists.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, TryStreamExt};

use super::{Checked, Ground, ground::refused};
use crate::{
    Account, AccountUpdate, DirectoryExt, ErrorKind, Filter, GroupKey, ListMembersOptions, ListOptions,
    MemberKind, MemberOptions, ObjectGuid, Query, Result, UpdateOptions,
};

/// The accounts of this case, and no others that a shared directory may hold.
fn ours(ground: &Ground, accounts: &[Account]) -> Result<Query> {
    let name =
        |account: &Account| Ok(Filter::equals("sAMAccountName".parse()?, account.sam_account_name.as_str()));
    let names = accounts.iter().map(name).collect::<Result<Vec<_>>>()?;
    Ok(Query::all().below(ground.unit.clone()).matching(Filter::any(names)))
}

async fn some(ground: &Ground, count: usize) -> Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for _ in 0..count {
        accounts.push(ground.account().await?);
    }
    Ok(accounts)
}

fn guids(accounts: &[Account]) -> BTreeSet<ObjectGuid> {
    accounts.iter().map(|account| account.guid).collect()
}

async fn selected(ground: &Ground, query: Query) -> Result<BTreeSet<ObjectGuid>> {
    Ok(guids(&ground.reader.all_accounts(&query).await?))
}

/// Each account once, in pages of any size (RFC 2696).
pub async fn a_list_is_whole_whatever_its_pages(ground: &Ground) -> Checked {
    let accounts = some(ground, 5).await?;
    let query = ours(ground, &accounts)?;
    for size in [1, 2, 5, 6, 1_000_000] {
        let list = ground.reader.list_accounts(&query, ListOptions::new().page_size(size));
        let listed: Vec<Account> = list.try_collect().await?;
        assert_eq!(listed.len(), 5, "pages of {size}");
        assert_eq!(guids(&listed), guids(&accounts), "pages of {size}");
    }
    Ok(())
}

/// A query in the words of LDAP selects what it says (RFC 4511, 4.5.1.7).
pub async fn a_filter_selects(ground: &Ground) -> Checked {
    let accounts = some(ground, 3).await?;
    let [first, second, third] = accounts.as_slice() else { return Err("three accounts".into()) };
    let update = AccountUpdate::new().description(Some("Needle in a stack".to_owned()));
    ground.directory.update_account(second.guid, &update, UpdateOptions::new()).await?;
    ground
        .directory
        .update_account(third.guid, &AccountUpdate::new().enabled(true), UpdateOptions::new())
        .await?;
    let query = ours(ground, &accounts)?;
    let only = |guid: ObjectGuid| BTreeSet::from([guid]);
    for text in [
        "(description=needle in a stack)",
        "(description=NEEDLE*)",
        "(description=*in*stack)",
        "(description=*dle in*)",
        "(description=*)",
    ] {
        assert_eq!(
            selected(ground, query.clone().matching(text.parse()?)).await?,
            only(second.guid),
            "{text}"
        );
    }
    let enabled = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))".parse()?;
    assert_eq!(selected(ground, query.clone().matching(enabled)).await?, only(third.guid));
    let by_guid = Filter::equals("objectGUID".parse()?, first.guid);
    assert_eq!(selected(ground, query.matching(by_guid)).await?, only(first.guid));
    Ok(())
}

/// "Not" turns around what an attribute that is not there says, and the parts of a filter combine
/// (RFC 4511, 4.5.1.7; MS-ADTS 3.1.1.3.1.3.1).
pub async fn negated_and_combined_filters_select(ground: &Ground) -> Checked {
    let accounts = some(ground, 2).await?;
    let [plain, texted] = accounts.as_slice() else { return Err("two accounts".into()) };
    let update = AccountUpdate::new().description(Some("x".to_owned())).display_name(Some("y".to_owned()));
    ground.directory.update_account(texted.guid, &update, UpdateOptions::new()).await?;
    let query = ours(ground, &accounts)?;
    for (text, wanted) in [
        ("(!(description=x))", vec![plain.guid]),
        ("(!(description=*))", vec![plain.guid]),
        ("(&(description=x)(displayName=y))", vec![texted.guid]),
        ("(&(description=x)(displayName=z))", vec![]),
        ("(|(description=z)(displayName=y))", vec![texted.guid]),
        ("(&(objectClass=user)(!(displayName=z)))", vec![plain.guid, texted.guid]),
    ] {
        let found = selected(ground, query.clone().matching(text.parse()?)).await?;
        assert_eq!(found, wanted.into_iter().collect(), "{text}");
    }
    Ok(())
}

/// `accountExpires` is a number with an order, `whenCreated` a time, and flags are bits (MS-ADTS 3.1.1.2.2.4).
pub async fn times_and_flags_are_compared_as_numbers(ground: &Ground) -> Checked {
    let accounts = some(ground, 2).await?;
    let [ends, stays] = accounts.as_slice() else { return Err("two accounts".into()) };
    let end: jiff::Timestamp = "2031-01-01T00:00:00Z".parse()?;
    let update = AccountUpdate::new().expires(Some(end).into());
    ground.directory.update_account(ends.guid, &update, UpdateOptions::new()).await?;
    let query = ours(ground, &accounts)?;
    let limit = crate::FileTime::from_timestamp("2031-01-02T00:00:00Z".parse()?).to_string();
    for (filter, wanted) in [
        (Filter::at_most("accountExpires".parse()?, limit.clone()), vec![ends.guid]),
        (Filter::at_least("accountExpires".parse()?, limit), vec![stays.guid]),
        ("(whenCreated>=20000101000000.0Z)".parse()?, vec![ends.guid, stays.guid]),
        ("(whenCreated<=20000101000000.0Z)".parse()?, vec![]),
        (Filter::bits_set("userAccountControl".parse()?, 514), vec![ends.guid, stays.guid]),
        (Filter::bits_set("userAccountControl".parse()?, 0x0100_0202), vec![]),
        (Filter::any_bit_set("userAccountControl".parse()?, 0x0100_0002), vec![ends.guid, stays.guid]),
        (Filter::any_bit_set("userAccountControl".parse()?, 0x0100_0000), vec![]),
    ] {
        let text = filter.to_string();
        assert_eq!(
            selected(ground, query.clone().matching(filter)).await?,
            wanted.into_iter().collect(),
            "{text}"
        );
    }
    Ok(())
}

/// What has a meaning in a filter has none in a value of one (RFC 4515, section 3).
pub async fn special_characters_in_a_filter_stay_values(ground: &Ground) -> Checked {
    let accounts = some(ground, 2).await?;
    let [odd, _] = accounts.as_slice() else { return Err("two accounts".into()) };
    let text = r"*)(cn=*\ (&|!) \u{e4}";
    let update = AccountUpdate::new().description(Some(text.to_owned()));
    ground.directory.update_account(odd.guid, &update, UpdateOptions::new()).await?;
    let query = ours(ground, &accounts)?;
    for filter in [
        Filter::equals("description".parse()?, text),
        Filter::starts_with("description".parse()?, "*)(cn"),
        Filter::contains("description".parse()?, r"\ (&"),
    ] {
        let shown = filter.to_string();
        assert_eq!(
            selected(ground, query.clone().matching(filter)).await?,
            BTreeSet::from([odd.guid]),
            "{shown}"
        );
    }
    let everything = Filter::equals("description".parse()?, "*");
    assert_eq!(selected(ground, query.matching(everything)).await?, BTreeSet::new());
    Ok(())
}

/// Groups and places are no accounts, whatever the filter says (MS-ADSC: `objectCategory`).
pub async fn a_list_holds_accounts_only(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let group = ground.reader.get_group(ground.group()?).await?;
    let listed = ground.reader.all_accounts(&Query::all().below(ground.unit.clone())).await?;
    assert!(listed.iter().any(|listed| listed.guid == account.guid));
    assert!(listed.iter().all(|listed| listed.guid != group.guid && listed.dn != ground.unit));
    assert!(listed.iter().all(|listed| listed.object_classes.contains("user")));
    Ok(())
}

/// A place that does not exist is not an empty one (RFC 4511, 4.5.2: `noSuchObject`).
pub async fn a_missing_place_is_not_found(ground: &Ground) -> Checked {
    let query = Query::all().below(ground.unit.unit("not there")?);
    refused(ground.reader.all_accounts(&query).await, ErrorKind::NotFound)?;
    Ok(())
}

/// That nothing fits is no error (RFC 4511, 4.5.2).
pub async fn nothing_that_fits_is_an_empty_list(ground: &Ground) -> Checked {
    let query = Query::all().below(ground.unit.clone()).matching(Filter::any([]));
    assert_eq!(ground.reader.all_accounts(&query).await?, []);
    Ok(())
}

/// A listed account is the same as a found one (RFC 4511, 4.5.2: entries are the same whatever the scope).
pub async fn listed_accounts_are_as_found(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    ground.directory.add_member(&ground.group()?, account.guid, MemberOptions::new()).await?;
    let listed = ground.reader.all_accounts(&ours(ground, std::slice::from_ref(&account))?).await?;
    assert_eq!(listed, [ground.now(account.guid).await?]);
    assert_eq!(listed.first().map(|account| account.member_of.len()), Some(1));
    Ok(())
}

/// Only what was asked for (RFC 4511, 4.5.1.8).
pub async fn further_attributes_are_listed_when_asked(ground: &Ground) -> Checked {
    let account =
        ground.create(&ground.draft()?.attribute("department".parse()?, ["Payroll".to_owned()])).await?;
    let query = ours(ground, std::slice::from_ref(&account))?;
    for (asked, wanted) in [(vec!["department".parse()?], 1), (vec![], 0)] {
        let list = ground.reader.list_accounts(&query, ListOptions::new().attributes(asked));
        let listed: Vec<Account> = list.try_collect().await?;
        assert_eq!(listed.iter().map(|account| account.attributes.len()).collect::<Vec<_>>(), [wanted]);
    }
    Ok(())
}

/// A list borrows nothing (rule X: a list ends whole or in an error).
pub async fn a_list_outlives_its_directory(ground: &Ground) -> Checked {
    let accounts = some(ground, 3).await?;
    let query = ours(ground, &accounts)?;
    let view = ground.directory.pin(crate::PinOptions::new()).await?;
    let list = view.list_accounts(&query, ListOptions::new().page_size(1));
    drop((view, query));
    let listed: Vec<Account> = list.try_collect().await?;
    assert_eq!(guids(&listed), guids(&accounts));
    Ok(())
}

/// Whoever has seen enough may go (RFC 2696, 3: a cookie belongs to its connection).
pub async fn a_dropped_list_disturbs_nobody(ground: &Ground) -> Checked {
    let accounts = some(ground, 3).await?;
    let query = ours(ground, &accounts)?;
    for _ in 0..8 {
        let mut list = ground.reader.list_accounts(&query, ListOptions::new().page_size(1));
        assert!(list.next().await.is_some_and(|first| first.is_ok()));
        drop(list);
        drop(ground.reader.list_accounts(&query, ListOptions::new()));
        ground.now(accounts.first().ok_or("no account")?.guid).await?;
    }
    assert_eq!(selected(ground, query).await?, guids(&accounts));
    Ok(())
}

/// Groups are listed like accounts (RFC 2696).
pub async fn groups_are_listed(ground: &Ground) -> Checked {
    let group = ground.reader.get_group(ground.group()?).await?;
    let below = group.dn.parent().ok_or("a group lies somewhere")?;
    let query = Query::all().below(below).matching(Filter::equals("cn".parse()?, group.dn.name()));
    for size in [1, 1000] {
        let list = ground.reader.list_groups(&query, ListOptions::new().page_size(size));
        assert_eq!(list.try_collect::<Vec<_>>().await?, std::slice::from_ref(&group));
    }
    Ok(())
}

/// Places are listed, the one looked below among them (RFC 4511, 4.5.1.2: a whole subtree).
pub async fn containers_are_listed(ground: &Ground) -> Checked {
    let query = Query::all().matching(Filter::equals("ou".parse()?, ground.unit.name()));
    let list = ground.reader.list_containers(&query, ListOptions::new());
    let listed: Vec<_> = list.try_collect().await?;
    assert!(listed.iter().any(|container| container.dn == ground.unit));
    let below =
        ground.reader.list_containers(&Query::all().below(ground.retired.clone()), ListOptions::new());
    let below: Vec<_> = below.try_collect().await?;
    assert_eq!(
        below.iter().map(|container| container.dn.clone()).collect::<Vec<_>>(),
        std::slice::from_ref(&ground.retired)
    );
    Ok(())
}

/// The members, in pages too; they say what they are (RFC 2696; MS-ADTS 3.1.1.3.1.3.3).
pub async fn members_are_listed(ground: &Ground) -> Checked {
    let accounts = some(ground, 3).await?;
    let group = ground.other_group()?;
    for account in &accounts {
        ground.directory.add_member(&group, account.guid, MemberOptions::new()).await?;
    }
    for options in [
        ListMembersOptions::new(),
        ListMembersOptions::new().page_size(1),
        ListMembersOptions::new().nested(true).page_size(2),
    ] {
        let listed: Vec<_> = ground.reader.list_members(&group, options).try_collect().await?;
        for account in &accounts {
            // Other cases may use the group at the same time.
            let mut found = listed.iter().filter(|member| member.guid == account.guid);
            let member = found.next().ok_or("a member is missing")?;
            assert!(found.next().is_none());
            assert_eq!(
                (member.kind, &member.dn, &member.sid),
                (MemberKind::Account, &account.dn, &account.sid)
            );
            assert_eq!(member.name.as_deref(), Some(account.sam_account_name.as_str()));
        }
    }
    Ok(())
}

/// A group that is not there is not an empty one (RFC 4511, 4.5.2).
pub async fn an_unknown_group_has_no_list(ground: &Ground) -> Checked {
    let nowhere = GroupKey::Guid(uuid::Uuid::new_v4().into());
    refused(Arc::clone(&ground.directory).all_members(nowhere, false).await, ErrorKind::NotFound)?;
    Ok(())
}
