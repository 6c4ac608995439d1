//! Effects on the directory: each looks first whether it was done already, and every Modify carries the marker (E-5).

use std::sync::Arc;

use ad_directory::{
    AccountKey, CheckPasswordOptions, Controller, CreateOptions, DeleteOptions, Directory, DirectoryExt as _,
    Dn, ErrorKind, FindOptions, GroupKey, Marker, MarkerChange, MemberOptions, MembershipChange, MoveOptions,
    NewAccount, ObjectGuid, ProbeOptions, SetPasswordOptions,
};
use jiff::SignedDuration;
use secrecy::SecretString;

use super::guard::Tools;
use super::managed;
use super::object::{self, Object};
use super::translate::{self, Step, done, failed, refused};
use crate::error::Outcome;
use crate::model::account::OperationKind;
use crate::model::managed::ManagedSpec;
use crate::saga::effect::{AccountChange, AccountSpec, EffectResult, Found, Reason};

/// How far the clocks of service and controller may be apart when the age of an account is judged: Kerberos' own limit.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

type Pinned = Arc<dyn Directory>;

fn bad<T>(error: &ad_directory::ParseError) -> Step<T> {
    refused(Reason::Other, error.to_string())
}

impl Tools<'_> {
    /// The directory's part of the preflight: OU, groups and what a gMSA needs are there. Returns the controller for all that follows.
    pub(super) async fn preflight(
        &self,
        ou: &Dn,
        groups: &[Dn],
        managed: Option<&ManagedSpec>,
    ) -> Step<Controller> {
        let pinned = self.pinned(None).await?;
        let probe = pinned.probe(ProbeOptions::new()).await.map_err(|error| translate::directory(&error))?;
        let mut missing =
            missing_places(&pinned, ou, groups).await.map_err(|error| translate::directory(&error))?;
        if let Some(spec) = managed {
            let obstacles =
                managed::obstacles(&pinned, spec).await.map_err(|error| translate::directory(&error))?;
            missing.extend(obstacles.iter().map(ToString::to_string));
        }
        for group in groups {
            self.joinable(&pinned, group).await?;
        }
        if missing.is_empty() {
            Ok(probe.controller)
        } else {
            refused(Reason::PlaceUnusable, missing.join("; "))
        }
    }

    /// Step 5. What carries this saga's marker is adopted; anything else of that name is never touched.
    pub(super) async fn add(
        &self,
        controller: &Controller,
        spec: &AccountSpec,
        password: Option<SecretString>,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        if let Some(found) = self.adoptable(&pinned, spec).await? {
            return Ok(found);
        }
        match self.make(&pinned, spec, password).await? {
            Ok(account) => Ok(added(&account)),
            // It came between the look and the add: perhaps from an attempt of ours.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                match self.adoptable(&pinned, spec).await? {
                    Some(found) => Ok(found),
                    None => Err(translate::directory(&error)),
                }
            }
            Err(error) => Err(translate::directory(&error)),
        }
    }

    async fn make(
        &self,
        pinned: &Pinned,
        spec: &AccountSpec,
        password: Option<SecretString>,
    ) -> Step<ad_directory::Result<Object>> {
        match (&spec.managed, password) {
            (Some(managed), None) => {
                let marker = self.marker()?;
                let new = managed::new_account(pinned, spec, managed)
                    .await
                    .map_err(|error| translate::directory(&error))?;
                match new {
                    Ok(new) => Ok(pinned
                        .create_managed_account(&new.marker(marker), CreateOptions::new())
                        .await
                        .map(Object::from)),
                    Err(missing) => refused(Reason::PlaceUnusable, missing),
                }
            }
            (None, Some(password)) => match self.new_account(spec, password)? {
                Ok(new) => Ok(pinned.create_account(&new, CreateOptions::new()).await.map(Object::from)),
                Err(error) => bad(&error),
            },
            (Some(_), Some(_)) | (None, None) => {
                refused(Reason::Other, "a user has a secret and a gMSA has none; the plan says otherwise")
            }
        }
    }

    fn new_account(
        &self,
        spec: &AccountSpec,
        password: SecretString,
    ) -> Step<Result<NewAccount, ad_directory::ParseError>> {
        let marker = self.marker()?;
        let build = || {
            let mut new = NewAccount::new(spec.ou.clone(), spec.name.parse()?)
                .user_principal_name(object::principal(&spec.name, &spec.domain)?)
                .password(password)
                .password_never_expires(spec.password_never_expires)
                .expires(spec.expires)
                .display_name(&spec.name)
                .marker(marker);
            if !spec.description.is_empty() {
                new = new.description(&spec.description);
            }
            for (name, value) in &spec.attributes {
                new = new.attribute(name.parse()?, [value.clone()]);
            }
            Ok(new)
        };
        Ok(build())
    }

    /// The account of that name, if it is this saga's own: disabled, in its place, without memberships, made after the intent.
    async fn adoptable(&self, pinned: &Pinned, spec: &AccountSpec) -> Step<Option<EffectResult>> {
        let name = match spec.name.parse() {
            Ok(name) => name,
            Err(error) => return bad(&error),
        };
        let found = self.find(pinned, &AccountKey::SamAccountName(name)).await?;
        let Some(account) = found else { return Ok(None) };
        let taken = |why: &str| {
            refused(
                Reason::NameTaken,
                format!(
                    "the name {} is taken by {}, which {why}; choose another name",
                    spec.name, account.dn
                ),
            )
        };
        let Some(marker) = account.marker.as_ref().and_then(|marker| self.read_marker(marker.as_str()))
        else {
            return taken("is not ours");
        };
        if marker.saga != self.task.lease.saga {
            return taken("belongs to another operation");
        }
        if marker.epoch > self.task.lease.epoch {
            return Err(translate::Stop::Superseded);
        }
        match self.unlike_added(&account, &spec.ou) {
            Some(why) => taken(why),
            None => Ok(Some(added(&account))),
        }
    }

    /// What tells an account from one that this saga has just added, though it may carry this saga's marker.
    fn unlike_added(&self, account: &Object, ou: &Dn) -> Option<&'static str> {
        let since = self.task.intent_at.checked_sub(SKEW).unwrap_or(jiff::Timestamp::MIN);
        if account.is_protected {
            Some("is protected")
        } else if account.enabled {
            Some("is enabled already")
        } else if account.dn.parent().as_ref() != Some(ou) {
            Some("is in another place")
        } else if !account.member_of.is_empty() {
            Some("has memberships already")
        } else if account.when_created.is_some_and(|created| created < since) {
            Some("is older than the request")
        } else {
            None
        }
    }

    /// Step 7; already a member is success.
    pub(super) async fn join(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        group: &Dn,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        self.guard(&pinned, account).await?;
        self.joinable(&pinned, group).await?;
        pinned
            .add_member(&GroupKey::Dn(group.clone()), account, MemberOptions::new())
            .await
            .map_err(|error| translate::directory(&error))?;
        Ok(done(Found::default()))
    }

    /// one who is no member is done, and so is a group that is gone, which a finding tells.
    pub(super) async fn leave(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        group: &Dn,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        self.guard(&pinned, account).await?;
        match pinned.remove_member(&GroupKey::Dn(group.clone()), account, MemberOptions::new()).await {
            Ok(_) => Ok(done(Found::default())),
            // The account was seen a moment ago.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let findings = vec![format!("there is no group {group} any more to leave")];
                Ok(done(Found { findings, ..Found::default() }))
            }
            Err(error) => Err(translate::directory(&error)),
        }
    }

    pub(super) async fn ensure_groups(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        groups: &[Dn],
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        self.guard(&pinned, account).await?;
        let mut findings = Vec::new();
        for group in groups {
            self.joinable(&pinned, group).await?;
            let change = pinned
                .add_member(&GroupKey::Dn(group.clone()), account, MemberOptions::new())
                .await
                .map_err(|error| translate::directory(&error))?;
            if change == MembershipChange::Changed {
                findings.push(format!(
                    "{} was no member of {group} any more; it is again",
                    self.task.account_name
                ));
            }
        }
        Ok(done(Found { findings, ..Found::default() }))
    }

    /// Step 8.
    pub(super) async fn verify(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        password: &SecretString,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        self.guard(&pinned, account).await?;
        let check = pinned
            .check_password(account, password, CheckPasswordOptions::new())
            .await
            .map_err(|error| translate::directory(&error))?;
        match check.proves_password() {
            Some(true) => Ok(done(Found::default())),
            Some(false) => refused(
                Reason::PasswordWrong,
                format!("the password of {} in the directory is not the vault's", self.task.account_name),
            ),
            None => failed(
                Outcome::NotDone,
                format!(
                    "{} cannot be checked now ({check:?}); it is tried again later",
                    self.task.account_name
                ),
            ),
        }
    }

    /// only while it is disabled, so that nobody uses it.
    pub(super) async fn reset_password(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        password: &SecretString,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let (found, current) = self.guard(&pinned, account).await?;
        if found.enabled {
            return refused(Reason::Other, format!("{} is enabled; its password is not reset", found.dn));
        }
        self.give(&pinned, account, password, current).await
    }

    /// Rotation: the account may be in use. Doing it again gives it the same password again.
    pub(super) async fn set_password(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        password: &SecretString,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let (_, current) = self.guard(&pinned, account).await?;
        self.give(&pinned, account, password, current).await
    }

    async fn give(
        &self,
        pinned: &Pinned,
        account: ObjectGuid,
        password: &SecretString,
        current: Marker,
    ) -> Step<EffectResult> {
        let options = SetPasswordOptions::new().marker(MarkerChange::replace(current, self.marker()?));
        pinned
            .set_password(account, password, options)
            .await
            .map_err(|error| translate::directory(&error))?;
        Ok(done(Found::default()))
    }

    /// Finds an account by its identity and chooses the controller.
    pub(super) async fn locate(&self, account: ObjectGuid, may_be_gone: bool) -> Step<EffectResult> {
        let pinned = self.pinned(None).await?;
        let probe = pinned.probe(ProbeOptions::new()).await.map_err(|error| translate::directory(&error))?;
        let controller = Some(probe.controller);
        if may_be_gone {
            let found = self.look(&pinned, account).await?;
            return Ok(done(Found {
                controller,
                gone: found.is_none(),
                account: Some(account),
                dn: found.map(|(account, _)| account.dn),
                ..Found::default()
            }));
        }
        let (found, _) = self.guard(&pinned, account).await?;
        Ok(done(Found { controller, account: Some(account), dn: Some(found.dn), ..Found::default() }))
    }

    pub(super) async fn change(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        change: &AccountChange,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let (found, current) = self.guard(&pinned, account).await?;
        let mut findings = Vec::new();
        if let Some((name, _)) = &change.rename {
            findings.push(format!("{} is now called {name}", found.name));
        }
        if change.clear_service_principal_names && !found.services.is_empty() {
            findings.push(format!("its service principal names were {}", found.services.join(", ")));
        }
        if change.clear_service_principal_names && !found.readers.is_empty() {
            findings.push(format!(
                "its password could be retrieved by {}",
                found.readers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ));
        }
        let marker = MarkerChange::replace(current, self.marker()?);
        let after = object::update(&pinned, self.task.kind, &found, change, marker)
            .await
            .map_err(|error| translate::directory(&error))?;
        // What the controller says now is what counts, not that it accepted the request.
        let wrong = change.enabled.is_some_and(|enabled| after.enabled != enabled)
            || change.expires.is_some_and(|expires| after.expires != expires);
        if wrong {
            return failed(
                Outcome::Unknown,
                format!("{} does not show the change; it is tried again", after.dn),
            );
        }
        Ok(done(Found { account: Some(account), dn: Some(after.dn), findings, ..Found::default() }))
    }

    /// To an OU, under a name, or both in one request. A name that is taken there gets an addition.
    pub(super) async fn relocate(
        &self,
        controller: &Controller,
        account: ObjectGuid,
        ou: Option<&Dn>,
        name: Option<&str>,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let (found, current) = self.guard(&pinned, account).await?;
        let parent = found.dn.parent();
        let Some(target) = ou.cloned().or_else(|| parent.clone()) else {
            return refused(Reason::PlaceUnusable, format!("{} has no place to be moved from", found.dn));
        };
        let wanted = name.unwrap_or(&found.cn);
        if parent.as_ref() == Some(&target) && found.cn == wanted {
            return Ok(done(Found { account: Some(account), dn: Some(found.dn), ..Found::default() }));
        }
        let move_as = |cn: &str| {
            let mut options = MoveOptions::new().expect_marker(current.clone());
            if cn != found.cn {
                options = options.new_cn(cn.to_owned());
            }
            object::relocate(&pinned, self.task.kind, account, &target, options)
        };
        let (moved, findings) = match move_as(wanted).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let other = format!("{wanted}-{}", self.task.lease.saga.short());
                let moved = move_as(&other).await.map_err(|error| translate::directory(&error))?;
                (moved, vec![format!("{wanted} is taken in {target}; it is called {other} there")])
            }
            other => (other.map_err(|error| translate::directory(&error))?, Vec::new()),
        };
        Ok(done(Found { account: Some(account), dn: Some(moved.dn), findings, ..Found::default() }))
    }

    /// By identity and marker (I-3); one that is gone is success.
    pub(super) async fn delete(&self, controller: &Controller, account: ObjectGuid) -> Step<EffectResult> {
        self.policy.deed("delete_account")?;
        let pinned = self.pinned(Some(controller)).await?;
        let Some((found, current)) = self.look(&pinned, account).await? else {
            return Ok(done(Found { gone: true, ..Found::default() }));
        };
        if self.task.operation == OperationKind::Clean && (found.enabled || !found.member_of.is_empty()) {
            let message = format!("{} is enabled or in a group by now; it was left alone [I-3]", found.dn);
            return refused(Reason::Other, message);
        }
        let options = DeleteOptions::new().expect_marker(current);
        match object::delete(&pinned, self.task.kind, account, options).await {
            Ok(()) => Ok(done(Found::default())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(done(Found { gone: true, ..Found::default() }))
            }
            Err(error) => Err(translate::directory(&error)),
        }
    }

    /// absence on one controller proves nothing, a tombstone does.
    pub(super) async fn confirm_gone(&self, account: ObjectGuid) -> Step<EffectResult> {
        let pinned = self.pinned(None).await?;
        if let Some(found) = self.find(&pinned, &AccountKey::Guid(account)).await? {
            return refused(Reason::Other, format!("{} is there; nothing was written off", found.dn));
        }
        match pinned.find_deleted(account).await {
            Ok(Some(_)) => Ok(done(Found { gone: true, account: Some(account), ..Found::default() })),
            Ok(None) => refused(
                Reason::AccountMissing,
                format!(
                    "{} ({account}) is not on this controller, which does not say that it was deleted [X-21]",
                    self.task.account_name
                ),
            ),
            Err(error) => Err(translate::directory(&error)),
        }
    }

    /// Compensation of an add whose end nobody saw: only what carries this very saga's marker, and is as it would have been added, is removed.
    pub(super) async fn remove_by_marker(
        &self,
        controller: &Controller,
        ou: &Dn,
        name: &str,
    ) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let name = match name.parse() {
            Ok(name) => name,
            Err(error) => return bad(&error),
        };
        let found = self.find(&pinned, &AccountKey::SamAccountName(name)).await?;
        let nothing = |findings| Ok(done(Found { gone: true, findings, ..Found::default() }));
        match found {
            Some(account)
                if account.marker.as_ref().is_some_and(|marker| self.is_this_saga(marker.as_str())) =>
            {
                match self.unlike_added(&account, ou) {
                    Some(why) => nothing(vec![format!(
                        "{} carries our marker but {why}; it was left alone",
                        account.dn
                    )]),
                    None => self.delete(controller, account.guid).await,
                }
            }
            _ => nothing(Vec::new()),
        }
    }
}

/// Which of these places are not there.
pub(super) async fn missing_places(
    directory: &Pinned,
    ou: &Dn,
    groups: &[Dn],
) -> ad_directory::Result<Vec<String>> {
    let mut missing = Vec::new();
    if directory.find_container(ou, FindOptions::new()).await?.is_none() {
        missing.push(format!("the OU {ou} does not exist, or may not be seen"));
    }
    for group in groups {
        if directory.find_group(&GroupKey::Dn(group.clone()), FindOptions::new()).await?.is_none() {
            missing.push(format!("the group {group} does not exist, or may not be seen"));
        }
    }
    Ok(missing)
}

fn added(account: &Object) -> EffectResult {
    done(Found { account: Some(account.guid), dn: Some(account.dn.clone()), ..Found::default() })
}
