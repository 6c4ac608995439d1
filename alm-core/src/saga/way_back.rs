//! What puts an account back as it was before an operation was begun that is given up.

use super::effect::{AccountChange, Seen};
use super::plan::{OperatePlan, Step};

/// The steps that put back what the first `done` steps did, and the one after them may have done.
///
/// A plan says this itself, unless its steps begin with a survey: then they are put back one by one, the last first, by what was seen. Nothing
/// was done before there was anything to see.
pub(super) fn way_back(plan: &OperatePlan, done: usize, seen: Option<&Seen>) -> Vec<Step> {
    if !plan.steps.iter().any(|step| matches!(step, Step::Survey { .. })) {
        let mut steps = plan.undo.clone();
        steps.extend(plan.inherited.iter().filter(|step| !plan.undo.contains(step)).cloned());
        return steps;
    }
    let Some(seen) = seen else { return Vec::new() };
    let begun: Vec<&Step> = plan.steps.iter().take(done.saturating_add(1)).collect();
    begun.into_iter().rev().flat_map(|step| back(step, seen, plan)).collect()
}

fn back(step: &Step, seen: &Seen, plan: &OperatePlan) -> Vec<Step> {
    match step {
        Step::MoveTo { .. } => {
            vec![Step::MoveTo { ou: Some(seen.ou.clone()), name: Some(seen.common_name.clone()) }]
        }
        // Who was a member before stays one, and the other way round.
        Step::JoinGroup { group } if !seen.groups.contains(group) => {
            vec![Step::LeaveGroup { group: group.clone() }]
        }
        Step::LeaveGroup { group } if seen.groups.contains(group) => {
            vec![Step::JoinGroup { group: group.clone() }]
        }
        Step::Update { change } => vec![Step::Update { change: before(change, seen, plan) }],
        // L-37: the record's end date, not one that somebody wrote into the directory.
        Step::Expires { .. } => {
            plan.undo.iter().filter(|step| matches!(step, Step::Expires { .. })).cloned().collect()
        }
        Step::MoveSecret { place, .. } => {
            let folder = seen.folder.clone().into_iter();
            let there = folder.map(|folder| {
                let mut place = place.clone();
                place.folder = folder;
                place.within = None;
                Step::MoveSecret { place, stay_below: false }
            });
            there.collect()
        }
        _ => Vec::new(),
    }
}

/// What the fields that a change writes held before it.
fn before(change: &AccountChange, seen: &Seen, plan: &OperatePlan) -> AccountChange {
    let names = change.attributes.keys().chain(change.all_values.keys());
    let values = |name: &String| (name.clone(), seen.attributes.get(name).cloned().unwrap_or_default());
    let encryption = plan.undo.iter().find_map(|step| match step {
        Step::Update { change } => change.encryption,
        _ => None,
    });
    AccountChange {
        all_values: names.map(values).collect(),
        password_never_expires: change.password_never_expires.and(seen.password_never_expires),
        password_change_denied: change.password_change_denied.and(seen.password_change_denied),
        encryption: change.encryption.and(encryption),
        set_readers: (!change.add_readers.is_empty() || !change.remove_readers.is_empty())
            .then(|| seen.readers.clone()),
        ..AccountChange::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ad_directory::{AccountExpires, Dn, ObjectGuid};

    use super::*;
    use crate::model::account::OperationKind;
    use crate::model::managed::AccountKind;

    fn dn(text: &str) -> Dn {
        text.parse().unwrap()
    }

    fn plan() -> OperatePlan {
        let change = AccountChange {
            attributes: BTreeMap::from([("title".into(), "new".into()), ("company".into(), "new".into())]),
            ..AccountChange::default()
        };
        let (mine, other) = (dn("CN=mine,DC=a"), dn("CN=other,DC=a"));
        OperatePlan {
            operation: OperationKind::Migrate,
            kind: AccountKind::User,
            account: ObjectGuid::new(uuid::Uuid::from_u128(1)),
            name: "svc".into(),
            secret: None,
            steps: vec![
                Step::Survey {
                    attributes: vec!["title".into(), "company".into()],
                    secret: false,
                    security: false,
                },
                Step::Update { change },
                Step::JoinGroup { group: mine.clone() },
                Step::JoinGroup { group: other },
                Step::LeaveGroup { group: mine },
                Step::Expires { expires: AccountExpires::Never },
            ],
            undo: vec![Step::Expires { expires: AccountExpires::At(jiff::Timestamp::UNIX_EPOCH) }],
            inherited: Vec::new(),
        }
    }

    fn seen() -> Seen {
        Seen {
            common_name: "svc".into(),
            ou: dn("OU=old,DC=a"),
            enabled: true,
            groups: vec![dn("CN=mine,DC=a")],
            service_principal_names: Vec::new(),
            description: None,
            attributes: BTreeMap::from([("title".into(), vec!["old".into()])]),
            password_never_expires: Some(true),
            password_change_denied: None,
            readers: Vec::new(),
            folder: None,
        }
    }

    /// M-2: what was not begun is not put back, and what was a member before stays one.
    #[test]
    fn only_what_was_begun_goes_back_to_what_was_seen() {
        let (plan, seen) = (plan(), seen());
        assert!(way_back(&plan, 0, None).is_empty(), "nothing was done before it was seen");
        let first = way_back(&plan, 1, Some(&seen));
        let [Step::Update { change }] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(
            change.all_values,
            BTreeMap::from([("title".into(), vec!["old".into()]), ("company".into(), Vec::new())])
        );
        let all = way_back(&plan, plan.steps.len(), Some(&seen));
        assert_eq!(all[0], plan.undo[0]);
        assert_eq!(all[1], Step::JoinGroup { group: dn("CN=mine,DC=a") });
        assert_eq!(all[2], Step::LeaveGroup { group: dn("CN=other,DC=a") });
        assert_eq!(all.len(), 4, "{all:?}");
    }

    #[test]
    fn a_plan_without_a_survey_says_its_own() {
        let mut plan = plan();
        plan.steps.remove(0);
        assert_eq!(way_back(&plan, 0, None), plan.undo);
    }

    /// L-31: what an operation took over from the one whose place it took is put back with its own.
    #[test]
    fn what_was_taken_over_goes_back_too_and_once() {
        let mut plan = plan();
        plan.steps.remove(0);
        let leave = Step::LeaveGroup { group: dn("CN=mine,DC=a") };
        plan.inherited = vec![plan.undo[0].clone(), leave.clone()];
        assert_eq!(way_back(&plan, 0, None), [plan.undo[0].clone(), leave]);
    }
}
