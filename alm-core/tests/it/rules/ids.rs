//! The rules there are, and those that nothing proves yet.

/// Every id: those of the table of the rules, whose list `.ci/rules` holds against the table itself, and our own.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    include_str!("ids.txt").lines().chain(OWN.iter().copied())
}

/// What the table says nothing about and we decided; `DESIGN.md` has their text.
const OWN: &[&str] =
    &["BG-1", "BG-2", "BG-3", "BG-4", "BG-5", "C-1", "C-2", "C-3", "C-4", "F-1", "F-2", "F-3"];

/// Rules whose feature does not exist yet: what, and in which issue it is wanted. Whoever makes it takes its line away: a rule that has a proof
/// may not be here.
pub(super) const NOT_YET: &[(&str, &str, u32)] = &[
    ("O-10", "engine pools", 6),
    ("E-1", "engines on their own hosts", 6),
    ("E-2", "activation of engines", 6),
    ("E-3", "engine pools", 6),
    ("E-4", "calibration", 6),
    ("E-6", "the engine's short log", 6),
    ("E-7", "the reference topologies", 6),
    ("X-19", "a store that went back", 6),
    ("G-1", "the governance adapter", 7),
    ("G-2", "the governance adapter", 7),
    ("G-3", "the governance adapter", 7),
    ("G-4", "the governance adapter", 7),
    ("G-5", "the governance adapter", 7),
    ("G-6", "the governance adapter", 7),
    ("G-7", "the governance adapter", 7),
    ("G-8", "the governance adapter", 7),
    ("G-9", "the governance adapter", 7),
    ("G-10", "the governance adapter", 7),
    ("G-11", "the governance adapter", 7),
    ("G-12", "the governance adapter", 7),
    ("G-13", "the governance adapter", 7),
    ("G-14", "the governance adapter", 7),
    ("G-15", "the governance adapter", 7),
];

/// Rules that are proved as far as they are done: what is still missing, and in which issue it is wanted; 0 where no issue has it yet.
pub(super) const IN_PART: &[(&str, &str, u32)] = &[
    ("O-1", "sign-in through OpenID Connect", 8),
    ("O-8", "which engines reach a vault", 6),
    ("O-9", "Entra ID", 0),
    ("O-13", "Entra ID users", 0),
    ("H-1", "the engine pool that delivers it", 6),
    ("T-1", "Entra ID users", 0),
    ("X-10", "a controller that is lost for good: adding the account again on another", 6),
    ("X-21", "rebuilding an account", 6),
];
