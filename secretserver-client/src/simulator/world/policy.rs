//! Secret policies: what stands before all secrets of the folders that have them.

use serde::{Deserialize, Serialize};

use super::{Restrictions, World, by_id};

/// A policy. It enforces what it says; the server also knows policies that only set how new secrets begin.
#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Policy {
    pub(in super::super) id: u32,
    pub(in super::super) name: String,
    pub(in super::super) enforced: Restrictions,
}

impl World {
    pub(in super::super) fn policy(&self, id: u32) -> Option<&Policy> {
        by_id(&self.policies, id, |p| p.id)
    }

    pub(in super::super) fn add_policy(&mut self, name: &str, enforced: Restrictions) -> u32 {
        let id = self.fresh_id();
        self.policies.push(Policy { id, name: name.to_owned(), enforced });
        id
    }

    /// The policy that counts for a folder: its own, or that of the nearest above that does not inherit one.
    pub(in super::super) fn policy_of(&self, folder: u32) -> Option<u32> {
        let mut at = self.folder(folder)?;
        for _ in 0..=self.folders.len() {
            match at.parent.filter(|_| at.inherit_policy) {
                Some(parent) => at = self.folder(parent)?,
                None => break,
            }
        }
        at.policy
    }

    /// Gives a folder a policy, and its secrets what the policy enforces.
    pub(in super::super) fn set_policy(&mut self, folder: u32, policy: Option<u32>) -> Option<()> {
        policy.map_or(Some(()), |p| self.policy(p).map(drop))?;
        let found = self.folder_mut(folder)?;
        (found.policy, found.inherit_policy) = (policy, false);
        self.enforce();
        Some(())
    }

    /// Puts before a new secret what the policy of its folder enforces.
    pub(in super::super) fn enforce_in(&mut self, folder: Option<u32>, secret: u32) {
        let policy = folder.and_then(|f| self.policy_of(f)).and_then(|p| self.policy(p));
        let Some(enforced) = policy.map(|p| p.enforced.clone()) else { return };
        if let Some(secret) = self.secret_mut(secret) {
            secret.restrictions.add(&enforced);
        }
    }

    /// The same for all secrets, when folders got other policies. What a policy no longer says stays with the secrets that have it.
    pub(in super::super) fn enforce(&mut self) {
        if self.policies.is_empty() {
            return;
        }
        let places: Vec<_> = self.secrets.iter().map(|s| (s.folder_id, s.id)).collect();
        for (folder, secret) in places {
            self.enforce_in(folder, secret);
        }
    }
}
