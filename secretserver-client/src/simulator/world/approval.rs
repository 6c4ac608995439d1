//! Requests for access to secrets that want approval, and what was decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;

/// The server's words for where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Decision {
    Pending,
    Approved,
    Denied,
    /// Its time was over before or after somebody decided. Never stored: it follows from the clock.
    Expired,
}

impl Decision {
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Denied => "Denied",
            Self::Expired => "Expired",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct AccessRequest {
    pub(in super::super) id: u32,
    pub(in super::super) secret: u32,
    pub(in super::super) user: u32,
    pub(in super::super) comment: String,
    pub(in super::super) ticket: Option<String>,
    pub(in super::super) ticket_system: Option<u32>,
    pub(in super::super) asked: Timestamp,
    pub(in super::super) start: Timestamp,
    /// `None`: as long as whoever approves says.
    pub(in super::super) end: Option<Timestamp>,
    pub(in super::super) decision: Decision,
    pub(in super::super) response: String,
    pub(in super::super) responded: Option<Timestamp>,
}

impl AccessRequest {
    /// Where it stands at this instant.
    pub(in super::super) fn status(&self, now: Timestamp) -> Decision {
        let over = self.end.is_some_and(|end| end <= now);
        match self.decision {
            Decision::Pending | Decision::Approved if over => Decision::Expired,
            decision => decision,
        }
    }
}

/// What is asked for.
pub(in super::super) struct Asked {
    pub(in super::super) comment: String,
    pub(in super::super) ticket: Option<String>,
    pub(in super::super) ticket_system: Option<u32>,
    pub(in super::super) start: Option<Timestamp>,
    pub(in super::super) end: Option<Timestamp>,
}

impl World {
    pub(in super::super) fn ask(&mut self, secret: u32, user: u32, asked: Asked) -> u32 {
        let (id, now) = (self.fresh_id(), Timestamp::now());
        self.access_requests.push(AccessRequest {
            id,
            secret,
            user,
            comment: asked.comment,
            ticket: asked.ticket,
            ticket_system: asked.ticket_system,
            asked: now,
            start: asked.start.unwrap_or(now),
            end: asked.end,
            decision: Decision::Pending,
            response: String::new(),
            responded: None,
        });
        id
    }

    /// Until when the user may see the secret, if somebody allowed it and its time has begun.
    pub(in super::super) fn approved_until(&self, secret: u32, user: u32) -> Option<Timestamp> {
        let now = Timestamp::now();
        let mine = self.access_requests.iter().filter(|r| r.secret == secret && r.user == user);
        mine.filter(|r| r.start <= now && r.status(now) == Decision::Approved).filter_map(|r| r.end).max()
    }

    fn pending(&mut self, secret: u32, user: u32) -> Option<&mut AccessRequest> {
        let now = Timestamp::now();
        let mut mine = self.access_requests.iter_mut().filter(|r| r.secret == secret && r.user == user);
        mine.find(|r| r.status(now) == Decision::Pending)
    }

    pub(in super::super) fn has_pending(&mut self, secret: u32, user: u32) -> bool {
        self.pending(secret, user).is_some()
    }

    /// Allows what the user has asked for, until then; without a request, as if it had asked.
    pub(in super::super) fn approve(&mut self, secret: u32, username: &str, until: Timestamp) -> Option<()> {
        let user = self.user_by_name(username)?.id;
        self.secret(secret)?;
        if self.pending(secret, user).is_none() {
            let asked =
                Asked { comment: String::new(), ticket: None, ticket_system: None, start: None, end: None };
            self.ask(secret, user, asked);
        }
        let request = self.pending(secret, user)?;
        request.decision = Decision::Approved;
        request.responded = Some(Timestamp::now());
        request.end = Some(request.end.map_or(until, |end| end.min(until)));
        Some(())
    }

    /// Refuses what the user has asked for.
    pub(in super::super) fn deny(&mut self, secret: u32, username: &str, why: &str) -> Option<()> {
        let user = self.user_by_name(username)?.id;
        let request = self.pending(secret, user)?;
        request.decision = Decision::Denied;
        request.responded = Some(Timestamp::now());
        why.clone_into(&mut request.response);
        Some(())
    }
}
