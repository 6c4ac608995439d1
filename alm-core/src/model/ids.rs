//! Identifiers: one type each, so that a request's cannot be handed in where an account's is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an identifier that was made elsewhere.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare identifier.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// Two accounts that take turns (BG-1).
    PairId;
    /// One customer's instance: one store (O-14).
    InstanceId;
    /// A person (O-1).
    PersonId;
    /// A group of people (O-2); nothing to do with groups of a directory.
    GroupId;
    /// A role (O-3).
    RoleId;
    /// One attempt to publish a template (T-12).
    PublicationId;
    /// A notice in somebody's inbox (N-17).
    InboxItemId;
    /// A destination of events (H-6).
    DestinationId;
    /// A workflow template (O-5), all its versions.
    TemplateId;
    /// One published version of a template (T-9).
    TemplateVersionId;
    /// A request (O-6).
    RequestId;
    /// An API token (O-11).
    ApiTokenId;
    /// A delegation of votes.
    DelegationId;
    /// A managed account (O-7).
    AccountId;
    /// A vault (O-8).
    VaultId;
    /// A domain (O-9).
    DomainId;
    /// An engine (O-10).
    EngineId;
    /// One run of a saga (section X).
    SagaId;
    /// A certification campaign (section C).
    CampaignId;
    /// One account in one campaign.
    ReviewId;
    /// An event in the outbox; receivers drop repeats by it.
    EventId;
}

impl SagaId {
    /// Eight characters that tell sagas apart in a secret's name (section X, step 3).
    ///
    /// The last eight, not the first: the identifiers are time-ordered, and two sagas of one minute would share the first.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text.chars().skip(24).collect()
    }
}

impl AccountId {
    /// Fourteen characters of the identifier, for the name of a retired object (NM-2). The random end of it.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text.chars().skip(18).collect()
    }
}

/// The vault's own identifier of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretId(String);

impl SecretId {
    /// Wraps the vault's identifier.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The vault's identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
