//! Two accounts that take turns (BG-1 to BG-5).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{lifecycle, text};
use crate::model::account::{Account, AccountStatus};
use crate::model::managed::AccountKind;
use crate::model::pair::AccountPair;
use crate::model::refusal::Refusal;
use crate::model::template::{Rotation, Rotator};

/// For how many hours at most the account that was left keeps its password.
pub const MOST_HOURS: u32 = 720;

/// What becomes of one of the two whose password is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Turn {
    /// It rests: it gets another password.
    Rotate,
    /// It is in use: the other one takes its place, and it gets another password after the overlap.
    Switch,
    /// Later, by itself.
    Wait,
    /// Not before a person has done something; what.
    Hold(String),
}

/// Everything that is wrong with two accounts as a pair, the first of them the one in use; each with the rotation of its template (BG-1).
pub fn check(
    name: &str,
    overlap_hours: u32,
    now: Timestamp,
    [current, resting]: [(&Account, &Rotation); 2],
) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> =
        text::check("BG-1", "name", name, 100, true, false).err().into_iter().collect();
    let mut refuse =
        |field: &'static str, message: String| refusals.push(Refusal::new("BG-1", field, message));
    if !(1..=MOST_HOURS).contains(&overlap_hours) {
        refuse(
            "overlap_hours",
            format!("the one that is left keeps its password for 1 to {MOST_HOURS} hours"),
        );
    }
    for (field, (account, rotation)) in [("current", current), ("resting", resting)] {
        let name = &account.name;
        if let Some(why) = unusable(account, rotation, now) {
            refuse(field, why);
        }
        if let Some(pair) = account.pair {
            refuse(field, format!("{name} is in the pair {pair} already"));
        }
    }
    let ((current, _), (resting, _)) = (current, resting);
    if current.id == resting.id {
        refuse("resting", format!("{} cannot take its own place", current.name));
    } else if current.domain != resting.domain || current.vault != resting.vault {
        let message = format!("{} and {} are not in the same domain and vault", current.name, resting.name);
        refuse("resting", message);
    } else if let Some(why) = unequal(current, resting) {
        refuse("resting", why);
    }
    refusals
}

/// Why an account cannot be one of two, if it cannot.
fn unusable(account: &Account, rotation: &Rotation, now: Timestamp) -> Option<String> {
    let name = &account.name;
    let status = lifecycle::status_at(account, now);
    if account.kind == AccountKind::GroupManaged {
        Some(format!("the domain changes the password of {name}, and nobody has to be told it"))
    } else if account.secret.is_none() {
        Some(format!("no vault keeps the password of {name}"))
    } else if status != AccountStatus::Active {
        Some(format!("{name} is {status:?}"))
    } else if let Some(operation) = account.operation {
        Some(format!("{:?} of {name} must end first", operation.kind))
    } else if rotation.by == Rotator::Vault {
        Some(format!("the vault changes the password of {name} when it likes, also while it is in use"))
    } else {
        None
    }
}

/// BG-1: whoever signs in with the other one must be able to do the same.
fn unequal(current: &Account, resting: &Account) -> Option<String> {
    let groups = |account: &Account| account.groups.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let (a, b) = (groups(current), groups(resting));
    if a == b {
        return None;
    }
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>().join("; ")
    };
    Some(format!(
        "{} and {} are not in the same directory groups: only the one is in [{}], only the other in [{}]",
        current.name,
        resting.name,
        only(&a, &b),
        only(&b, &a)
    ))
}

/// What the clock does about `account`, whose password is due; `other` is the other one of the pair (BG-2 to BG-4).
pub fn turn(pair: &AccountPair, account: &Account, other: &Account, now: Timestamp) -> Turn {
    if pair.current != account.id {
        return if now < pair.untouched_until { Turn::Wait } else { Turn::Rotate };
    }
    match obstacle(pair, account, other, now) {
        None if is_fresh(pair, other, now) => Turn::Switch,
        // It gets another password by itself, and then it is.
        None => Turn::Wait,
        Some(operation) if operation.passes => Turn::Wait,
        Some(obstacle) => Turn::Hold(obstacle.text),
    }
}

/// Whether a person may let them change places now (BG-3, BG-4).
///
/// # Errors
/// BG-4, with what has to be done first.
pub fn may_switch(
    pair: &AccountPair,
    current: &Account,
    resting: &Account,
    now: Timestamp,
) -> Result<(), Refusal> {
    let refuse = |text| Err(Refusal::new("BG-4", "pair", text));
    if let Some(obstacle) = obstacle(pair, current, resting, now) {
        return refuse(obstacle.text);
    }
    // Within the overlap it has the password it was left with: switching back hurts nobody.
    if is_fresh(pair, resting, now) || now < pair.untouched_until {
        Ok(())
    } else {
        refuse(format!("{} must get another password before it is used again", resting.name))
    }
}

/// Whether it got another password since it was last in use, and does not need one again.
fn is_fresh(pair: &AccountPair, resting: &Account, now: Timestamp) -> bool {
    resting.password_changed_at > pair.switched_at
        && resting.pending.is_none()
        && resting.rotates_at.is_none_or(|at| at > now)
}

struct Obstacle {
    text: String,
    /// Whether it goes by without anybody doing anything.
    passes: bool,
}

fn obstacle(pair: &AccountPair, current: &Account, resting: &Account, now: Timestamp) -> Option<Obstacle> {
    let lasting = |text| Some(Obstacle { text, passes: false });
    let name = &resting.name;
    let status = lifecycle::status_at(resting, now);
    if status != AccountStatus::Active {
        return lasting(format!("{name} is {status:?}, so it cannot be used in place of {}", current.name));
    }
    if let Some(open) = resting.operation {
        let text = format!("{:?} of {name} must end first", open.kind);
        return Some(Obstacle { text, passes: !open.failed });
    }
    if now < pair.switched_at {
        return lasting(format!("they changed places at {}, which is yet to come", pair.switched_at));
    }
    unequal(current, resting).and_then(lasting)
}

/// When the one that was left gets another password, and when the one that is used from now on wants one: as before, but not before consumers
/// had time to follow (BG-3).
pub fn after_switch(pair: &AccountPair, current: &Account) -> (Timestamp, Option<Timestamp>) {
    let until = pair.untouched_until;
    (until, current.rotates_at.map(|at| at.max(until)))
}

/// Whether a person may have one of the two get another password now (BG-2, BG-3).
///
/// # Errors
/// BG-2 for the one in use, BG-3 for the one that was just left.
pub fn may_rotate(pair: &AccountPair, account: &Account, now: Timestamp) -> Result<(), Refusal> {
    if pair.current == account.id {
        let text = format!(
            "{} is in use; let its other account take its place, then it gets another password",
            account.name
        );
        return Err(Refusal::new("BG-2", "account", text));
    }
    let until = pair.untouched_until;
    if now < until {
        let text = format!(
            "{} was in use until {}; it keeps its password until {until}",
            account.name, pair.switched_at
        );
        return Err(Refusal::new("BG-3", "account", text));
    }
    Ok(())
}

/// Whether an account of a pair may come under a template.
///
/// # Errors
/// BG-1 where the vault would change its password.
pub fn may_migrate(account: &Account, rotation: &Rotation) -> Result<(), Refusal> {
    if account.pair.is_some() && rotation.by == Rotator::Vault {
        let text = format!(
            "{} takes turns with another account, so the vault may not change its password; end the pair first",
            account.name
        );
        return Err(Refusal::new("BG-1", "template", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::account::OperationKind;
    use crate::model::ids::PairId;
    use crate::rules::fixture::{HOUR, SECOND, account, dn, now, operation};

    /// 1 is in use since an hour ago, 2 keeps its password for another hour.
    fn pair() -> AccountPair {
        let id = PairId::new(Uuid::from_u128(1));
        AccountPair::new(id, "shop", account(1).id, account(2).id, 2, now() - HOUR)
    }

    fn fresh() -> Account {
        Account { password_changed_at: now() - HOUR + SECOND, ..account(2) }
    }

    #[test]
    fn bg_1_two_that_can_do_the_same_and_whose_passwords_are_ours() {
        let rotation = Rotation::default();
        let fields = |change: fn(&mut Account)| {
            let mut resting = account(2);
            change(&mut resting);
            let both = [(&account(1), &rotation), (&resting, &rotation)];
            check("shop", 24, now(), both).iter().map(|it| it.field().to_owned()).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}).is_empty());
        for (what, change) in [
            ("kind", (|it| it.kind = AccountKind::GroupManaged) as fn(&mut Account)),
            ("secret", |it| it.secret = None),
            ("status", |it| it.status = AccountStatus::Disabled),
            ("operation", |it| it.operation = Some(operation(OperationKind::Renew, false))),
            ("pair", |it| it.pair = Some(PairId::new(Uuid::from_u128(1)))),
            ("id", |it| it.id = account(1).id),
            ("domain", |it| it.domain = crate::model::ids::DomainId::new(Uuid::from_u128(9))),
            ("vault", |it| it.vault = None),
            ("groups", |it| it.groups = vec![dn("CN=a,DC=x")]),
        ] {
            assert_eq!(fields(change), ["resting"], "{what}");
        }
        let by_vault = Rotation { by: Rotator::Vault, ..rotation };
        let both = [(&account(1), &by_vault), (&account(2), &rotation)];
        assert_eq!(check("shop", 24, now(), both).len(), 1);
        for (hours, expected) in [(0, 1), (1, 0), (MOST_HOURS, 0), (MOST_HOURS + 1, 1)] {
            let both = [(&account(1), &rotation), (&account(2), &rotation)];
            assert_eq!(check("shop", hours, now(), both).len(), expected, "{hours}");
        }
    }

    #[test]
    fn bg_2_the_one_that_rests_is_rotated_after_the_overlap() {
        let (pair, until) = (pair(), now() + HOUR);
        let turn = |at| turn(&pair, &account(2), &account(1), at);
        assert_eq!((turn(until - SECOND), turn(until)), (Turn::Wait, Turn::Rotate));
        let rule = |n, at| may_rotate(&pair, &account(n), at).map_err(|refusal| refusal.rule());
        assert_eq!(rule(1, until), Err("BG-2"));
        assert_eq!(rule(2, until - SECOND), Err("BG-3"));
        assert_eq!(rule(2, until), Ok(()));
    }

    #[test]
    fn bg_4_only_one_with_a_password_of_its_own_takes_over() {
        let with = |change: fn(&mut Account)| {
            let mut resting = fresh();
            change(&mut resting);
            let may = may_switch(&pair(), &account(1), &resting, now() + HOUR).is_ok();
            (turn(&pair(), &account(1), &resting, now() + HOUR), may)
        };
        assert_eq!(with(|_| {}), (Turn::Switch, true));
        assert_eq!(with(|it| it.password_changed_at -= SECOND), (Turn::Wait, false));
        assert_eq!(with(|it| it.rotates_at = Some(now() + HOUR)), (Turn::Wait, false));
        assert_eq!(with(|it| it.rotates_at = Some(now() + HOUR + SECOND)), (Turn::Switch, true));
        let busy = with(|it| it.operation = Some(operation(OperationKind::Rotate, false)));
        assert_eq!(busy, (Turn::Wait, false));
        let failed = with(|it| it.operation = Some(operation(OperationKind::Rotate, true)));
        assert!(matches!(failed, (Turn::Hold(_), false)), "{failed:?}");
        let disabled = with(|it| it.status = AccountStatus::Disabled);
        assert!(matches!(disabled, (Turn::Hold(_), false)), "{disabled:?}");
    }

    #[test]
    fn bg_4_back_within_the_overlap_and_never_before_the_switch() {
        let may = |at| may_switch(&pair(), &account(1), &account(2), at).is_ok();
        let (switched, until) = (now() - HOUR, now() + HOUR);
        assert_eq!((may(switched - SECOND), may(switched)), (false, true));
        assert_eq!((may(until - SECOND), may(until)), (true, false));
    }

    #[test]
    fn bg_3_the_one_that_takes_over_is_not_due_before_consumers_followed() {
        let until = now() + HOUR;
        for (due, expected) in
            [(None, None), (Some(now()), Some(until)), (Some(until + HOUR), Some(until + HOUR))]
        {
            let current = Account { rotates_at: due, ..account(1) };
            assert_eq!(after_switch(&pair(), &current), (until, expected));
        }
    }

    #[test]
    fn bg_1_no_template_gives_one_of_two_to_the_vault() {
        let alone = account(1);
        let paired = Account { pair: Some(pair().id), ..account(1) };
        let by_vault = Rotation { by: Rotator::Vault, ..Rotation::default() };
        assert!(may_migrate(&alone, &by_vault).is_ok());
        assert!(may_migrate(&paired, &Rotation::default()).is_ok());
        assert!(may_migrate(&paired, &by_vault).is_err());
    }
}
