//! Sync of a domain (section S): what may be done without asking, who is a user, and what becomes of people.

use std::collections::{BTreeSet, HashSet};

use ad_directory::ObjectGuid;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::text;
use crate::model::audit::hex;
use crate::model::ids::PersonId;
use crate::model::mirror::{MirrorEntry, MirrorKind};
use crate::model::refusal::Refusal;
use crate::model::sync::{DomainSync, SyncLimits, SyncState};

/// The longest time between two syncs, in hours.
const MOST_HOURS: u32 = 168;
/// How many directory groups may be chosen.
const MOST_GROUPS: usize = 100;
/// The longest time without a sign-in that can be asked for, in days.
const MOST_DAYS: u32 = 3_650;
/// How often everything is read where deletions cannot be seen.
const BLIND: SignedDuration = SignedDuration::from_hours(24);
/// How often it is read where they can: what was missed once does not stay missed for ever.
const FULL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How soon a sync that could not be done is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// Everything that is wrong with how a domain is to be synchronized, but for its groups and attributes.
pub fn check(sync: &DomainSync) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if let Some(hours) = sync.every_hours.filter(|hours| !(1..=MOST_HOURS).contains(hours)) {
        let message = format!("every {hours} hours cannot be done; 1 to {MOST_HOURS} can");
        refusals.push(Refusal::new("O-9", "every_hours", message));
    }
    if sync.users_of.len() > MOST_GROUPS {
        let message = format!("{} groups are named, {MOST_GROUPS} at most can be", sync.users_of.len());
        refusals.push(Refusal::new("O-9", "users_of", message));
    }
    if sync.limits.percent > 100 {
        let message = format!("{} percent is more than all", sync.limits.percent);
        refusals.push(Refusal::new("S-4", "limits", message));
    }
    if let Some(days) = sync.dormant_days.filter(|days| !(1..=MOST_DAYS).contains(days)) {
        let message = format!("{days} days cannot be asked for; 1 to {MOST_DAYS} can");
        refusals.push(Refusal::new("S-8", "dormant_days", message));
    }
    refusals
}

/// Whether everything has to be read, and not only what has changed (S-2).
pub fn reads_everything(state: &SyncState, now: Timestamp) -> bool {
    let age = if state.sees_deletions { FULL } else { BLIND };
    state.token.is_none() || state.last_full.is_none_or(|last| now.duration_since(last) >= age)
}

/// When the next one begins by itself after one at `now`; a sync that could not be done is tried again earlier.
pub fn next_at(sync: &DomainSync, now: Timestamp, failed: bool) -> Option<Timestamp> {
    let every = SignedDuration::from_hours(i64::from(sync.every_hours?));
    let wait = if failed { every.min(AGAIN) } else { every };
    now.checked_add(wait).ok()
}

/// What a sync is about to change, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impact {
    /// Accounts of either kind that there were.
    pub accounts: u64,
    /// Those of them that are gone.
    pub accounts_gone: u64,
    /// Groups that there were.
    pub groups: u64,
    /// Those of them that are gone.
    pub groups_gone: u64,
    /// People who are users through the sync.
    pub people: u64,
    /// Those of them who would be disabled.
    pub people_disabled: u64,
    /// People who would be added, kept from now on, or enabled.
    pub people_added: u64,
}

/// Every reason to stop and ask before anything is changed (S-4).
pub fn guard(impact: &Impact, limits: SyncLimits) -> Vec<String> {
    let mut reasons = Vec::new();
    for (what, before, gone) in [
        ("accounts", impact.accounts, impact.accounts_gone),
        ("groups", impact.groups, impact.groups_gone),
        ("users by sync", impact.people, impact.people_disabled),
    ] {
        if before > 0 && gone >= before {
            reasons.push(format!("the directory shows none of the {before} {what} any more"));
        } else if gone > before / 2 {
            reasons.push(format!("the directory does not show {gone} of the {before} {what} any more"));
        }
    }
    let objects = impact.accounts_gone + impact.groups_gone;
    let people = impact.people_disabled + impact.people_added;
    for (what, changes, of) in [
        ("objects would be gone", objects, impact.accounts + impact.groups),
        ("people would be added, enabled or disabled", people, impact.people),
    ] {
        if changes > limits.changes && changes > of.saturating_mul(limits.percent) / 100 {
            let asked = format!("{} or {} % may without asking", limits.changes, limits.percent);
            reasons.push(format!("{changes} {what}, where there are {of}; {asked}"));
        }
    }
    reasons
}

/// What stands for exactly these changes (S-4).
pub fn digest(changes: &[String]) -> String {
    let changes: BTreeSet<&String> = changes.iter().collect();
    let mut hasher = Sha256::new();
    for change in changes {
        hasher.update(change.len().to_be_bytes());
        hasher.update(change.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Who is in the chosen groups, through nested groups too. Groups are asked for one by one, so that only those that matter are ever in memory.
#[derive(Debug, Default)]
pub struct Closure {
    open: Vec<ObjectGuid>,
    seen: HashSet<ObjectGuid>,
    members: HashSet<ObjectGuid>,
    primary: HashSet<u32>,
}

impl Closure {
    /// Nobody yet; these groups are asked for first.
    pub fn new(groups: impl IntoIterator<Item = ObjectGuid>) -> Self {
        let open: Vec<_> = groups.into_iter().collect();
        let seen = open.iter().copied().collect();
        Self { open, seen, ..Self::default() }
    }

    /// The next group that has to be looked at.
    pub fn next_group(&mut self) -> Option<ObjectGuid> {
        self.open.pop()
    }

    /// What a group is. `is_group` says which of its members are groups; groups may be members of each other in a circle.
    pub fn add(&mut self, group: &MirrorEntry, is_group: impl Fn(ObjectGuid) -> bool) {
        if group.kind != MirrorKind::Group {
            return;
        }
        self.primary.extend(group.rid());
        for member in &group.members {
            if !is_group(*member) {
                self.members.insert(*member);
            } else if self.seen.insert(*member) {
                self.open.push(*member);
            }
        }
    }

    /// Whether an account is in one of the groups, be it as its primary one.
    pub fn has(&self, account: &MirrorEntry) -> bool {
        self.members.contains(&account.guid)
            || account.primary_group().is_some_and(|group| self.primary.contains(&group))
    }
}

/// Whether a person is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Yes.
    Enabled,
    /// No: a sync disabled them.
    DisabledBySync,
    /// No: a person disabled them.
    DisabledByHand,
}

/// A person with a linked account, as far as the sync has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Linked {
    /// Who.
    pub person: PersonId,
    /// Whether the person is enabled, or who disabled them.
    pub standing: Standing,
    /// Whether this domain's sync keeps them.
    pub kept: bool,
    /// Whether the directory has another name or address of somebody whom this domain's sync made.
    pub outdated: bool,
    /// Whether they may do everything here.
    pub administers: bool,
}

/// Somebody who has the address of a member of the chosen groups, and is not linked with that account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Namesake {
    /// Who.
    pub person: PersonId,
    /// Why only a person may say that the account is theirs, if so.
    pub unless_said: Option<Doubt>,
}

/// Why an address alone does not say whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// They administer the instance: whoever can write an address into the directory must not get a hold on them.
    Administers,
    /// A person said that this account is not theirs.
    Denied,
    /// They do not sign in with that address; it is for notices (O-1).
    ForNotices,
    /// Another account of the domain is theirs.
    HasAnother,
}

impl Doubt {
    const fn text(self) -> &'static str {
        match self {
            Self::Administers => "an administrator has its mail address; a person has to link them",
            Self::Denied => "a person ended its link with the person who has its mail address",
            Self::ForNotices => "somebody has its mail address for notices; a person has to link them",
            Self::HasAnother => "the person with its mail address has another account of this domain",
        }
    }
}

impl Linked {
    /// An enabled person whom the sync has not met yet.
    pub const fn new(person: PersonId) -> Self {
        Self { person, standing: Standing::Enabled, kept: false, outdated: false, administers: false }
    }
}

impl Namesake {
    /// Somebody who signs in with that address, and of whom nothing speaks against it.
    pub const fn new(person: PersonId) -> Self {
        Self { person, unless_said: None }
    }
}

/// What becomes of a member of the chosen groups.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// Nothing: they are a user already.
    Same,
    /// They become a user.
    Add,
    /// They are this person, whom the sync keeps from now on.
    Link(PersonId),
    /// They are back.
    Enable(PersonId),
    /// Their name or address is brought up to date.
    Update(PersonId),
    /// Nothing, because a person has to decide; why.
    Report(String),
}

/// What becomes of a member whose account is enabled. `namesakes` are the people with their address who are not linked with the account, `twins`
/// other members with the same address (S-3). Nobody is taken over where more than one could be meant.
pub fn fate(member: &MirrorEntry, linked: Option<Linked>, namesakes: &[Namesake], twins: usize) -> Fate {
    if let Some(linked) = linked {
        return match linked {
            Linked { kept: false, .. } => Fate::Link(linked.person),
            Linked { standing: Standing::DisabledBySync, .. } => Fate::Enable(linked.person),
            Linked { outdated: true, .. } => match usable(member) {
                Err(why) => Fate::Report(why),
                Ok(_) if !namesakes.is_empty() => Fate::Report("another person has its address".to_owned()),
                Ok(_) if twins > 0 => Fate::Report(TWIN.to_owned()),
                Ok(_) if linked.administers => {
                    let why = "it is an administrator's; a person has to change their name or address";
                    Fate::Report(why.to_owned())
                }
                Ok(_) => Fate::Update(linked.person),
            },
            Linked { .. } => Fate::Same,
        };
    }
    if let Err(why) = usable(member) {
        return Fate::Report(why);
    }
    if twins > 0 {
        return Fate::Report(TWIN.to_owned());
    }
    match namesakes {
        [] => Fate::Add,
        [one] => match one.unless_said {
            None => Fate::Link(one.person),
            Some(doubt) => Fate::Report(doubt.text().to_owned()),
        },
        many => Fate::Report(format!("{} people have its mail address", many.len())),
    }
}

const TWIN: &str = "another member of the groups has the same mail address";

/// The name and the address that a member has as a user (O-1).
///
/// # Errors
/// Why it cannot be one.
pub fn usable(member: &MirrorEntry) -> Result<(&str, &str), String> {
    let Some(email) = member.email() else { return Err("it has no mail address".to_owned()) };
    let name = member.display_name();
    let checked = text::check("O-1", "emails", email, 254, true, false)
        .and_then(|()| text::check("O-1", "display_name", name, 200, true, false));
    match checked {
        Err(refusal) => Err(format!("its {} {}", refusal.field().replace('_', " "), refusal.message())),
        Ok(()) if !email.contains('@') => Err("its mail address has no @".to_owned()),
        Ok(()) => Ok((name, email)),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ids::DomainId;
    use crate::model::sync::UserSource;

    fn guid(n: u128) -> ObjectGuid {
        ObjectGuid::new(Uuid::from_u128(n))
    }

    fn entry(n: u128, kind: MirrorKind) -> MirrorEntry {
        let dn = format!("CN=o{n},DC=x").parse().unwrap();
        MirrorEntry::new(DomainId::new(Uuid::nil()), guid(n), kind, dn)
    }

    fn group(n: u128, members: &[u128]) -> MirrorEntry {
        let mut group = entry(n, MirrorKind::Group);
        group.members = members.iter().map(|n| guid(*n)).collect();
        group
    }

    fn member(n: u128, email: &str) -> MirrorEntry {
        let mut member = entry(n, MirrorKind::Account);
        member.attributes.insert("mail".into(), vec![email.into()]);
        member
    }

    #[test]
    fn s_3_nested_groups_circles_and_primary_groups() {
        let groups = [group(10, &[1, 11]), group(11, &[2, 10, 12]), group(12, &[3])];
        let mut with_rid = groups[2].clone();
        with_rid.attributes.insert("objectsid".into(), vec!["S-1-5-21-1-2-3-513".into()]);
        let mut closure = Closure::new([guid(10)]);
        let mut asked = 0;
        while let Some(next) = closure.next_group() {
            asked += 1;
            let found = groups.iter().chain([&with_rid]).rfind(|group| group.guid == next).unwrap();
            closure.add(found, |guid| guid.as_uuid().as_u128() >= 10);
        }
        assert_eq!(asked, 3, "each once");
        let mut primary = member(4, "d@x");
        assert!(!closure.has(&primary));
        primary.attributes.insert("primarygroupid".into(), vec!["513".into()]);
        assert!(closure.has(&primary));
        for n in 1..=3 {
            assert!(closure.has(&member(n, "a@x")), "{n}");
        }
        assert!(!closure.has(&group(11, &[])), "a group is no user");
    }

    #[test]
    fn s_3_nobody_is_taken_over_where_more_than_one_could_be_meant() {
        let one = PersonId::new(Uuid::from_u128(1));
        let sake = Namesake::new(one);
        let ann = member(1, "ann@x");
        assert_eq!(fate(&ann, None, &[], 0), Fate::Add);
        assert_eq!(fate(&ann, None, &[sake], 0), Fate::Link(one));
        for (namesakes, twins) in [(vec![sake, sake], 0), (vec![], 1), (vec![sake], 1)] {
            assert!(matches!(fate(&ann, None, &namesakes, twins), Fate::Report(_)), "{namesakes:?} {twins}");
        }
        for doubt in [Doubt::Administers, Doubt::Denied, Doubt::ForNotices, Doubt::HasAnother] {
            let doubtful = Namesake { unless_said: Some(doubt), ..sake };
            assert!(matches!(fate(&ann, None, &[doubtful], 0), Fate::Report(_)), "{doubt:?}");
        }
        let administrator = Namesake { unless_said: Some(Doubt::Administers), ..sake };
        let why = "an administrator has its mail address; a person has to link them".to_owned();
        assert_eq!(fate(&ann, None, &[administrator], 0), Fate::Report(why));
        for email in ["", "ann", "a\u{202E}nn@x"] {
            assert!(matches!(fate(&member(1, email), None, &[], 0), Fate::Report(_)), "{email:?}");
        }
    }

    #[test]
    fn s_3_who_was_disabled_by_hand_stays_so() {
        let mut linked = Linked::new(PersonId::new(Uuid::from_u128(1)));
        let ann = member(1, "ann@x");
        assert_eq!(fate(&ann, Some(linked), &[], 0), Fate::Link(linked.person));
        linked.kept = true;
        assert_eq!(fate(&ann, Some(linked), &[], 0), Fate::Same);
        linked.standing = Standing::DisabledByHand;
        assert_eq!(fate(&ann, Some(linked), &[], 0), Fate::Same);
        linked.standing = Standing::DisabledBySync;
        assert_eq!(fate(&ann, Some(linked), &[], 0), Fate::Enable(linked.person));
        (linked.standing, linked.outdated) = (Standing::Enabled, true);
        assert_eq!(fate(&ann, Some(linked), &[], 0), Fate::Update(linked.person));
        let other = Namesake::new(PersonId::new(Uuid::from_u128(2)));
        assert!(matches!(fate(&ann, Some(linked), &[other], 0), Fate::Report(_)));
        assert!(matches!(fate(&ann, Some(linked), &[], 1), Fate::Report(_)));
        linked.administers = true;
        assert!(matches!(fate(&ann, Some(linked), &[], 0), Fate::Report(_)));
    }

    #[test]
    fn s_4_empty_short_and_many_ask_first() {
        let limits = SyncLimits::default();
        let asks = |impact: Impact| guard(&impact, limits).len();
        let base = Impact { accounts: 1_000, groups: 100, people: 200, ..Impact::default() };
        assert_eq!(asks(base), 0);
        assert_eq!(asks(Impact { accounts_gone: 50, people_disabled: 10, ..base }), 0);
        assert_eq!(asks(Impact { accounts_gone: 56, ..base }), 1, "more than 50, and than 5 %");
        assert_eq!(asks(Impact { accounts: 10_000, accounts_gone: 60, ..base }), 0, "less than 5 %");
        assert_eq!(asks(Impact { people_added: 51, ..base }), 1);
        assert_eq!(asks(Impact { people_added: 26, people_disabled: 25, ..base }), 1);
        assert_eq!(asks(Impact { accounts: 9, accounts_gone: 5, ..base }), 1, "short");
        assert_eq!(asks(Impact { people: 1, people_disabled: 1, ..base }), 1, "empty");
        assert_eq!(asks(Impact { groups_gone: 100, ..base }), 2);
        assert_eq!(asks(Impact::default()), 0);
    }

    #[test]
    fn s_4_a_digest_stands_for_the_changes_in_whatever_order() {
        let of = |changes: &[&str]| digest(&changes.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["a", "b"]), of(&["b", "a", "a"]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
        assert_ne!(of(&["a"]), of(&["a", "b"]));
    }

    #[test]
    fn s_2_everything_is_read_sooner_where_deletions_cannot_be_seen() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut state = SyncState::new(DomainId::new(Uuid::nil()));
        assert!(reads_everything(&state, now));
        state.token = Some("t".into());
        state.last_full = Some(now - SignedDuration::from_hours(25));
        assert!(!reads_everything(&state, now));
        state.sees_deletions = false;
        assert!(reads_everything(&state, now));
    }

    #[test]
    fn o_9_every_wrong_setting_is_named_at_once() {
        let mut sync = DomainSync::default();
        assert_eq!(check(&sync), []);
        sync.every_hours = Some(0);
        sync.dormant_days = Some(4_000);
        sync.limits.percent = 101;
        let rules: Vec<_> = check(&sync).iter().map(Refusal::rule).collect();
        assert_eq!(rules, ["O-9", "S-4", "S-8"]);
    }

    #[test]
    fn s_2_a_day_where_deletions_cannot_be_seen_and_else_a_week() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut state = SyncState::new(DomainId::new(Uuid::nil()));
        state.token = Some("t".into());
        let second = SignedDuration::from_secs(1);
        for (sees_deletions, hours) in [(false, 24), (true, 7 * 24)] {
            state.sees_deletions = sees_deletions;
            let age = SignedDuration::from_hours(hours);
            state.last_full = Some(now - age + second);
            assert!(!reads_everything(&state, now), "{hours}");
            state.last_full = Some(now - age);
            assert!(reads_everything(&state, now), "{hours}");
        }
        state.last_full = None;
        assert!(reads_everything(&state, now));
        (state.last_full, state.token) = (Some(now), None);
        assert!(reads_everything(&state, now));
    }

    #[test]
    fn s_4_the_guard_asks_beyond_its_limits_and_not_at_them() {
        let asks = |impact: Impact| guard(&impact, SyncLimits::default()).len();
        let base = Impact { accounts: 1_000, groups: 400, people: 1_000, ..Impact::default() };
        for (accounts_gone, groups_gone, expected) in [(60, 10, 0), (60, 11, 1), (70, 0, 0), (71, 0, 1)] {
            let what = format!("{accounts_gone} {groups_gone}");
            assert_eq!(asks(Impact { accounts_gone, groups_gone, ..base }), expected, "{what}");
        }
        let few = Impact { accounts: 100, groups: 100, people: 0, ..Impact::default() };
        for (accounts_gone, expected) in [(50, 0), (51, 2)] {
            assert_eq!(asks(Impact { accounts_gone, ..few }), expected, "{accounts_gone}");
        }
        for (people_added, expected) in [(50, 0), (51, 1)] {
            assert_eq!(asks(Impact { people_added, ..few }), expected, "{people_added}");
        }
    }

    #[test]
    fn o_9_a_setting_is_wrong_beyond_its_bounds_and_not_at_them() {
        let refused = |change: &dyn Fn(&mut DomainSync)| {
            let mut sync = DomainSync::default();
            change(&mut sync);
            check(&sync).len()
        };
        for (percent, expected) in [(0, 0), (100, 0), (101, 1)] {
            assert_eq!(refused(&|sync| sync.limits.percent = percent), expected, "{percent}");
        }
        for (hours, expected) in [(0, 1), (1, 0), (168, 0), (169, 1)] {
            assert_eq!(refused(&|sync| sync.every_hours = Some(hours)), expected, "{hours}");
        }
        for (days, expected) in [(0, 1), (1, 0), (3_650, 0), (3_651, 1)] {
            assert_eq!(refused(&|sync| sync.dormant_days = Some(days)), expected, "{days}");
        }
        for (groups, expected) in [(0, 0), (MOST_GROUPS, 0), (MOST_GROUPS + 1, 1), (MOST_GROUPS + 2, 1)] {
            let group = UserSource::new(guid(1), "people".into());
            assert_eq!(refused(&|sync| sync.users_of = vec![group.clone(); groups]), expected, "{groups}");
        }
    }

    #[test]
    fn o_9_the_next_sync_begins_after_its_hours_and_sooner_where_one_could_not_be_done() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut sync = DomainSync { every_hours: None, ..DomainSync::default() };
        assert_eq!((next_at(&sync, now, false), next_at(&sync, now, true)), (None, None));
        sync.every_hours = Some(6);
        assert_eq!(next_at(&sync, now, false), Some(now + SignedDuration::from_hours(6)));
        assert_eq!(next_at(&sync, now, true), Some(now + AGAIN));
    }

    #[test]
    fn s_4_the_guard_says_none_of_them_where_none_is_left() {
        let mut impact = Impact { accounts: 5, accounts_gone: 5, ..Impact::default() };
        assert_eq!(
            guard(&impact, SyncLimits::default()),
            ["the directory shows none of the 5 accounts any more"]
        );
        impact.accounts_gone = 4;
        let reasons = guard(&impact, SyncLimits::default());
        assert_eq!(reasons, ["the directory does not show 4 of the 5 accounts any more"]);
    }
}
