//! Why an account was found, and how much that says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Discovery, ERROR_BAR, Signal};
use crate::{Account, FileTime, UserAccountControl};

pub(super) const LAST_SIGN_IN: &str = "lastLogonTimestamp";
pub(super) const DELEGATES_TO: &str = "msDS-AllowedToDelegateTo";

/// Why an account was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It has so many service names, so Kerberos tickets for it are given to whoever asks.
    ServiceNames(usize),
    /// Its password never expires.
    NeverExpires,
    /// It may act as anybody towards every service (unconstrained delegation).
    UnconstrainedDelegation,
    /// It may say on its own word that somebody has signed in to it (protocol transition).
    ProtocolTransition,
    /// It may act for others towards these services (constrained delegation).
    ConstrainedDelegation(Vec<String>),
    /// It lets others act for its users (resource-based constrained delegation).
    ResourceDelegation,
    /// Tickets for it can be had without its password, and be guessed at.
    NoPreauthentication,
    /// It may have an empty password.
    PasswordNotRequired,
    /// Nobody has signed in with it for as long as was asked.
    Dormant {
        /// When somebody last did, as far as it is replicated: up to 14 days too early. `None`: nobody ever did.
        last: Option<Timestamp>,
        /// Whether it is so even if somebody signed in as late as that value allows.
        certain: bool,
    },
    /// Its name fits this pattern.
    Name(String),
    /// The directory protects it: it is or was in an administrative group.
    Protected,
}

impl Reason {
    /// How much it says, of 100.
    const fn weight(&self) -> u8 {
        match self {
            Self::ServiceNames(_) => 40,
            Self::Name(_) | Self::UnconstrainedDelegation => 30,
            Self::ProtocolTransition => 25,
            Self::NeverExpires | Self::ConstrainedDelegation(_) | Self::NoPreauthentication => 20,
            Self::PasswordNotRequired | Self::Dormant { certain: true, .. } => 15,
            Self::ResourceDelegation | Self::Dormant { .. } | Self::Protected => 10,
        }
    }
}

/// An account that may be a service account nobody manages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The account.
    pub account: Account,
    /// Why it was found, in the order of [`Reason`]; never empty.
    pub reasons: Vec<Reason>,
    /// How much all of it says together, 1 to 100: what to look at first. No measure of anything else.
    pub score: u8,
}

impl Finding {
    /// `None` when it shows none of what is looked for.
    pub(super) fn of(account: Account, discovery: &Discovery, allows: bool, now: Timestamp) -> Option<Self> {
        let reasons = reasons(&account, discovery, allows, now);
        let score = reasons.iter().fold(0_u8, |score, reason| score.saturating_add(reason.weight())).min(100);
        (!reasons.is_empty()).then_some(Self { account, reasons, score })
    }
}

fn reasons(account: &Account, discovery: &Discovery, allows: bool, now: Timestamp) -> Vec<Reason> {
    let has = |flag| account.user_account_control.contains(flag);
    let wants = |signal| discovery.wants(signal);
    let mut reasons = Vec::new();
    let mut add = |signal, is: bool, reason: Reason| {
        if is && wants(signal) {
            reasons.push(reason);
        }
    };
    let services = account.service_principal_names.len();
    add(Signal::ServiceNames, services > 0, Reason::ServiceNames(services));
    add(Signal::NeverExpires, has(UserAccountControl::PASSWORD_NEVER_EXPIRES), Reason::NeverExpires);
    let unconstrained = has(UserAccountControl::TRUSTED_FOR_DELEGATION);
    add(Signal::Delegation, unconstrained, Reason::UnconstrainedDelegation);
    let transition = has(UserAccountControl::TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION);
    add(Signal::Delegation, transition, Reason::ProtocolTransition);
    let targets = values(account, DELEGATES_TO);
    add(Signal::Delegation, !targets.is_empty(), Reason::ConstrainedDelegation(targets.to_vec()));
    add(Signal::Delegation, allows, Reason::ResourceDelegation);
    let open = has(UserAccountControl::NO_PREAUTHENTICATION);
    add(Signal::NoPreauthentication, open, Reason::NoPreauthentication);
    let empty = has(UserAccountControl::PASSWORD_NOT_REQUIRED);
    add(Signal::PasswordNotRequired, empty, Reason::PasswordNotRequired);
    if let Some(dormant) = dormant(account, discovery, now) {
        add(Signal::Dormant, true, dormant);
    }
    if let Some(pattern) = discovery.pattern(account.sam_account_name.as_str()) {
        add(Signal::Name, true, Reason::Name(pattern.to_string()));
    }
    add(Signal::Protected, account.is_protected, Reason::Protected);
    reasons
}

fn values<'a>(account: &'a Account, attribute: &str) -> &'a [String] {
    let found = account.attributes.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(attribute));
    found.map_or(&[], |(_, values)| values.as_slice())
}

fn dormant(account: &Account, discovery: &Discovery, now: Timestamp) -> Option<Reason> {
    let since = now.saturating_sub(discovery.dormant_after).unwrap_or(Timestamp::MIN);
    let last = values(account, LAST_SIGN_IN).first().and_then(|text| text.parse::<FileTime>().ok());
    let last = last.filter(|time| *time != FileTime::ZERO).and_then(FileTime::to_timestamp);
    let Some(last) = last else {
        // Who was made a moment ago has not slept.
        let old = account.when_created.is_none_or(|made| made <= since);
        return old.then_some(Reason::Dormant { last: None, certain: true });
    };
    let at_latest = last.saturating_add(ERROR_BAR).unwrap_or(Timestamp::MAX);
    (last <= since).then_some(Reason::Dormant { last: Some(last), certain: at_latest <= since })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::{Account, Discovery, FileTime, Finding, Reason, Timestamp, UserAccountControl as Flag};

    const DAY: i64 = 86_400;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_900_000_000 + day * DAY).unwrap()
    }

    fn account(name: &str) -> Account {
        let dn = format!("CN={name},DC=x").parse().unwrap();
        let mut account = Account::new(Uuid::nil().into(), dn, name.parse().unwrap());
        account.when_created = Some(at(0));
        account
    }

    fn found(account: Account) -> Option<Finding> {
        Finding::of(account, &Discovery::new(), false, at(1000))
    }

    #[test]
    fn every_flag_is_a_reason_of_its_own() {
        let awake = |mut account: Account| {
            let last = FileTime::from_timestamp(at(999)).to_string();
            account.attributes.insert("lastLogonTimestamp".parse().unwrap(), vec![last]);
            account
        };
        assert_eq!(found(awake(account("anne"))), None);
        for (flag, reason) in [
            (Flag::PASSWORD_NEVER_EXPIRES, Reason::NeverExpires),
            (Flag::TRUSTED_FOR_DELEGATION, Reason::UnconstrainedDelegation),
            (Flag::TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION, Reason::ProtocolTransition),
            (Flag::NO_PREAUTHENTICATION, Reason::NoPreauthentication),
            (Flag::PASSWORD_NOT_REQUIRED, Reason::PasswordNotRequired),
        ] {
            let mut account = awake(account("anne"));
            account.user_account_control = account.user_account_control.with(flag);
            let finding = found(account).unwrap();
            assert_eq!(
                (finding.reasons.as_slice(), finding.score),
                ([reason.clone()].as_slice(), reason.weight())
            );
        }
        let mut delegating = awake(account("anne"));
        let targets = vec!["CIFS/files".to_owned()];
        delegating.attributes.insert("MSDS-AllowedToDelegateTo".parse().unwrap(), targets.clone());
        assert_eq!(found(delegating).unwrap().reasons, [Reason::ConstrainedDelegation(targets)]);
        let allows = Finding::of(awake(account("anne")), &Discovery::new(), true, at(1000)).unwrap();
        assert_eq!(allows.reasons, [Reason::ResourceDelegation]);
        let mut protected = awake(account("anne"));
        protected.is_protected = true;
        assert_eq!(found(protected).unwrap().reasons, [Reason::Protected]);
        assert_eq!(found(awake(account("svc-a"))).unwrap().reasons, [Reason::Name("svc*".to_owned())]);
    }

    #[test]
    fn the_last_sign_in_may_be_two_weeks_later_than_it_says() {
        let discovery = Discovery::new().dormant_after(Duration::from_hours(90 * 24));
        let last = |day: Option<i64>| {
            let mut account = account("anne");
            if let Some(day) = day {
                let last = FileTime::from_timestamp(at(day)).to_string();
                account.attributes.insert("lastLogonTimestamp".parse().unwrap(), vec![last]);
            }
            Finding::of(account, &discovery, false, at(1000)).map(|finding| finding.reasons)
        };
        let dormant = |last, certain| Some(vec![Reason::Dormant { last, certain }]);
        assert_eq!(last(Some(911)), None);
        assert_eq!(last(Some(910)), dormant(Some(at(910)), false));
        assert_eq!(last(Some(897)), dormant(Some(at(897)), false));
        assert_eq!(last(Some(896)), dormant(Some(at(896)), true));
        assert_eq!(last(None), dormant(None, true));
        let mut new = account("anne");
        new.when_created = Some(at(911));
        assert_eq!(Finding::of(new, &discovery, false, at(1000)), None);
    }

    #[test]
    fn a_score_ends_at_a_hundred() {
        let mut account = account("svc-all");
        account.user_account_control = Flag::from_bits(u32::MAX);
        account.service_principal_names = vec!["HTTP/a".to_owned()];
        let finding = found(account).unwrap();
        assert_eq!(finding.score, 100);
        assert!(finding.reasons.len() > 6);
    }
}
