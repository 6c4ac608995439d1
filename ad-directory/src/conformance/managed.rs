//! Managed accounts.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    AccountExpires, AccountKey, AccountUpdate, Change, CreateOptions, DeleteOptions, DirectoryExt, Dn,
    EncryptionTypes, ErrorKind, Filter, FindOptions, GroupKey, ManagedAccount, ManagedAccountKind,
    ManagedAccountUpdate, Marker, MarkerChange, MemberChanges, MemberKind, MemberOptions, MoveOptions,
    NewManagedAccount, ObjectGuid, Outcome, Query, ReadPasswordOptions, Result, RootKey, RootKeyOptions,
    SamAccountName, ServicePrincipalName, Sid, UpdateOptions, UserAccountControl,
};

/// At most 15 characters and a `$`.
fn draft(ground: &Ground) -> Result<NewManagedAccount> {
    let name = format!("{}$", ground.name()?).replace("T-", "g-");
    let host = format!("{}.conformance.example", name.trim_end_matches('$'));
    Ok(NewManagedAccount::new(ground.unit.clone(), name.parse()?, host))
}

async fn make(ground: &Ground, new: &NewManagedAccount) -> Result<ManagedAccount> {
    let made = ground.manager.create_managed_account(new, CreateOptions::new()).await?;
    ground.remember_managed(made.guid);
    Ok(made)
}

async fn one(ground: &Ground) -> Result<ManagedAccount> {
    make(ground, &draft(ground)?).await
}

async fn update(ground: &Ground, guid: ObjectGuid, update: ManagedAccountUpdate) -> Result<ManagedAccount> {
    ground.manager.update_managed_account(guid, &update, UpdateOptions::new()).await
}

async fn find(ground: &Ground, key: impl Into<AccountKey>) -> Result<Option<ManagedAccount>> {
    ground.reader.find_managed_account(&key.into(), FindOptions::new()).await
}

/// The identities of two principals, in the order in which they were made.
async fn two_sids(ground: &Ground) -> Result<[Sid; 2], Box<dyn std::error::Error + Send + Sync>> {
    let (one, two) = (ground.account().await?, ground.account().await?);
    Ok([one.sid.ok_or("an account has a SID")?, two.sid.ok_or("an account has a SID")?])
}

/// What is given is what is read back (MS-ADSC, class `msDS-GroupManagedServiceAccount`); it is enabled and a computer by its flags.
pub async fn a_managed_account_is_as_it_was_made(ground: &Ground) -> Checked {
    let [hosts, others] = two_sids(ground).await?;
    let service: ServicePrincipalName = format!("HTTP/{}", ground.name()?).parse()?;
    let marker: Marker = format!("managed:{}", ground.name()?).parse()?;
    let new = draft(ground)?
        .principal(hosts.clone())
        .principal(others.clone())
        .service_principal_name(service.clone())
        .encryption_types(EncryptionTypes::AES)
        .password_interval_days(7)
        .description("What it is for")
        .marker(marker.clone());
    let made = make(ground, &new).await?;
    assert_eq!((&made.dn, made.kind), (&new.dn()?, ManagedAccountKind::Group));
    assert_eq!(made.sam_account_name, new.sam_account_name);
    assert_eq!(made.dns_host_name.as_ref(), Some(&new.dns_host_name));
    assert_eq!(made.principals(), [&hosts, &others]);
    assert_eq!(made.service_principal_names, [service.to_string()]);
    assert_eq!(made.encryption_types, Some(EncryptionTypes::AES));
    assert_eq!(made.password_interval_days, Some(7));
    assert_eq!((made.description.as_deref(), made.marker.as_ref()), (Some("What it is for"), Some(&marker)));
    assert!(made.is_enabled() && made.user_account_control.contains(UserAccountControl::WORKSTATION_TRUST));
    assert!(made.sid.is_some() && made.when_created.is_some());
    assert_eq!(find(ground, made.guid).await?, Some(made));
    Ok(())
}

/// Without more, it is as the tools of Windows make it: 30 days, RC4 and AES, and nobody may read its password (`New-ADServiceAccount`).
pub async fn a_managed_account_has_the_usual_defaults(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    assert_eq!(made.password_interval_days, Some(30));
    assert_eq!(made.encryption_types.map(EncryptionTypes::bits), Some(28));
    assert!(made.principals().is_empty() && made.readers.is_some());
    Ok(())
}

/// The keys of accounts lead to them, too (MS-ADTS 3.1.1.3.1.2.4 and 3.1.1.5.2.2).
pub async fn every_key_finds_a_managed_account(ground: &Ground) -> Checked {
    let marker: Marker = format!("managed:{}", ground.name()?).parse()?;
    let made = make(ground, &draft(ground)?.marker(marker.clone())).await?;
    let sid = made.sid.clone().ok_or("it has a SID")?;
    for key in [
        AccountKey::Guid(made.guid),
        AccountKey::Sid(sid),
        AccountKey::SamAccountName(made.sam_account_name.as_str().to_uppercase().parse()?),
        AccountKey::Dn(made.dn.clone()),
        AccountKey::Marker { marker, below: ground.unit.clone() },
    ] {
        let found = find(ground, key.clone()).await?;
        assert_eq!(found.as_ref(), Some(&made), "{key}");
    }
    assert_eq!(find(ground, AccountKey::Guid(Uuid::new_v4().into())).await?, None);
    Ok(())
}

/// They are users by class, and yet no accounts (MS-ADSC: subclass of `computer`; told apart by `objectCategory`).
pub async fn managed_accounts_are_no_accounts(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    assert_eq!(ground.find(made.guid).await?, None);
    assert_eq!(ground.find(made.sam_account_name.clone()).await?, None);
    let all = ground.reader.all_accounts(&Query::all().below(ground.unit.clone())).await?;
    assert!(all.iter().all(|account| account.guid != made.guid));
    let account = ground.account().await?;
    assert_eq!(find(ground, account.guid).await?, None);
    let changed = AccountUpdate::new().description(Some("x".to_owned()));
    let changed = ground.manager.update_account(made.guid, &changed, UpdateOptions::new()).await;
    refused(changed, ErrorKind::NotFound)?;
    Ok(())
}

/// A list holds all of them and nothing else (RFC 2696: page by page).
pub async fn managed_accounts_are_listed(ground: &Ground) -> Checked {
    let marker: Marker = format!("managed:{}", ground.name()?).parse()?;
    let (a, b) = (make(ground, &draft(ground)?.description(marker.as_str())).await?, one(ground).await?);
    let below = || Query::all().below(ground.unit.clone());
    let all = ground.reader.all_managed_accounts(&below()).await?;
    assert!([&a, &b].iter().all(|made| all.contains(made)), "{all:?}");
    let fits = Filter::equals("description".parse()?, marker.as_str());
    assert_eq!(ground.reader.all_managed_accounts(&below().matching(fits)).await?, [a]);
    let nowhere = Query::all().below(ground.unit.unit("not there")?);
    refused(ground.reader.all_managed_accounts(&nowhere).await, ErrorKind::NotFound)?;
    Ok(())
}

/// Names are unique among all principals (MS-ADTS 3.1.1.5.2.2), and service names in the forest (3.1.1.5.1.3).
pub async fn a_taken_name_stops_a_managed_account(ground: &Ground) -> Checked {
    let service: ServicePrincipalName = format!("HTTP/{}", ground.name()?).parse()?;
    ground.create(&ground.draft()?.service_principal_name(service.as_str())).await?;
    let made = one(ground).await?;
    let mut again = draft(ground)?;
    again.sam_account_name = made.sam_account_name.clone();
    let mut elsewhere = again.clone();
    elsewhere.parent = ground.retired.clone();
    for new in [again, elsewhere, draft(ground)?.service_principal_name(service)] {
        let error = refused(make(ground, &new).await, ErrorKind::AlreadyExists)?;
        assert_eq!(error.outcome(), Outcome::NotDone);
    }
    Ok(())
}

/// What cannot be one is refused before anything is sent (MS-ADSC: `sAMAccountName` of a computer ends with `$`).
pub async fn what_is_no_managed_account_is_never_sent(ground: &Ground) -> Checked {
    let good = draft(ground)?;
    let mut unmarked = good.clone();
    unmarked.sam_account_name = ground.name()?;
    let mut homeless = good.clone();
    "not a host".clone_into(&mut homeless.dns_host_name);
    for new in [unmarked, homeless, good.password_interval_days(0)] {
        let error = refused(make(ground, &new).await, ErrorKind::Invalid)?;
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
    Ok(())
}

/// The place must exist (MS-ADTS 3.1.1.5.2.2: the parent of a new object).
pub async fn a_missing_place_stops_a_managed_account(ground: &Ground) -> Checked {
    let mut new = draft(ground)?;
    new.parent = ground.unit.unit("not there")?;
    refused(make(ground, &new).await, ErrorKind::NotFound)?;
    Ok(())
}

/// Who may read the password is a set; doing it twice is no error (MS-ADTS 3.1.1.4.5.39: `msDS-GroupMSAMembership`).
pub async fn readers_come_and_go(ground: &Ground) -> Checked {
    let [one_sid, two_sid] = two_sids(ground).await?;
    let guid = one(ground).await?.guid;
    let readers =
        |account: ManagedAccount| account.principals().into_iter().cloned().collect::<BTreeSet<_>>();
    let (a, b) = (|| one_sid.clone(), || two_sid.clone());
    let new = ManagedAccountUpdate::new;
    for (change, wanted) in [
        (new().add_principal(a()), vec![a()]),
        (new().add_principal(a()), vec![a()]),
        (new().add_principal(b()).remove_principal(a()), vec![b()]),
        (new().remove_principal(a()), vec![b()]),
        (new().set_principals([a(), b()]), vec![a(), b()]),
        (new().set_principals([a()]), vec![a()]),
        (new().set_principals([]), vec![]),
    ] {
        let changed = update(ground, guid, change.clone()).await?;
        assert_eq!(readers(changed), wanted.into_iter().collect::<BTreeSet<_>>(), "{change:?}");
    }
    let both = new().add_principal(a()).remove_principal(a());
    assert_eq!(refused(update(ground, guid, both).await, ErrorKind::Invalid)?.outcome(), Outcome::NotSent);
    Ok(())
}

/// The list is compared and set, so that of two who add one each, nobody's is lost (RFC 4511, 4.6: deleting a value that is not there fails).
pub async fn two_who_add_readers_both_succeed(ground: &Ground) -> Checked {
    let [one_sid, two_sid] = two_sids(ground).await?;
    let guid = one(ground).await?.guid;
    let change = |sid: &Sid| ManagedAccountUpdate::new().add_principal(sid.clone());
    let (first, second) =
        tokio::join!(update(ground, guid, change(&one_sid)), update(ground, guid, change(&two_sid)));
    first?;
    second?;
    let now = find(ground, guid).await?.ok_or("it is still there")?;
    assert_eq!(now.principals().into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([&one_sid, &two_sid]));
    Ok(())
}

/// Bits without a name here stay as they are given (MS-KILE 2.2.7).
pub async fn encryption_types_are_kept(ground: &Ground) -> Checked {
    let guid = one(ground).await?.guid;
    for bits in [24, 0x1_0018, 28] {
        let types = EncryptionTypes::from_bits(bits);
        let changed = update(ground, guid, ManagedAccountUpdate::new().encryption_types(types)).await?;
        assert_eq!(changed.encryption_types, Some(types));
    }
    Ok(())
}

/// The flag alone changes (MS-ADTS 2.2.16: 4096 and 4098); doing it twice is no error.
pub async fn a_managed_account_is_switched_off_and_on(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    for enabled in [false, false, true, true] {
        let changed = update(ground, made.guid, ManagedAccountUpdate::new().enabled(enabled)).await?;
        let wanted = made.user_account_control.set(UserAccountControl::ACCOUNT_DISABLE, !enabled);
        assert_eq!(changed.user_account_control, wanted);
    }
    Ok(())
}

/// As those of accounts: one by one, without regard to case, and each somebody's (MS-ADTS 3.1.1.5.1.3).
pub async fn service_names_of_managed_accounts_come_and_go(ground: &Ground) -> Checked {
    let guid = one(ground).await?.guid;
    let name =
        |class: &str| -> Result<ServicePrincipalName> { Ok(format!("{class}/{}", ground.name()?).parse()?) };
    let (http, cifs) = (name("HTTP")?, name("CIFS")?);
    let new = ManagedAccountUpdate::new;
    let both = new().add_service_principal_name(http.clone()).add_service_principal_name(cifs.clone());
    for change in [both, new().add_service_principal_name(http.as_str().to_lowercase().parse()?)] {
        let changed = update(ground, guid, change).await?;
        assert_eq!(changed.service_principal_names, [cifs.to_string(), http.to_string()]);
    }
    let changed = update(ground, guid, new().remove_service_principal_name(http.clone())).await?;
    assert_eq!(changed.service_principal_names, [cifs.to_string()]);
    let account = ground.create(&ground.draft()?.service_principal_name(http.as_str())).await?;
    let taken = update(ground, guid, new().add_service_principal_name(http)).await;
    refused(taken, ErrorKind::AlreadyExists)?;
    let theirs = AccountUpdate::new().add_service_principal_name(cifs);
    let theirs = ground.directory.update_account(account.guid, &theirs, UpdateOptions::new()).await;
    refused(theirs, ErrorKind::AlreadyExists)?;
    Ok(())
}

/// Texts are set and cleared as on accounts (RFC 4511, 4.6).
pub async fn texts_of_managed_accounts_change(ground: &Ground) -> Checked {
    let guid = one(ground).await?.guid;
    let host = format!("{}.elsewhere.example", ground.name()?);
    let change = ManagedAccountUpdate::new().dns_host_name(host.clone()).description(Some("new".to_owned()));
    let changed = update(ground, guid, change).await?;
    assert_eq!((changed.dns_host_name, changed.description.as_deref()), (Some(host), Some("new")));
    let mut clear = ManagedAccountUpdate::new();
    clear.description = Change::Clear;
    for _ in 0..2 {
        assert_eq!(update(ground, guid, clear.clone()).await?.description, None);
    }
    let wrong = ManagedAccountUpdate::new().dns_host_name("not a host");
    refused(update(ground, guid, wrong).await, ErrorKind::Invalid)?;
    Ok(())
}

/// The marker is compared and set with the change, and looked at before a deletion (invariant I-3).
pub async fn a_stale_marker_stops_a_managed_change(ground: &Ground) -> Checked {
    let ours: Marker = format!("managed:{}", ground.name()?).parse()?;
    let stale = || "stale".parse::<Marker>();
    let made = make(ground, &draft(ground)?.marker(ours.clone())).await?;
    let change = |marker| ManagedAccountUpdate::new().enabled(false).marker(marker);
    let error = refused(
        update(ground, made.guid, change(MarkerChange::keep(stale()?))).await,
        ErrorKind::MarkerMismatch,
    )?;
    assert_eq!(error.outcome(), Outcome::NotDone);
    let delete = DeleteOptions::new().expect_marker(stale()?);
    refused(ground.manager.delete_managed_account(made.guid, delete).await, ErrorKind::MarkerMismatch)?;
    assert_eq!(find(ground, made.guid).await?.as_ref(), Some(&made));
    let changed = update(ground, made.guid, change(MarkerChange::replace(ours, "new:1".parse()?))).await?;
    assert_eq!((changed.is_disabled(), changed.marker), (true, Some("new:1".parse()?)));
    Ok(())
}

/// A change of nothing is a mistake of the caller's, and what does not exist cannot be changed (RFC 4511, 4.6).
pub async fn an_empty_managed_update_is_refused(ground: &Ground) -> Checked {
    let guid = one(ground).await?.guid;
    let error = refused(update(ground, guid, ManagedAccountUpdate::new()).await, ErrorKind::Invalid)?;
    assert_eq!(error.outcome(), Outcome::NotSent);
    for guid in [Uuid::new_v4().into(), ground.account().await?.guid] {
        let change = ManagedAccountUpdate::new().enabled(false);
        refused(update(ground, guid, change).await, ErrorKind::NotFound)?;
    }
    Ok(())
}

/// It goes as other objects do (MS-ADTS 3.1.1.5.5), its names are free, and what is gone is gone.
pub async fn a_deleted_managed_account_is_gone(ground: &Ground) -> Checked {
    let new = draft(ground)?;
    let made = make(ground, &new).await?;
    ground.manager.delete_managed_account(made.guid, DeleteOptions::new()).await?;
    assert_eq!(find(ground, made.guid).await?, None);
    let again = ground.manager.delete_managed_account(made.guid, DeleteOptions::new()).await;
    refused(again, ErrorKind::NotFound)?;
    let account = ground.account().await?;
    let other = ground.manager.delete_managed_account(account.guid, DeleteOptions::new()).await;
    refused(other, ErrorKind::NotFound)?;
    assert_ne!(make(ground, &new).await?.guid, made.guid);
    Ok(())
}

/// They join groups as others do (MS-ADTS 3.1.1.1.6: `member` links to any object).
pub async fn managed_accounts_join_groups(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    let group = ground.group()?;
    let join = MemberChanges::new().add([made.guid]);
    ground.manager.change_members(&group, &join, MemberOptions::new()).await?;
    let dn = ground.reader.get_group(group.clone()).await?.dn;
    let now = find(ground, made.guid).await?.ok_or("it is there")?;
    assert_eq!(now.member_of, [dn]);
    let members = ground.manager.all_members(group.clone(), false).await?;
    let member = members.iter().find(|member| member.guid == made.guid).ok_or("it is a member")?;
    assert_eq!(member.kind, MemberKind::ManagedAccount);
    leave(ground, &group, made.guid).await?;
    assert_eq!(find(ground, made.guid).await?.map(|now| now.member_of), Some(Vec::new()));
    Ok(())
}

async fn leave(ground: &Ground, group: &GroupKey, member: ObjectGuid) -> Result<()> {
    let leave = MemberChanges::new().remove([member]);
    ground.manager.change_members(group, &leave, MemberOptions::new()).await.map(|_| ())
}

/// It can be made switched off, and then needs nothing more to be switched on (Microsoft, New-ADServiceAccount: `Enabled`).
pub async fn a_managed_account_begins_disabled_when_asked(ground: &Ground) -> Checked {
    let made = make(ground, &draft(ground)?.enabled(false)).await?;
    assert!(made.is_disabled() && made.user_account_control.contains(UserAccountControl::WORKSTATION_TRUST));
    assert!(update(ground, made.guid, ManagedAccountUpdate::new().enabled(true)).await?.is_enabled());
    Ok(())
}

/// It has an end like other accounts (Microsoft, New-ADServiceAccount: `AccountExpirationDate`; MS-ADA1, `accountExpires`).
pub async fn the_end_of_a_managed_account_is_kept(ground: &Ground) -> Checked {
    let at = |text: &str| Ok::<_, jiff::Error>(AccountExpires::At(text.parse()?));
    let (first, second) = (at("2031-05-06T00:00:00Z")?, at("2032-02-29T12:34:56Z")?);
    assert_eq!(one(ground).await?.expires, AccountExpires::Never);
    let made = make(ground, &draft(ground)?.expires(first)).await?;
    assert_eq!(made.expires, first);
    for expires in [first, second, AccountExpires::Never, second] {
        let changed = update(ground, made.guid, ManagedAccountUpdate::new().expires(expires)).await?;
        assert_eq!(changed.expires, expires);
    }
    assert_eq!(find(ground, made.guid).await?.map(|now| now.expires), Some(second));
    Ok(())
}

/// Its old sign-in name is free then, and the new one must be one of a computer (MS-ADTS 3.1.1.5.2.2; MS-ADSC, class `computer`).
pub async fn a_renamed_managed_account_frees_its_name(ground: &Ground) -> Checked {
    let (new, other) = (draft(ground)?, draft(ground)?);
    let made = make(ground, &new).await?;
    let rename = |name: &SamAccountName| ManagedAccountUpdate::new().sam_account_name(name.clone());
    let renamed = update(ground, made.guid, rename(&other.sam_account_name)).await?;
    assert_eq!((&renamed.sam_account_name, &renamed.dn), (&other.sam_account_name, &made.dn));
    refused(make(ground, &other).await, ErrorKind::AlreadyExists)?;
    let mut again = new.clone();
    again.parent = ground.retired.clone();
    let again = make(ground, &again).await?;
    refused(update(ground, again.guid, rename(&other.sam_account_name)).await, ErrorKind::AlreadyExists)?;
    let unmarked = update(ground, made.guid, rename(&ground.name()?)).await;
    assert_eq!(refused(unmarked, ErrorKind::Invalid)?.outcome(), Outcome::NotSent);
    Ok(())
}

/// It moves as accounts do and stays what it is (MS-ADTS 3.1.1.5.4; RFC 4511, 4.9).
pub async fn a_managed_account_moves_and_is_renamed(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    let moved = async |to: &Dn, options| ground.manager.move_managed_account(made.guid, to, options).await;
    let there = moved(&ground.retired, MoveOptions::new()).await?;
    assert_eq!(there.dn, ground.retired.child(made.dn.name())?);
    assert_eq!(
        (there.guid, &there.sid, &there.sam_account_name),
        (made.guid, &made.sid, &made.sam_account_name)
    );
    let cn = format!("del, {}", ground.name()?);
    let renamed = moved(&ground.unit, MoveOptions::new().new_cn(cn.clone())).await?;
    assert_eq!(renamed.dn, ground.unit.child(&cn)?);
    assert_eq!(moved(&ground.unit, MoveOptions::new()).await?, renamed, "staying is no error");
    let other = one(ground).await?;
    refused(
        moved(&ground.unit, MoveOptions::new().new_cn(other.dn.name().to_owned())).await,
        ErrorKind::AlreadyExists,
    )?;
    refused(moved(&ground.unit.unit("not there")?, MoveOptions::new()).await, ErrorKind::NotFound)?;
    let account = ground.account().await?;
    for guid in [Uuid::new_v4().into(), account.guid] {
        let moved = ground.manager.move_managed_account(guid, &ground.retired, MoveOptions::new()).await;
        refused(moved, ErrorKind::NotFound)?;
    }
    let stranger = ground.directory.move_account(made.guid, &ground.retired, MoveOptions::new()).await;
    refused(stranger, ErrorKind::NotFound)?;
    Ok(())
}

/// The marker is looked at before a move (invariant I-3).
pub async fn a_stale_marker_stops_a_managed_move(ground: &Ground) -> Checked {
    let ours: Marker = format!("managed:{}", ground.name()?).parse()?;
    let made = make(ground, &draft(ground)?.marker(ours.clone())).await?;
    let expect = |marker| MoveOptions::new().expect_marker(marker);
    let stale =
        ground.manager.move_managed_account(made.guid, &ground.retired, expect("stale".parse()?)).await;
    refused(stale, ErrorKind::MarkerMismatch)?;
    assert_eq!(find(ground, made.guid).await?.as_ref(), Some(&made));
    ground.manager.move_managed_account(made.guid, &ground.retired, expect(ours)).await?;
    Ok(())
}

/// Only those who are named read it; others are not even told that there is one (MS-ADTS 3.1.1.4.5.39).
pub async fn strangers_do_not_read_a_managed_password(ground: &Ground) -> Checked {
    let made = one(ground).await?;
    let read = async |guid| ground.reader.read_managed_password(guid, ReadPasswordOptions::new()).await;
    refused(read(made.guid).await, ErrorKind::Forbidden)?;
    refused(read(Uuid::new_v4().into()).await, ErrorKind::NotFound)?;
    Ok(())
}

/// Whether there is a root key can be asked for, and an account can be made unless the answer is that it is too young (MS-GKDI 3.1.4.1).
pub async fn the_root_key_says_whether_accounts_can_be_made(ground: &Ground) -> Checked {
    let key = ground.reader.root_key(RootKeyOptions::new()).await?;
    assert!(key.may_be_usable(), "the forest of the tests has a young root key: {key:?}");
    if let RootKey::Usable { since } = key {
        assert!(
            since <= ground.reader.probe(crate::ProbeOptions::new()).await?.time.ok_or("it has a clock")?
        );
    }
    one(ground).await?;
    Ok(())
}
