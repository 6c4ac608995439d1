//! Signing in, and tokens.

use std::time::{Duration, Instant};

use super::{World, random};

#[derive(Clone)]
pub(super) struct Token {
    pub(super) user: u32,
    ends: Instant,
}

/// What a token is worth.
pub(in super::super) enum TokenState {
    Valid(u32),
    Expired,
    Unknown,
}

impl World {
    /// Signs in by password. A refusal counts, and locks the user when there were too many.
    pub(in super::super) fn sign_in(&mut self, username: &str, password: &str) -> Option<u32> {
        let lock_after = self.settings.lock_after;
        // `DOMAIN\user` is accepted like `user`.
        let name = username.rsplit_once('\\').map_or(username, |(_, name)| name);
        let user = self.users.iter_mut().find(|u| u.name.eq_ignore_ascii_case(name))?;
        if user.enabled && !user.locked && user.password == password {
            user.failures = 0;
            return Some(user.id);
        }
        user.failures = user.failures.saturating_add(1);
        user.locked |= user.failures >= lock_after;
        None
    }

    /// A new access token and a new refresh token.
    pub(in super::super) fn issue(&mut self, user: u32) -> (String, String) {
        let (access, refresh) = (random(), random());
        let life = Duration::from_secs(self.settings.token_seconds);
        let now = Instant::now();
        self.tokens.insert(access.clone(), Token { user, ends: now.checked_add(life).unwrap_or(now) });
        self.refresh.insert(refresh.clone(), user);
        (access, refresh)
    }

    /// Takes a refresh token, which works once.
    pub(in super::super) fn redeem(&mut self, refresh: &str) -> Option<u32> {
        let user = self.refresh.remove(refresh)?;
        self.user(user).filter(|u| u.enabled && !u.locked).map(|u| u.id)
    }

    pub(in super::super) fn token(&self, token: &str) -> TokenState {
        match self.tokens.get(token) {
            None => TokenState::Unknown,
            Some(t) if t.ends <= Instant::now() => TokenState::Expired,
            Some(t) => TokenState::Valid(t.user),
        }
    }

    pub(in super::super) fn expire_tokens(&mut self) {
        let now = Instant::now();
        self.tokens.values_mut().for_each(|t| t.ends = now);
    }

    pub(in super::super) fn expire_token(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.ends = Instant::now();
        }
    }
}
