//! What a template must say before it can be published (T-12, T-13).

use super::{access, approval, attributes, managed, naming, reminders, rotation, text};
use crate::model::people::{EVERYONE, Group, Person};
use crate::model::refusal::Refusal;
use crate::model::template::{OwnershipRule, TemplateBody};

/// Checks what can be checked without asking vault or domain.
///
/// # Errors
/// Every reason why it cannot be published.
pub fn check(
    name: &str,
    body: &TemplateBody,
    people: &[Person],
    groups: &[Group],
) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut refuse = |rule, field, message: String| refusals.push(Refusal::new(rule, field, message));

    if let Err(refusal) = text::check("T-1", "name", name, 100, true, false) {
        refuse("T-1", "name", refusal.message().to_owned());
    }
    if let Err(refusal) = text::check("T-1", "purpose", &body.purpose, 4_000, false, true) {
        refuse("T-1", "purpose", refusal.message().to_owned());
    }
    if body.directory.ous.is_empty() {
        refuse("T-3", "ous", "at least one OU must be named".to_owned());
    }
    if let Some(pattern) = &body.directory.name_pattern
        && let Err(refusal) = naming::compile(pattern)
    {
        refuse("T-3", "name_pattern", refusal.message().to_owned());
    }
    if body.directory.name_prefix.chars().count() >= naming::max_name(body.kind) {
        refuse("NM-1", "name_prefix", "leaves no room for a name".to_owned());
    }
    for refusal in attributes::check_template(body) {
        refuse(refusal.rule(), refusal.field(), refusal.message().to_owned());
    }
    if let OwnershipRule::People { min, max } = body.ownership
        && (min == 0 || min > max)
    {
        refuse("T-4", "ownership", format!("{min} to {max} owners cannot be met"));
    }
    if body.periods.is_empty() {
        refuse("T-5", "periods", "at least one life duration must be offered".to_owned());
    }
    for period in &body.periods {
        if !period.is_valid() {
            refuse("T-5", "periods", format!("{period} is out of bounds"));
        } else if body.renewal_lead_days >= period.shortest_days() {
            refuse(
                "T-12",
                "renewal_lead_days",
                format!("a lead of {} days is not shorter than a life of {period}", body.renewal_lead_days),
            );
        }
    }
    for refusal in managed::check_template(body)
        .into_iter()
        .chain(rotation::check(&body.rotation))
        .chain(reminders::check(&body.reminders))
    {
        refuse(refusal.rule(), refusal.field(), refusal.message().to_owned());
    }
    if body.requesters.is_empty() {
        refuse("T-7", "requesters", "nobody could request with it".to_owned());
    }
    if body.approval.is_empty() {
        refuse("T-6", "approval", "at least one step is needed".to_owned());
    }
    for (index, step) in body.approval.iter().enumerate() {
        let number = index + 1;
        if step.required == 0 {
            refuse("T-6", "approval", format!("step {number} requires nobody"));
        }
        if step.escalate_after_hours.is_some_and(|hours| !approval::ESCALATION_HOURS.contains(&hours)) {
            let (least, most) = (approval::ESCALATION_HOURS.start(), approval::ESCALATION_HOURS.end());
            refuse(
                "R-11",
                "approval",
                format!("step {number} escalates after {least} to {most} hours or never"),
            );
        }
        // T-12: whoever requests cannot approve, so the step must be reachable without any one of them.
        let enabled = people.iter().filter(|person| person.enabled);
        let able: Vec<_> = enabled.filter(|person| approval::names(step, person.id, groups)).collect();
        let needed = step.required as usize;
        let worst = able.iter().any(|person| access::is_in_any(person.id, &body.requesters, groups));
        let available = able.len().saturating_sub(usize::from(worst));
        if available < needed {
            refuse(
                "T-12",
                "approval",
                format!(
                    "step {number} requires {needed} approvals, but only {available} enabled people could give one \
                     when one of them is the requester"
                ),
            );
        }
        for group in &step.groups {
            if *group != EVERYONE && access::standing(*group, groups).is_none() {
                refuse(
                    "T-6",
                    "approval",
                    format!("step {number} names group {group}, which is unknown or disabled"),
                );
            }
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::GroupId;
    use crate::model::template::ApprovalStep;
    use crate::rules::fixture;

    /// A template that three people may request with, of whom two approve.
    fn body() -> TemplateBody {
        let mut body = fixture::body();
        let approvers = [1, 2].map(|n| fixture::person(n).id);
        body.approval = vec![ApprovalStep::of_people("line", approvers)];
        body
    }

    fn refused(body: &TemplateBody) -> Vec<(&'static str, String)> {
        let people = [1, 2, 3].map(fixture::person);
        let refusals = check("Batch", body, &people, &[]).err().unwrap_or_default();
        refusals.iter().map(|refusal| (refusal.rule(), refusal.message().to_owned())).collect()
    }

    #[test]
    fn t_4_as_many_owners_as_that_and_no_others_can_be_asked_for() {
        let mut body = body();
        for (min, max, fits) in [(1, 1, true), (2, 2, true), (1, 3, true), (2, 1, false), (0, 1, false)] {
            body.ownership = OwnershipRule::People { min, max };
            let expected = if fits { vec![] } else { vec!["T-4"] };
            let rules: Vec<_> = refused(&body).into_iter().map(|(rule, _)| rule).collect();
            assert_eq!(rules, expected, "{min} to {max}");
        }
    }

    #[test]
    fn t_6_steps_are_numbered_from_one() {
        let mut body = body();
        body.approval.push(ApprovalStep { required: 0, ..body.approval[0].clone() });
        assert_eq!(refused(&body), [("T-6", "step 2 requires nobody".to_owned())]);
    }

    #[test]
    fn t_6_a_step_names_groups_that_there_are() {
        let mut body = body();
        body.approval[0].groups.insert(EVERYONE);
        assert_eq!(refused(&body), [], "everybody is there without a record");
        let unknown = GroupId::new(Uuid::from_u128(9));
        body.approval[0].groups.insert(unknown);
        let message = format!("step 1 names group {unknown}, which is unknown or disabled");
        assert_eq!(refused(&body), [("T-6", message)]);
    }

    #[test]
    fn t_12_a_step_can_be_met_without_the_one_who_requests() {
        let mut body = body();
        body.approval[0].required = 2;
        let refusals = refused(&body);
        assert_eq!(refusals.len(), 1);
        assert_eq!(refusals[0].0, "T-12");
        assert!(
            refusals[0].1.starts_with("step 1 requires 2 approvals, but only 1 enabled people"),
            "{refusals:?}"
        );
        // If neither of the two may request, both can vote.
        body.requesters = [GroupId::new(Uuid::from_u128(9))].into();
        assert_eq!(refused(&body), []);
    }

    #[test]
    fn r_11_a_step_escalates_within_a_year() {
        let mut body = body();
        for (hours, fits) in
            [(None, true), (Some(0), false), (Some(1), true), (Some(8_760), true), (Some(8_761), false)]
        {
            body.approval[0].escalate_after_hours = hours;
            let rules: Vec<_> = refused(&body).into_iter().map(|(rule, _)| rule).collect();
            assert_eq!(rules, if fits { vec![] } else { vec!["R-11"] }, "{hours:?}");
        }
    }
}
