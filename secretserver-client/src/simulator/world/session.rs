//! Signing in, and tokens.

use std::time::{Duration, Instant};

use super::{World, random};
use crate::simulator::permission::right;

#[derive(Clone)]
pub(super) struct Token {
    pub(super) user: u32,
    /// From `client_credentials`: `oauth-expiration` is not for these (facts 2.1).
    sdk: bool,
    ends: Instant,
}

#[derive(Clone)]
pub(super) struct Refresh {
    user: u32,
    left: u32,
    ends: Instant,
}

/// What a token is worth.
pub(in super::super) enum TokenState {
    Valid(u32),
    Expired,
    Unknown,
}

/// What a sign-in gives.
pub(in super::super) struct Issued {
    pub(in super::super) access: String,
    pub(in super::super) refresh: Option<String>,
}

fn after(seconds: u64) -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_secs(seconds)).unwrap_or(now)
}

impl World {
    /// Signs in by password. A refusal counts, and locks the user when there were too many.
    pub(in super::super) fn sign_in(
        &mut self,
        username: &str,
        password: &str,
        otp: Option<&str>,
    ) -> Option<Issued> {
        let (lock_after, two_factor) = (self.settings.lock_after, self.settings.two_factor);
        // `DOMAIN\user` is accepted like `user`.
        let name = username.rsplit_once('\\').map_or(username, |(_, name)| name);
        let id = self.user_by_name(name)?.id;
        self.touch();
        let user = self.user_mut(id)?;
        let second = match (&user.otp, two_factor) {
            (Some(wanted), _) => otp == Some(wanted.as_str()),
            (None, required) => !required || user.application,
        };
        if !(user.enabled && !user.locked && user.password == password && second) {
            user.failures = user.failures.saturating_add(1);
            user.locked |= user.failures >= lock_after;
            return None;
        }
        user.failures = 0;
        user.last_login = Some(jiff::Timestamp::now());
        let user = self.user(id)?;
        let direct = user.application || self.caller(user, "").has(right::BYPASS_DIRECT);
        if self.settings.prevent_direct && !direct {
            return None;
        }
        self.personal_folder(id);
        Some(self.issue(id, self.settings.max_refreshes))
    }

    /// A new access token, and a refresh token that works so many times over.
    fn issue(&mut self, user: u32, left: u32) -> Issued {
        let life = self.settings.token_seconds;
        let access = random();
        self.tokens.insert(access.clone(), Token { user, sdk: false, ends: after(life) });
        let refresh = (self.settings.refresh_tokens && left > 0).then(|| {
            let refresh = random();
            // 15 minutes more than a session (facts 2.1).
            let ends = after(life.saturating_add(15 * 60));
            self.refresh.insert(refresh.clone(), Refresh { user, left, ends });
            refresh
        });
        Issued { access, refresh }
    }

    /// Takes a refresh token, which works once.
    pub(in super::super) fn redeem(&mut self, refresh: &str) -> Option<Issued> {
        let taken = self.refresh.remove(refresh).filter(|r| r.ends > Instant::now())?;
        let user = self.user(taken.user).filter(|u| u.enabled && !u.locked)?.id;
        Some(self.issue(user, taken.left.saturating_sub(1)))
    }

    /// Signs an SDK client in. The prefix of its name is the client's to add (facts 2.1).
    pub(in super::super) fn sign_in_sdk(&mut self, client: &str, secret: &str) -> Option<Issued> {
        let id = client.strip_prefix("sdk-client-")?;
        let fits =
            |a: &&super::SdkAccount| !a.revoked && a.client_id.eq_ignore_ascii_case(id) && a.secret == secret;
        let user = self.sdk_accounts.iter().find(fits).filter(|_| self.sdk_enabled)?.user;
        let user = self.user(user).filter(|u| u.enabled && !u.locked)?.id;
        let access = random();
        let ends = after(self.settings.token_seconds);
        self.tokens.insert(access.clone(), Token { user, sdk: true, ends });
        Some(Issued { access, refresh: None })
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
        if let Some(token) = self.tokens.get_mut(token).filter(|t| !t.sdk) {
            token.ends = Instant::now();
        }
    }

    /// Forgets the tokens of a user who may not call any more.
    pub(in super::super) fn sign_out(&mut self, user: u32) {
        self.tokens.retain(|_, token| token.user != user);
        self.refresh.retain(|_, refresh| refresh.user != user);
    }
}
