//! What can stand before a secret: a comment, a ticket, an approval, a second lock, a check-out.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StoredSecret, World};
use crate::simulator::answer::{Refusal, refused};
use crate::simulator::call::{Call, Fields};
use crate::simulator::permission::right;

/// How long a comment counts. Not documented.
const HOLDS_COMMENT: Duration = Duration::from_mins(5);

/// What stands before a secret. Several may.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "any of them may stand before a secret")]
#[non_exhaustive]
pub struct Restrictions {
    /// It is checked out before it is read, for this many minutes.
    pub check_out_minutes: Option<u32>,
    /// The password changes when it is checked in.
    pub change_on_check_in: bool,
    /// Whoever reads it says why.
    pub comment: bool,
    /// Whoever reads it names a ticket.
    pub ticket: bool,
    /// Somebody allows it first.
    pub approval: bool,
    /// The password of its second lock.
    pub double_lock: Option<String>,
}

impl std::fmt::Debug for Restrictions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restrictions")
            .field("check_out_minutes", &self.check_out_minutes)
            .field("comment", &self.comment)
            .field("ticket", &self.ticket)
            .field("approval", &self.approval)
            .field("double_lock", &self.double_lock.is_some())
            .finish_non_exhaustive()
    }
}

impl Restrictions {
    /// It is checked out before it is read, for this many minutes.
    #[must_use]
    pub fn with_check_out(mut self, minutes: u32) -> Self {
        self.check_out_minutes = Some(minutes.max(1));
        self
    }

    /// The password changes when it is checked in.
    #[must_use]
    pub fn changing_on_check_in(mut self) -> Self {
        self.change_on_check_in = true;
        self
    }

    /// Whoever reads it says why.
    #[must_use]
    pub fn with_comment(mut self) -> Self {
        self.comment = true;
        self
    }

    /// Whoever reads it names a ticket.
    #[must_use]
    pub fn with_ticket(mut self) -> Self {
        self.ticket = true;
        self
    }

    /// Somebody allows it first: [`Simulator::approve`](super::super::Simulator::approve).
    #[must_use]
    pub fn with_approval(mut self) -> Self {
        self.approval = true;
        self
    }

    /// It has a second lock with this password.
    #[must_use]
    pub fn with_double_lock(mut self, password: impl Into<String>) -> Self {
        self.double_lock = Some(password.into());
        self
    }

    /// What stands before it besides.
    pub(in super::super) fn add(&mut self, more: &Self) {
        self.check_out_minutes = more.check_out_minutes.or(self.check_out_minutes);
        self.change_on_check_in |= more.change_on_check_in;
        self.comment |= more.comment;
        self.ticket |= more.ticket;
        self.approval |= more.approval;
    }

    pub(in super::super) fn any(&self) -> bool {
        *self != Self { change_on_check_in: self.change_on_check_in, ..Self::default() }
    }
}

/// A check-out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Held {
    pub(in super::super) user: u32,
    pub(in super::super) until: Timestamp,
}

/// What a caller says or does to get past what stands before a secret.
pub(in super::super) struct Ask {
    comment: Option<String>,
    ticket: Option<String>,
    double_lock: Option<String>,
    force_check_in: bool,
    check_out: bool,
    check_in: bool,
}

impl Ask {
    /// As arguments and body say it. Reads check out by themselves unless they say no; changes only when they say so.
    pub(in super::super) fn of(call: &Call, read: bool) -> Self {
        let said = call.fields();
        let text = |name| said.name(name).map(str::to_owned);
        let flag = |name| call.args.flag(name) || said.flag(name) == Some(true);
        let automatic = call.args.flag("autoComment").then(|| "Automatic comment".to_owned());
        Self {
            comment: text("comment").or(automatic),
            ticket: text("ticketNumber"),
            double_lock: text("doubleLockPassword"),
            force_check_in: flag("forceCheckIn"),
            check_out: call.args.flag("autoCheckout") || read && !flag("noAutoCheckout"),
            check_in: call.args.flag("autoCheckIn"),
        }
    }
}

fn counts(list: &[(u32, Timestamp)], user: u32) -> bool {
    list.iter().any(|(who, until)| *who == user && *until > Timestamp::now())
}

pub(in super::super) fn after(time: Duration) -> Timestamp {
    Timestamp::now().checked_add(time).unwrap_or(Timestamp::MAX)
}

impl StoredSecret {
    /// The state of the secret for a user who may view it.
    pub(in super::super) fn state_for(&self, user: u32, approved: bool) -> &'static str {
        let wants = &self.restrictions;
        let holds = self.held.as_ref().is_some_and(|h| h.user == user);
        let comment = (wants.comment || wants.ticket) && !counts(&self.commented, user);
        let check_out = wants.check_out_minutes.is_some() && !holds;
        match () {
            () if !self.active => "RequiresUndelete",
            () if wants.double_lock.is_some() => "RequiresDoubleLockPassword",
            () if wants.approval && !approved => "RequiresApproval",
            () if check_out && self.pending.is_some() => "RequiresCheckoutPendingRPC",
            () if check_out && comment => "RequiresCheckoutAndComment",
            () if check_out => "RequiresCheckout",
            () if comment => "RequiresComment",
            () => "None",
        }
    }
}

impl World {
    /// Lets the caller pass what stands before the secret, or refuses. May check the secret out.
    ///
    /// Only the refusal for a missing comment is recorded (thycotic-ps#91); the others are named after it.
    pub(in super::super) fn pass(&mut self, call: &Call, id: u32, ask: &Ask) -> Result<(), Refusal> {
        let (me, name) = (call.caller.id, call.caller.name.clone());
        let force = ask.force_check_in && call.caller.has(right::FORCE_CHECK_IN);
        let approved = self.approved_until(id, me).is_some();
        let Some(secret) = self.secret_mut(id) else { return Ok(()) };
        let wants = secret.restrictions.clone();
        if !wants.any() {
            return Ok(());
        }
        if wants.double_lock.is_some() && wants.double_lock != ask.double_lock {
            let text = "The requested Secret requires its DoubleLock password.";
            return Err(refused("API_ValidateSecretAccessDoubleLockRequired", text));
        }
        if wants.approval && !approved {
            let text = "The requested Secret requires approval for access.";
            return Err(refused("API_ValidateSecretAccessApprovalRequired", text));
        }
        let commented = counts(&secret.commented, me);
        if wants.ticket && !commented && ask.ticket.is_none() {
            let text = "The requested Secret requires a ticket number when viewed.";
            return Err(refused("API_ValidateSecretAccessTicketRequired", text));
        }
        if wants.comment && !commented && ask.comment.is_none() {
            let text = "The requested Secret requires a comment when viewed.";
            return Err(refused("API_ValidateSecretAccessCommentRequired", text));
        }
        let mut done = Vec::new();
        if let Some(minutes) = wants.check_out_minutes {
            let other = secret.held.as_ref().is_some_and(|h| h.user != me);
            if other && !force {
                let text = "The requested Secret is checked out by another user.";
                return Err(refused("API_ValidateSecretAccessCheckedOut", text));
            }
            let mine = secret.held.is_some() && !other;
            if !mine && secret.pending.is_some() {
                let text = "The requested Secret waits for a change of its password.";
                return Err(refused("API_ValidateSecretAccessCheckOutPending", text));
            }
            if !mine && !ask.check_out {
                let text = "The requested Secret requires check out.";
                return Err(refused("API_ValidateSecretAccessCheckOutRequired", text));
            }
            if other {
                secret.release();
                done.push("CHECK IN");
            }
            if !mine {
                let interval = Duration::from_secs(u64::from(minutes).saturating_mul(60));
                secret.held = Some(Held { user: me, until: after(interval) });
                done.push("CHECK OUT");
            }
        }
        if (wants.comment || wants.ticket) && !commented {
            secret.commented.push((me, after(HOLDS_COMMENT)));
            done.push("VIEW COMMENT");
        }
        if !done.is_empty() {
            self.waiting.insert(id);
            self.touch();
        }
        for action in done {
            let notes = ask.comment.as_deref().unwrap_or_default();
            self.record_with(&name, action, id, notes, ask.ticket.clone());
        }
        Ok(())
    }

    /// What comes after: checking in again what was asked to be.
    pub(in super::super) fn passed(&mut self, call: &Call, id: u32, ask: &Ask) {
        let me = call.caller.id;
        let held = self.secret(id).is_some_and(|s| s.held.as_ref().is_some_and(|h| h.user == me));
        if ask.check_in && held {
            self.touch();
            self.waiting.insert(id);
            if let Some(secret) = self.secret_mut(id) {
                secret.release();
            }
            self.record(&call.caller.name, "CHECK IN", id);
        }
    }

    /// Keeps a comment, as the operation does that is called before a check-out.
    pub(in super::super) fn comment(&mut self, call: &Call, id: u32, said: Fields<'_>) {
        let until = after(HOLDS_COMMENT);
        if let Some(secret) = self.secret_mut(id) {
            secret.commented.push((call.caller.id, until));
        }
        let notes = said.text("comment").unwrap_or_default();
        let ticket = said.text("ticketNumber").map(str::to_owned);
        self.record_with(&call.caller.name, "VIEW COMMENT", id, notes, ticket);
    }
}
