//! Effects on an account that is there and not yet ours (M-1): looking at it, putting our marker on it, and taking it off again.

use ad_directory::{AccountKey, Controller, MarkerChange, ObjectGuid, ProbeOptions, SamAccountName};

use super::guard::Tools;
use super::object::{self, Object};
use super::translate::{self, Step, Stop, done, refused};
use crate::model::account::OperationKind;
use crate::saga::effect::{AccountChange, EffectResult, Found, Reason};

impl Tools<'_> {
    /// Whether it may be adopted, and what it is like. Chooses the controller.
    pub(super) async fn examine(&self, account: ObjectGuid, name: &str) -> Step<EffectResult> {
        let pinned = self.pinned(None).await?;
        let probe = pinned.probe(ProbeOptions::new()).await.map_err(|error| translate::directory(&error))?;
        let found = self.find(&pinned, &AccountKey::Guid(account)).await?;
        let found = self.present(found, account)?;
        self.is_claimed(&found)?;
        // One that is managed is known by its identity alone, and marking it brings nothing back.
        let adopts = self.task.operation == OperationKind::Adopt;
        if adopts && name.parse::<SamAccountName>().ok().as_ref() != Some(&found.name) {
            return refused(Reason::Other, format!("{name} is called {} by now; look again", found.name));
        }
        if adopts && probe.time.is_some_and(|now| found.expires.is_past(now)) {
            return refused(
                Reason::Other,
                format!("{} expired at {}; adopting it would bring it back [M-1]", found.dn, found.expires),
            );
        }
        let Some(seen) = found.seen() else {
            return refused(Reason::PlaceUnusable, format!("{} lies in no container", found.dn));
        };
        let mut findings = Vec::new();
        if found.expires.instant().is_some() {
            findings.push(format!("its end in the directory was {}", found.expires));
        }
        let (controller, dn) = (Some(probe.controller), Some(found.dn));
        Ok(done(Found {
            controller,
            account: Some(account),
            dn,
            seen: Some(Box::new(seen)),
            findings,
            ..Found::default()
        }))
    }

    fn present(&self, found: Option<Object>, account: ObjectGuid) -> Step<Object> {
        match found {
            Some(found) => Ok(found),
            None => refused(
                Reason::AccountMissing,
                format!("{} ({account}) is not on this controller", self.task.account_name),
            ),
        }
    }

    /// Whether our marker is on it already. An account with anybody else's is refused (I-3), and so is a protected one (E-8).
    fn is_claimed(&self, found: &Object) -> Step<bool> {
        self.allowed(found)?;
        match &found.marker {
            None if !found.foreign_marker => Ok(false),
            Some(text) if self.is_this_saga(text.as_str()) => {
                let later = self
                    .read_marker(text.as_str())
                    .is_some_and(|marker| marker.epoch > self.task.lease.epoch);
                if later { Err(Stop::Superseded) } else { Ok(true) }
            }
            _ => refused(
                Reason::MarkerForeign,
                format!("{} is managed already: it carries somebody's marker [I-3]", found.dn),
            ),
        }
    }

    /// Puts our marker on it, in a request that fails if anybody's is there.
    pub(super) async fn claim(&self, controller: &Controller, account: ObjectGuid) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let found = self.find(&pinned, &AccountKey::Guid(account)).await?;
        let found = self.present(found, account)?;
        if !self.is_claimed(&found)? {
            let marker = MarkerChange::adopt(self.marker()?);
            object::update(&pinned, self.task.kind, &found, &AccountChange::default(), marker)
                .await
                .map_err(|error| translate::directory(&error))?;
        }
        Ok(done(Found { account: Some(account), dn: Some(found.dn), ..Found::default() }))
    }

    /// Takes our marker off it, if it is this adoption's. An account that is gone, or somebody else's by now, is left alone.
    pub(super) async fn release(&self, controller: &Controller, account: ObjectGuid) -> Step<EffectResult> {
        let pinned = self.pinned(Some(controller)).await?;
        let found = self.find(&pinned, &AccountKey::Guid(account)).await?;
        let Some(found) = found else { return Ok(done(Found { gone: true, ..Found::default() })) };
        let Some(current) = found.marker.clone().filter(|text| self.is_this_saga(text.as_str())) else {
            return Ok(done(Found::default()));
        };
        self.is_claimed(&found)?;
        let marker = MarkerChange::release(current);
        object::update(&pinned, self.task.kind, &found, &AccountChange::default(), marker)
            .await
            .map_err(|error| translate::directory(&error))?;
        Ok(done(Found::default()))
    }
}
