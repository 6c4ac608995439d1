//! The table of what may happen to an account when (section L).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::account::{Account, AccountStatus, OperationKind};
use crate::model::refusal::Refusal;
use crate::model::template::EolAction;

/// Where an account stands between its two dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Before the renewal date.
    B1,
    /// From the renewal date on, before the end of life.
    B2,
    /// From the end of life on.
    A,
}

impl Phase {
    /// All three.
    pub const ALL: [Self; 3] = [Self::B1, Self::B2, Self::A];

    /// The phase at `now`.
    pub fn at(now: Timestamp, renewal_date: Timestamp, eol: Timestamp) -> Self {
        if now >= eol {
            Self::A
        } else if now >= renewal_date {
            Self::B2
        } else {
            Self::B1
        }
    }
}

/// What a person can ask of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountOption {
    /// R: a new end of life.
    Renew,
    /// Di: disable it.
    Disable,
    /// En: enable it.
    Enable,
    /// De: retire it, and once retired erase it.
    Delete,
    /// Su: ask the approvers for a new end of life.
    SubmitRenewal,
    /// Cl: ask for another one like it.
    Clone,
    /// Let the parked operation try again.
    Retry,
    /// Give the parked operation up.
    Abandon,
}

impl AccountOption {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Renew,
        Self::Disable,
        Self::Enable,
        Self::Delete,
        Self::SubmitRenewal,
        Self::Clone,
        Self::Retry,
        Self::Abandon,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of options.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options(u8);

impl Options {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    pub const fn of(options: &[AccountOption]) -> Self {
        let mut bits = 0;
        let mut rest = options;
        while let [first, tail @ ..] = rest {
            bits |= first.bit();
            rest = tail;
        }
        Self(bits)
    }

    /// Whether it is among them.
    pub const fn has(self, option: AccountOption) -> bool {
        self.0 & option.bit() != 0
    }

    /// Those among them.
    pub fn iter(self) -> impl Iterator<Item = AccountOption> {
        AccountOption::ALL.into_iter().filter(move |option| self.has(*option))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What the table says for an account without an operation under way, whose status was brought to the instant (L-32).
///
/// `erased` matters for Deleted only, `renewal_open` for EOL action Expire only. A combination that the table does not list has no option.
pub const fn options(
    action: EolAction,
    phase: Phase,
    status: AccountStatus,
    renewal_open: bool,
    erased: bool,
) -> Options {
    use AccountOption::{
        Clone as Cl, Delete as De, Disable as Di, Enable as En, Renew as R, SubmitRenewal as Su,
    };
    use AccountStatus::{Active, Deleted, Disabled, Expired};
    use EolAction as Eol;
    use Phase::{A, B1, B2};
    match (action, phase, status) {
        // L-29, L-30
        (_, _, Deleted) => {
            if erased {
                Options::of(&[Cl])
            } else {
                Options::of(&[De, Cl])
            }
        }
        // L-10, L-14, L-19, L-27
        (Eol::Review | Eol::Disable | Eol::Expire, B1, Active) | (Eol::Delete, B1 | B2, Active) => {
            Options::of(&[Di, De, Cl])
        }
        // L-11, L-15, L-20, L-28
        (Eol::Review | Eol::Disable | Eol::Expire, B1, Disabled) | (Eol::Delete, B1 | B2, Disabled) => {
            Options::of(&[En, De, Cl])
        }
        // L-12, L-16
        (Eol::Review, B2 | A, Active) | (Eol::Disable, B2, Active) => Options::of(&[R, Di, De, Cl]),
        // L-13, L-17
        (Eol::Review, B2 | A, Disabled) | (Eol::Disable, B2, Disabled) => Options::of(&[R, En, De, Cl]),
        // L-18: only R brings it back (L-33).
        (Eol::Disable, A, Disabled) => Options::of(&[R, De, Cl]),
        // L-21, L-23
        (Eol::Expire, B2, Active) => {
            if renewal_open {
                Options::of(&[Di, De, Cl])
            } else {
                Options::of(&[Di, De, Su, Cl])
            }
        }
        // L-22, L-24
        (Eol::Expire, B2, Disabled) => {
            if renewal_open {
                Options::of(&[En, De, Cl])
            } else {
                Options::of(&[En, De, Su, Cl])
            }
        }
        // L-25, L-26
        (Eol::Expire, A, Expired | Disabled) => {
            if renewal_open {
                Options::of(&[De, Cl])
            } else {
                Options::of(&[De, Su, Cl])
            }
        }
        // What the tick never leaves behind (L-32): Active past its end with Disable or Expire, anything past it with Delete,
        // Expired with another action or before its end.
        (Eol::Disable | Eol::Expire | Eol::Delete, A, Active)
        | (Eol::Delete, A, Disabled)
        | (Eol::Review | Eol::Disable | Eol::Delete, _, Expired)
        | (Eol::Expire, B1 | B2, Expired) => Options::NONE,
    }
}

/// What the clock makes of a status at the end of life (L-1 to L-4).
pub const fn after_eol(action: EolAction, status: AccountStatus) -> AccountStatus {
    match (action, status) {
        (EolAction::Review, status)
        | (EolAction::Disable | EolAction::Expire | EolAction::Delete, status @ AccountStatus::Deleted)
        | (
            EolAction::Disable | EolAction::Expire,
            status @ (AccountStatus::Disabled | AccountStatus::Expired),
        ) => status,
        (EolAction::Disable, AccountStatus::Active) => AccountStatus::Disabled,
        (EolAction::Expire, AccountStatus::Active) => AccountStatus::Expired,
        (EolAction::Delete, AccountStatus::Active | AccountStatus::Disabled | AccountStatus::Expired) => {
            AccountStatus::Deleted
        }
    }
}

/// The status that options are judged by: what the tick would make of the account at `now` (L-32).
pub fn status_at(account: &Account, now: Timestamp) -> AccountStatus {
    if now >= account.eol { after_eol(account.eol_action, account.status) } else { account.status }
}

/// What may be asked of an account at `now`.
pub fn options_at(account: &Account, now: Timestamp) -> Options {
    if let Some(operation) = account.operation {
        // L-31
        let stop = account.status == AccountStatus::Active
            && !matches!(
                operation.kind,
                OperationKind::Disable
                    | OperationKind::Delete
                    | OperationKind::Erase
                    | OperationKind::Provision
                    | OperationKind::Adopt
            );
        return match (operation.failed, stop) {
            (true, true) => {
                Options::of(&[AccountOption::Retry, AccountOption::Abandon, AccountOption::Disable])
            }
            (true, false) => Options::of(&[AccountOption::Retry, AccountOption::Abandon]),
            (false, true) => Options::of(&[AccountOption::Disable]),
            (false, false) => Options::NONE,
        };
    }
    options(
        account.eol_action,
        Phase::at(now, account.renewal_date, account.eol),
        status_at(account, now),
        account.renewal.is_some(),
        account.erased_at.is_some(),
    )
}

/// Checks that an option is offered.
///
/// # Errors
/// The rule of the table that does not offer it, with what is offered.
pub fn require(account: &Account, now: Timestamp, option: AccountOption) -> Result<(), Refusal> {
    let offered = options_at(account, now);
    if offered.has(option) {
        return Ok(());
    }
    let rule = match account.operation {
        Some(_) => "L-31",
        None => row(
            account.eol_action,
            Phase::at(now, account.renewal_date, account.eol),
            status_at(account, now),
            account.renewal.is_some(),
            account.erased_at.is_some(),
        ),
    };
    let why = match account.operation {
        Some(operation) if operation.failed => {
            format!("its operation {:?} failed and must be retried or abandoned first", operation.kind)
        }
        Some(operation) => format!("its operation {:?} is under way", operation.kind),
        None => format!("it is {:?}", status_at(account, now)),
    };
    let names = offered.iter().map(|option| format!("{option:?}")).collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { "nothing".to_owned() } else { names };
    Err(Refusal::new(
        rule,
        "account",
        format!("{} cannot be asked of {}: {why}; offered is {names}", Name(option), account.name),
    ))
}

/// Checks that the clock has nothing to do to an account first, for what is no option of the table and brings about no state of its own: another
/// password, another membership.
///
/// # Errors
/// L-32 when its end of life is over and has not been carried out: what the clock would do to it comes first, because nothing would make
/// the directory follow afterwards.
pub fn settled(account: &Account, now: Timestamp) -> Result<(), Refusal> {
    let ended = !account.eol_done && status_at(account, now) != account.status;
    if !ended {
        return Ok(());
    }
    let message = format!(
        "the end of life of {} came on {} and is about to be carried out ({:?}); ask again after that",
        account.name, account.eol, account.eol_action
    );
    Err(Refusal::new("L-32", "account", message))
}

struct Name(AccountOption);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            AccountOption::Renew => "renewing",
            AccountOption::Disable => "disabling",
            AccountOption::Enable => "enabling",
            AccountOption::Delete => "deleting",
            AccountOption::SubmitRenewal => "submitting for renewal",
            AccountOption::Clone => "cloning",
            AccountOption::Retry => "retrying",
            AccountOption::Abandon => "abandoning",
        })
    }
}

/// The row of the table that a combination falls into; L-32 for those that the tick never leaves behind.
pub const fn row(
    action: EolAction,
    phase: Phase,
    status: AccountStatus,
    renewal_open: bool,
    erased: bool,
) -> &'static str {
    use AccountStatus::{Active, Deleted, Disabled, Expired};
    use EolAction as Eol;
    use Phase::{A, B1, B2};
    match (action, phase, status, renewal_open) {
        (_, _, Deleted, _) => {
            if erased {
                "L-30"
            } else {
                "L-29"
            }
        }
        (Eol::Review, B1, Active, _) => "L-10",
        (Eol::Review, B1, Disabled, _) => "L-11",
        (Eol::Review, B2 | A, Active, _) => "L-12",
        (Eol::Review, B2 | A, Disabled, _) => "L-13",
        (Eol::Disable, B1, Active, _) => "L-14",
        (Eol::Disable, B1, Disabled, _) => "L-15",
        (Eol::Disable, B2, Active, _) => "L-16",
        (Eol::Disable, B2, Disabled, _) => "L-17",
        (Eol::Disable, A, Disabled, _) => "L-18",
        (Eol::Expire, B1, Active, _) => "L-19",
        (Eol::Expire, B1, Disabled, _) => "L-20",
        (Eol::Expire, B2, Active, false) => "L-21",
        (Eol::Expire, B2, Disabled, false) => "L-22",
        (Eol::Expire, B2, Active, true) => "L-23",
        (Eol::Expire, B2, Disabled, true) => "L-24",
        (Eol::Expire, A, Expired | Disabled, false) => "L-25",
        (Eol::Expire, A, Expired | Disabled, true) => "L-26",
        (Eol::Delete, B1 | B2, Active, _) => "L-27",
        (Eol::Delete, B1 | B2, Disabled, _) => "L-28",
        (Eol::Disable | Eol::Expire | Eol::Delete, A, Active, _)
        | (Eol::Delete, A, Disabled, _)
        | (Eol::Review | Eol::Disable | Eol::Delete, _, Expired, _)
        | (Eol::Expire, B1 | B2, Expired, _) => "L-32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::fixture::{account, now, operation};

    /// The table as it is printed, row by row; `no` and `yes` are the column "renewal open", `any` where it has none.
    const TABLE: &str = "
        L-10 Review B1 Active any Di De Cl
        L-11 Review B1 Disabled any En De Cl
        L-12 Review B2,A Active any R Di De Cl
        L-13 Review B2,A Disabled any R En De Cl
        L-14 Disable B1 Active any Di De Cl
        L-15 Disable B1 Disabled any En De Cl
        L-16 Disable B2 Active any R Di De Cl
        L-17 Disable B2 Disabled any R En De Cl
        L-18 Disable A Disabled any R De Cl
        L-19 Expire B1 Active any Di De Cl
        L-20 Expire B1 Disabled any En De Cl
        L-21 Expire B2 Active no Di De Su Cl
        L-22 Expire B2 Disabled no En De Su Cl
        L-23 Expire B2 Active yes Di De Cl
        L-24 Expire B2 Disabled yes En De Cl
        L-25 Expire A Expired,Disabled no De Su Cl
        L-26 Expire A Expired,Disabled yes De Cl
        L-27 Delete B1,B2 Active any Di De Cl
        L-28 Delete B1,B2 Disabled any En De Cl";

    fn expected(
        action: EolAction,
        phase: Phase,
        status: AccountStatus,
        open: bool,
    ) -> (Option<&'static str>, Options) {
        for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split(' ');
            let id = words.next().unwrap();
            let matches = words.next().unwrap() == format!("{action:?}")
                && words.next().unwrap().split(',').any(|word| word == format!("{phase:?}"))
                && words.next().unwrap().split(',').any(|word| word == format!("{status:?}"));
            let column = words.next().unwrap_or("any");
            if !matches || (column == "no" && open) || (column == "yes" && !open) {
                continue;
            }
            let options = words
                .map(|word| match word {
                    "R" => AccountOption::Renew,
                    "Di" => AccountOption::Disable,
                    "En" => AccountOption::Enable,
                    "De" => AccountOption::Delete,
                    "Su" => AccountOption::SubmitRenewal,
                    "Cl" => AccountOption::Clone,
                    other => panic!("{other}"),
                })
                .collect::<Vec<_>>();
            return (Some(id), Options::of(&options));
        }
        (None, Options::NONE)
    }

    #[test]
    fn l_10_to_l_28_every_combination_is_as_printed() {
        let mut listed = 0;
        for action in EolAction::ALL {
            for phase in Phase::ALL {
                for status in [AccountStatus::Active, AccountStatus::Disabled, AccountStatus::Expired] {
                    for open in [false, true] {
                        let (id, wanted) = expected(action, phase, status, open);
                        let got = options(action, phase, status, open, false);
                        assert_eq!(got, wanted, "{action:?} {phase:?} {status:?} {open}");
                        assert_eq!(row(action, phase, status, open, false), id.unwrap_or("L-32"));
                        listed += usize::from(id.is_some());
                    }
                }
            }
        }
        assert_eq!(listed, 42, "rows and columns of the printed table that were met");
    }

    #[test]
    fn l_29_and_l_30_deleted_can_only_be_erased_and_cloned() {
        for action in EolAction::ALL {
            for phase in Phase::ALL {
                let options = |erased| options(action, phase, AccountStatus::Deleted, false, erased);
                assert_eq!(options(false), Options::of(&[AccountOption::Delete, AccountOption::Clone]));
                assert_eq!(options(true), Options::of(&[AccountOption::Clone]));
            }
        }
    }

    #[test]
    fn l_35_opposites_are_never_both_offered_and_a_second_tick_changes_nothing() {
        for action in EolAction::ALL {
            for status in AccountStatus::ALL {
                let once = after_eol(action, status);
                assert_eq!(after_eol(action, once), once);
                for phase in Phase::ALL {
                    for open in [false, true] {
                        let options = options(action, phase, status, open, false);
                        assert!(!(options.has(AccountOption::Disable) && options.has(AccountOption::Enable)));
                        assert!(
                            !(options.has(AccountOption::Renew) && options.has(AccountOption::SubmitRenewal))
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn l_31_the_refusal_says_what_stands_in_the_way_and_what_is_offered() {
        let mut it = account(1);
        let refused = |it: &Account, option| {
            let refusal = require(it, now(), option).unwrap_err();
            (refusal.rule(), refusal.message().to_owned())
        };
        let message = "renewing cannot be asked of svc_1: it is Active; offered is Disable, Delete, Clone";
        assert_eq!(refused(&it, AccountOption::Renew), ("L-10", message.to_owned()));
        it.operation = Some(operation(OperationKind::Renew, false));
        let message =
            "deleting cannot be asked of svc_1: its operation Renew is under way; offered is Disable";
        assert_eq!(refused(&it, AccountOption::Delete), ("L-31", message.to_owned()));
        it.operation = Some(operation(OperationKind::Renew, true));
        let message = "cloning cannot be asked of svc_1: its operation Renew failed and must be retried or abandoned \
                       first; offered is Disable, Retry, Abandon";
        assert_eq!(refused(&it, AccountOption::Clone), ("L-31", message.to_owned()));
        it.operation = Some(operation(OperationKind::Delete, false));
        let message =
            "retrying cannot be asked of svc_1: its operation Delete is under way; offered is nothing";
        assert_eq!(refused(&it, AccountOption::Retry), ("L-31", message.to_owned()));
    }

    #[test]
    fn options_are_shown_by_name() {
        let options = Options::of(&[AccountOption::Clone, AccountOption::Renew]);
        assert_eq!(format!("{options:?} {:?}", Options::NONE), "{Renew, Clone} {}");
    }

    #[test]
    fn i_4_deleted_is_final() {
        for action in EolAction::ALL {
            assert_eq!(after_eol(action, AccountStatus::Deleted), AccountStatus::Deleted);
        }
    }

    #[test]
    fn l_32_options_are_judged_by_what_the_tick_would_make_of_the_account() {
        let mut it = account(1);
        it.eol_action = EolAction::Disable;
        let moment = jiff::SignedDuration::from_nanos(1);
        assert_eq!(status_at(&it, it.eol - moment), AccountStatus::Active);
        assert_eq!(status_at(&it, it.eol), AccountStatus::Disabled);
        let options = Options::of(&[AccountOption::Renew, AccountOption::Delete, AccountOption::Clone]);
        assert_eq!(options_at(&it, it.eol), options, "L-18");
    }

    #[test]
    fn l_32_what_is_no_option_waits_for_the_clock() {
        let moment = jiff::SignedDuration::from_nanos(1);
        for action in EolAction::ALL {
            let mut it = account(1);
            it.eol_action = action;
            assert!(settled(&it, it.eol - moment).is_ok(), "{action:?}");
            let waits = action != EolAction::Review;
            assert_eq!(settled(&it, it.eol).is_err(), waits, "{action:?}");
            it.eol_done = true;
            assert!(settled(&it, it.eol).is_ok(), "{action:?}: it was carried out, or is under way");
            it.eol_done = false;
            it.status = AccountStatus::Disabled;
            assert_eq!(settled(&it, it.eol).is_err(), action == EolAction::Delete, "{action:?}");
        }
    }
}
