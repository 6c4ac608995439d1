//! Certification campaigns (section C, which is ours: DESIGN.md).

use jiff::Timestamp;

use super::{lifecycle, text};
use crate::model::account::{Account, AccountStatus, OperationKind};
use crate::model::campaign::{Review, ReviewResult, Unanswered, Verdict};
use crate::model::refusal::Refusal;

/// How many accounts a campaign has at most: it is opened in one commit.
pub const MOST_ACCOUNTS: usize = 5_000;

/// Everything that speaks against opening a campaign, but for its scope (C-1).
pub fn check(name: &str, until: Timestamp, remind_at: Option<Timestamp>, now: Timestamp) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    refusals.extend(text::check("C-1", "name", name, 100, true, false).err());
    if until <= now {
        refusals.push(Refusal::new("C-1", "until", format!("{until} is over")));
    }
    if remind_at.is_some_and(|at| at <= now || at >= until) {
        refusals.push(Refusal::new("C-1", "remind_at", "must lie between now and the campaign's end"));
    }
    refusals
}

/// Whether that many accounts can be in a campaign (C-1).
///
/// # Errors
/// None, or too many.
pub fn check_size(accounts: usize) -> Result<(), Refusal> {
    let message = match accounts {
        0 => "has no account that could be reviewed".to_owned(),
        n if n > MOST_ACCOUNTS => format!("has {n} accounts; one campaign reviews {MOST_ACCOUNTS} at most"),
        _ => return Ok(()),
    };
    Err(Refusal::new("C-1", "scope", message))
}

/// Everything that speaks against a verdict (C-2). Who kept an account may still retire it until the campaign ends; nothing else is taken back.
pub fn check_verdict(review: &Review, verdict: Verdict, reason: &str, now: Timestamp) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let decided = review.outcome.as_ref().map(|outcome| outcome.result);
    let changes_mind = decided == Some(ReviewResult::Kept) && verdict == Verdict::Retire;
    if let Some(result) = decided.filter(|_| !changes_mind) {
        let message = format!("it was decided about {} already: {result:?}", review.account_name);
        refusals.push(Refusal::new("C-2", "review", message));
    }
    if now >= review.until {
        let message =
            format!("the time to decide about {} was over at {}", review.account_name, review.until);
        refusals.push(Refusal::new("C-2", "until", message));
    }
    // A person who reads the result a year later wants to know why it is gone; that it is needed says itself.
    refusals.extend(text::check("C-2", "reason", reason, 4_000, verdict == Verdict::Retire, true).err());
    refusals
}

/// What is to be done at a campaign's end about an account that nobody decided about (C-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// Write down that it is so.
    Record(ReviewResult),
    /// Disable it.
    Disable,
    /// An operation is under way on it: look again when that has ended.
    Wait,
}

/// What is to be done about an account that nobody decided about; `None` when there is no such account any more (C-4).
pub fn settle(account: Option<&Account>, unanswered: Unanswered, now: Timestamp) -> Settlement {
    let Some(account) = account.filter(|account| account.status != AccountStatus::Deleted) else {
        return Settlement::Record(ReviewResult::Gone);
    };
    let under_way = account.operation.is_some_and(|open| !open.failed);
    match unanswered {
        // What is said of it must be true when it is read.
        Unanswered::Report if is_leaving(account) => Settlement::Wait,
        Unanswered::Disable if under_way => Settlement::Wait,
        Unanswered::Disable if lifecycle::status_at(account, now) == AccountStatus::Active => {
            // Of what stands parked, the table says whether an emergency stop may take its place (L-31); else a person comes first.
            if lifecycle::options_at(account, now).has(lifecycle::AccountOption::Disable) {
                Settlement::Disable
            } else {
                Settlement::Wait
            }
        }
        Unanswered::Disable | Unanswered::Report => Settlement::Record(ReviewResult::Unanswered),
    }
}

/// Whether it is being deleted at this moment.
fn is_leaving(account: &Account) -> bool {
    let leaves = |kind| matches!(kind, OperationKind::Delete | OperationKind::Erase);
    account.operation.is_some_and(|open| !open.failed && leaves(open.kind))
}

/// Everything about the account itself that speaks against a verdict (C-2).
pub fn check_account(account: &Account, verdict: Verdict, now: Timestamp) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let deleted = match verdict {
        Verdict::Keep => lifecycle::status_at(account, now),
        // Whether its deletion can begin is the table's to say.
        Verdict::Retire => account.status,
    };
    if deleted == AccountStatus::Deleted {
        refusals.push(Refusal::new("I-4", "account", format!("{} is deleted", account.name)));
    } else if verdict == Verdict::Keep && is_leaving(account) {
        refusals.push(Refusal::new("L-31", "account", format!("{} is being deleted", account.name)));
    }
    refusals
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::campaign::ReviewOutcome;
    use crate::model::ids::{CampaignId, ReviewId};
    use crate::rules::fixture::{HOUR, SECOND, account, now, operation};

    #[test]
    fn c_1_a_campaign_ends_later_and_reminds_before_that() {
        let refused = |until, remind_at| check("autumn", until, remind_at, now()).len();
        let until = now() + HOUR;
        assert_eq!((refused(now(), None), refused(now() + SECOND, None)), (1, 0));
        for (remind_at, expected) in [(now(), 1), (now() + SECOND, 0), (until - SECOND, 0), (until, 1)] {
            assert_eq!(refused(until, Some(remind_at)), expected, "{remind_at}");
        }
        for (size, fits) in [(0, false), (1, true), (MOST_ACCOUNTS, true), (MOST_ACCOUNTS + 1, false)] {
            assert_eq!(check_size(size).is_ok(), fits, "{size}");
        }
        let none = check_size(0).unwrap_err();
        assert!(none.message().contains("no account"), "{none}");
    }

    #[test]
    fn c_2_only_what_was_kept_may_still_be_retired_until_the_end() {
        let mut review = Review {
            id: ReviewId::new(Uuid::from_u128(1)),
            campaign: CampaignId::new(Uuid::from_u128(2)),
            account: account(1).id,
            account_name: "svc_1".into(),
            until: now(),
            outcome: None,
        };
        let refused = |review: &Review, verdict, at| check_verdict(review, verdict, "gone", at).len();
        assert_eq!(refused(&review, Verdict::Keep, now() - SECOND), 0);
        assert_eq!(refused(&review, Verdict::Keep, now()), 1);
        assert_eq!(check_verdict(&review, Verdict::Keep, "", now() - SECOND), []);
        assert_eq!(check_verdict(&review, Verdict::Retire, "", now() - SECOND).len(), 1, "says no reason");
        for (result, verdict, expected) in [
            (ReviewResult::Kept, Verdict::Retire, 0),
            (ReviewResult::Kept, Verdict::Keep, 1),
            (ReviewResult::Retired, Verdict::Retire, 1),
            (ReviewResult::Retired, Verdict::Keep, 1),
        ] {
            let (at, by, reason, saga) = (now() - HOUR, None, String::new(), None);
            review.outcome = Some(ReviewOutcome { result, at, by, reason, saga });
            assert_eq!(refused(&review, verdict, now() - SECOND), expected, "{result:?} {verdict:?}");
        }
    }

    #[test]
    fn c_4_the_end_waits_for_what_is_under_way_and_stops_only_what_may_be_stopped() {
        let settled = |account: &Account, unanswered| settle(Some(account), unanswered, now());
        let unanswered = Settlement::Record(ReviewResult::Unanswered);
        let mut it = account(1);
        assert_eq!(settle(None, Unanswered::Disable, now()), Settlement::Record(ReviewResult::Gone));
        assert_eq!(settled(&it, Unanswered::Report), unanswered);
        assert_eq!(settled(&it, Unanswered::Disable), Settlement::Disable);
        it.status = AccountStatus::Disabled;
        assert_eq!(settled(&it, Unanswered::Disable), unanswered);
        it.status = AccountStatus::Active;
        for (kind, failed, reported, disabled) in [
            (OperationKind::Renew, false, unanswered, Settlement::Wait),
            (OperationKind::Renew, true, unanswered, Settlement::Disable),
            (OperationKind::Delete, false, Settlement::Wait, Settlement::Wait),
            (OperationKind::Delete, true, unanswered, Settlement::Wait),
            (OperationKind::Erase, false, Settlement::Wait, Settlement::Wait),
        ] {
            it.operation = Some(operation(kind, failed));
            assert_eq!(settled(&it, Unanswered::Report), reported, "{kind:?} {failed}");
            assert_eq!(settled(&it, Unanswered::Disable), disabled, "{kind:?} {failed}");
        }
        (it.operation, it.status) = (None, AccountStatus::Deleted);
        assert_eq!(settled(&it, Unanswered::Report), Settlement::Record(ReviewResult::Gone));
    }

    #[test]
    fn c_2_what_is_deleted_or_leaves_cannot_be_kept() {
        let rules = |account: &Account, verdict| {
            check_account(account, verdict, now()).iter().map(Refusal::rule).collect::<Vec<_>>()
        };
        let mut it = account(1);
        assert!(rules(&it, Verdict::Keep).is_empty());
        for (kind, failed, expected) in [
            (OperationKind::Delete, false, vec!["L-31"]),
            (OperationKind::Delete, true, vec![]),
            (OperationKind::Renew, false, vec![]),
        ] {
            it.operation = Some(operation(kind, failed));
            assert_eq!(rules(&it, Verdict::Keep), expected, "{kind:?} {failed}");
            assert!(rules(&it, Verdict::Retire).is_empty());
        }
        (it.operation, it.status) = (None, AccountStatus::Deleted);
        assert_eq!(rules(&it, Verdict::Keep), ["I-4"]);
        assert_eq!(rules(&it, Verdict::Retire), ["I-4"]);
    }
}
