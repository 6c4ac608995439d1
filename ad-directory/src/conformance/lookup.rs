//! Finding things.

use uuid::Uuid;

use super::{Checked, Ground};
use crate::{AccountKey, AttributeName, ContainerKind, DirectoryExt, FindOptions, GroupKey, ObjectGuid};

/// What does not exist is an answer and not an error, whatever the key (`Directory::find_account`) (RFC 4511, 4.5.2).
pub async fn nothing_is_found_as_none(ground: &Ground) -> Checked {
    let name = ground.name()?;
    let keys: [AccountKey; 4] = [
        ObjectGuid::new(Uuid::new_v4()).into(),
        name.clone().into(),
        format!("{name}@nowhere.example").parse::<crate::UserPrincipalName>()?.into(),
        ground.unit.child(name.as_str())?.into(),
    ];
    for key in keys {
        assert_eq!(ground.find(key.clone()).await?, None, "{key}");
    }
    let marker = format!("none:{name}").parse()?;
    assert_eq!(ground.find(AccountKey::Marker { marker, below: ground.unit.clone() }).await?, None);
    let missing = ground.unit.unit("not there")?.child("a")?;
    assert_eq!(ground.find(missing.clone()).await?, None);
    assert_eq!(ground.reader.find_container(&missing, FindOptions::new()).await?, None);
    assert_eq!(ground.reader.find_group(&missing.into(), FindOptions::new()).await?, None);
    Ok(())
}

/// The identity, both names, the place and the marker lead to the same account (MS-ADTS 3.1.1.3.1.2.4 for `<GUID=…>`).
pub async fn every_key_finds_the_account(ground: &Ground) -> Checked {
    let draft = ground.draft()?;
    let name = draft.sam_account_name.clone();
    let principal: crate::UserPrincipalName = format!("{name}@conformance.example").parse()?;
    let marker: crate::Marker = format!("every:{name}").parse()?;
    let account = ground.create(&draft.user_principal_name(principal.clone()).marker(marker.clone())).await?;
    let keys: [AccountKey; 5] = [
        account.guid.into(),
        name.into(),
        principal.into(),
        account.dn.clone().into(),
        AccountKey::Marker { marker, below: ground.unit.clone() },
    ];
    for key in keys {
        assert_eq!(ground.find(key.clone()).await?.as_ref(), Some(&account), "{key}");
    }
    Ok(())
}

/// Names are compared without regard to case (MS-ADTS 3.1.1.2.2.4.1).
pub async fn names_are_found_whatever_their_case(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    let upper: crate::SamAccountName = account.sam_account_name.as_str().to_uppercase().parse()?;
    let lower: crate::Dn = account.dn.to_string().to_lowercase().parse()?;
    assert_eq!(ground.find(upper).await?.map(|found| found.guid), Some(account.guid));
    assert_eq!(ground.find(lower).await?.map(|found| found.guid), Some(account.guid));
    Ok(())
}

/// Asking for an account never finds a group, though they share one space of names (MS-ADTS 3.1.1.5.2.1).
pub async fn groups_are_no_accounts(ground: &Ground) -> Checked {
    let group = ground.reader.get_group(ground.group()?).await?;
    assert_eq!(ground.find(group.guid).await?, None);
    assert_eq!(ground.find(group.dn.clone()).await?, None);
    Ok(())
}

/// And the other way round (MS-ADSC: `group` is no subclass of `user`).
pub async fn accounts_are_no_groups(ground: &Ground) -> Checked {
    let account = ground.account().await?;
    for key in [GroupKey::Guid(account.guid), account.dn.clone().into()] {
        assert_eq!(ground.reader.find_group(&key, FindOptions::new()).await?, None, "{key}");
    }
    Ok(())
}

/// The identity, the place and the name lead to the same group, which is a security group (MS-ADTS 2.2.12).
pub async fn every_key_finds_the_group(ground: &Ground) -> Checked {
    let group = ground.reader.get_group(ground.group()?).await?;
    assert!(group.is_security());
    for key in [GroupKey::Guid(group.guid), group.dn.clone().into(), group.name.clone().into()] {
        let found = ground.reader.find_group(&key, FindOptions::new()).await?;
        assert_eq!(found.as_ref(), Some(&group), "{key}");
    }
    Ok(())
}

/// A unit and the domain are containers; an account is none (MS-ADTS 3.1.1.1.4).
pub async fn containers_are_found_with_their_kind(ground: &Ground) -> Checked {
    let find = |dn: crate::Dn| async move { ground.reader.find_container(&dn, FindOptions::new()).await };
    let unit = find(ground.unit.clone()).await?;
    let unit = unit.ok_or("the unit is not found")?;
    assert_eq!((unit.kind, &unit.dn), (ContainerKind::OrganizationalUnit, &ground.unit));
    let domain = ground.reader.probe(crate::ProbeOptions::new()).await?.default_naming_context;
    assert_eq!(find(domain).await?.map(|domain| domain.kind), Some(ContainerKind::Domain));
    let account = ground.account().await?;
    assert_eq!(find(account.dn).await?, None);
    Ok(())
}

/// A name that looks like a filter or like a further level of a DN is a name (RFC 4514, 2.4; RFC 4515, 3).
pub async fn special_characters_stay_in_their_place(ground: &Ground) -> Checked {
    let suffix = ground.name()?;
    for cn in [r#"a, "b"+c;d<e>f=g\h"#, "#(|(cn=*))", "ü 名 é", "x*y"] {
        let cn = format!("{cn} {suffix}");
        let account = ground.create(&ground.draft()?.cn(cn.clone())).await?;
        assert_eq!((account.cn.as_str(), account.dn.name()), (cn.as_str(), cn.as_str()));
        assert_eq!(account.dn.parent().as_ref(), Some(&ground.unit));
        let found = ground.find(account.dn.clone()).await?;
        assert_eq!(found.map(|found| found.guid), Some(account.guid), "{cn}");
    }
    Ok(())
}

/// An attribute that has no field is read when it is asked for, and only then (`FindOptions::attributes`) (RFC 4511, 4.5.1.8).
pub async fn further_attributes_are_read_when_asked(ground: &Ground) -> Checked {
    let department: AttributeName = "department".parse()?;
    let absent: AttributeName = "division".parse()?;
    let account =
        ground.create(&ground.draft()?.attribute(department.clone(), ["Finance".to_owned()])).await?;
    assert!(account.attributes.is_empty());
    assert!(ground.now(account.guid).await?.attributes.is_empty());
    let options = FindOptions::new().attributes(vec![department.clone(), absent]);
    let found =
        ground.reader.find_account(&account.guid.into(), options).await?.ok_or("the account is not found")?;
    assert_eq!(found.attributes.into_iter().collect::<Vec<_>>(), [(department, vec!["Finance".to_owned()])]);
    Ok(())
}
