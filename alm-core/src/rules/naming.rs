//! Names and places (section NM).

use ad_directory::{Dn, SamAccountName};
use fancy_regex::RegexBuilder;

use crate::model::ids::DomainId;
use crate::model::managed::AccountKind;
use crate::model::refusal::Refusal;
use crate::model::template::DirectoryPlace;

/// How many steps a pattern may backtrack before it is given up. .NET-style patterns can take for ever on a few characters.
const PATTERN_STEPS: usize = 100_000;

/// The longest name of an account (NM-1), without the `$` of a gMSA: the directory's own limits for sAMAccountName.
pub const fn max_name(kind: AccountKind) -> usize {
    match kind {
        AccountKind::User => 20,
        AccountKind::GroupManaged => 15,
    }
}

/// The whole name: the template's prefix and the requested name (NM-1), and for a gMSA a `$`.
pub fn full_name(place: &DirectoryPlace, kind: AccountKind, requested: &str) -> String {
    let end = match kind {
        AccountKind::User => "",
        AccountKind::GroupManaged => "$",
    };
    format!("{}{requested}{end}", place.name_prefix)
}

/// The name of an account in its container: that of a gMSA has no `$`.
pub fn common_name(name: &str) -> &str {
    name.strip_suffix('$').unwrap_or(name)
}

/// Checks a whole name against NM-1 and the template's pattern (T-3).
///
/// # Errors
/// Every reason why it is no name for an account.
pub fn check(place: &DirectoryPlace, kind: AccountKind, name: &str) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    let (name, max) = match kind {
        AccountKind::User => (name, max_name(kind)),
        AccountKind::GroupManaged => (common_name(name), max_name(kind)),
    };
    if name.is_empty() {
        return Err(vec![Refusal::new("NM-1", "name", "must be filled in")]);
    }
    let length = name.chars().count();
    if length > max {
        refusals.push(Refusal::new(
            "NM-1",
            "name",
            format!("{name:?} has {length} characters, at most {max} are allowed"),
        ));
    }
    if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))) {
        refusals.push(Refusal::new(
            "NM-1",
            "name",
            format!(
                "{name:?} has the character {c:?}; only letters A to Z, digits, '.', '_' and '-' are allowed"
            ),
        ));
    }
    if name.ends_with('.') {
        refusals.push(Refusal::new("NM-1", "name", format!("{name:?} ends with a dot")));
    }
    if refusals.is_empty()
        && let Err(error) = name.parse::<SamAccountName>()
    {
        refusals.push(Refusal::new("NM-1", "name", error.to_string()));
    }
    if let Some(pattern) = &place.name_pattern
        && refusals.is_empty()
    {
        match compile(pattern).map(|regex| regex.is_match(name)) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => refusals.push(Refusal::new(
                "T-3",
                "name",
                format!("{name:?} does not fit the template's pattern {pattern}"),
            )),
            // Too many steps for this name, or a pattern that was never published.
            Ok(Err(_)) | Err(_) => refusals.push(Refusal::new(
                "T-3",
                "name",
                format!("the template's pattern {pattern} cannot be decided for {name:?}"),
            )),
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Compiles a template's pattern.
///
/// # Errors
/// When it cannot be run (T-3), with the reason.
pub fn compile(pattern: &str) -> Result<fancy_regex::Regex, Refusal> {
    RegexBuilder::new(pattern).backtrack_limit(PATTERN_STEPS).build().map_err(|error| {
        Refusal::new("T-3", "name_pattern", format!("{pattern} is not a pattern that can be run: {error}"))
    })
}

/// The key under which a name is reserved (NM-2): one live request or account per domain and name, without case. A gMSA reserves its name
/// without the `$`: a user of that name would have the same place in the directory.
pub fn reservation(domain: DomainId, name: &str) -> String {
    format!("account:{domain}:{}", common_name(name).to_lowercase())
}

/// The OU a requester chose, or the template's first (NM-4).
///
/// # Errors
/// NM-4 when it is neither one of the template's nor, where that is allowed, below one.
pub fn choose_ou(place: &DirectoryPlace, chosen: Option<&Dn>) -> Result<Dn, Refusal> {
    let Some(first) = place.ous.first() else {
        return Err(Refusal::new("T-3", "ou", "the template names no OU"));
    };
    let Some(chosen) = chosen else { return Ok(first.clone()) };
    if place.ous.contains(chosen) || (place.allow_sub_ou && place.ous.iter().any(|ou| chosen.is_below(ou))) {
        return Ok(chosen.clone());
    }
    let allowed = if place.allow_sub_ou {
        "neither one of the template's OUs nor below one"
    } else {
        "not one of the template's OUs"
    };
    Err(Refusal::new("NM-4", "ou", format!("{chosen} is {allowed}")))
}

/// The secret's name in the vault (section X, step 3): recognizable for people, and different for each saga.
pub fn secret_name(account: &str, domain: &str, saga: crate::model::ids::SagaId) -> String {
    format!("{account}.{domain}.{}", saga.short())
}

/// The name of the second secret that a rotation works with (section X).
pub fn pending_secret_name(account: &str, domain: &str, saga: crate::model::ids::SagaId) -> String {
    format!("{account}.{domain} [pending {}]", saga.short())
}

/// The key under which a Kerberos service name is reserved (T-11): one live request or account per domain and name, without case. Whether
/// another domain of the forest has it, its controllers say.
pub fn service_reservation(domain: DomainId, name: &str) -> String {
    format!("service:{domain}:{}", name.to_lowercase())
}

/// The name of a retired object (NM-2): it gives its old one free. That of a gMSA has eleven characters of the identifier, since its name is
/// shorter.
pub fn retired_name(account: crate::model::ids::AccountId, kind: AccountKind) -> String {
    let id = account.short();
    match kind {
        AccountKind::User => format!("del-{id}"),
        AccountKind::GroupManaged => format!("del-{}$", id.chars().skip(3).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pattern: Option<&str>) -> DirectoryPlace {
        let mut place = DirectoryPlace::new(
            DomainId::new(uuid::Uuid::from_u128(1)),
            "OU=Service Accounts,DC=corp,DC=example,DC=com".parse().unwrap(),
        );
        place.name_prefix = "svc-".into();
        place.name_pattern = pattern.map(str::to_owned);
        place
    }

    #[test]
    fn nm_1_lists_all_problems_of_a_name() {
        let check = |place: &DirectoryPlace, name: &str| check(place, AccountKind::User, name);
        let refusals = check(&place(None), "svc-pay/roll-and-so-much-more.").unwrap_err();
        assert_eq!(refusals.len(), 3, "{refusals:?}");
        assert!(refusals.iter().all(|refusal| refusal.rule() == "NM-1"));
        assert!(check(&place(None), "svc-payroll").is_ok());
        assert!(check(&place(None), "").is_err());
    }

    #[test]
    fn t_3_patterns_have_look_around_and_a_limit() {
        let check = |place: &DirectoryPlace, name: &str| check(place, AccountKind::User, name);
        let pattern = place(Some("^svc-(?!test)[a-z]+$"));
        assert!(check(&pattern, "svc-payroll").is_ok());
        assert_eq!(check(&pattern, "svc-testing").unwrap_err()[0].rule(), "T-3");
        let slow = place(Some(r"^(a+)+(?=b)\1$"));
        assert_eq!(check(&slow, "aaaaaaaaaaaaaaaaaaaa").unwrap_err()[0].rule(), "T-3");
        assert_eq!(compile("(").unwrap_err().rule(), "T-3");
    }

    #[test]
    fn nm_4_a_choice_lies_below_only_when_allowed() {
        let mut place = place(None);
        let below: Dn = "OU=Payroll,OU=Service Accounts,DC=corp,DC=example,DC=com".parse().unwrap();
        assert_eq!(choose_ou(&place, None).unwrap(), place.ous[0]);
        assert_eq!(choose_ou(&place, Some(&below)).unwrap_err().rule(), "NM-4");
        place.allow_sub_ou = true;
        assert_eq!(choose_ou(&place, Some(&below)).unwrap(), below);
        let elsewhere: Dn = "OU=Admins,DC=corp,DC=example,DC=com".parse().unwrap();
        assert_eq!(choose_ou(&place, Some(&elsewhere)).unwrap_err().rule(), "NM-4");
    }

    #[test]
    fn nm_2_names_are_reserved_without_case() {
        let domain = DomainId::new(uuid::Uuid::from_u128(1));
        assert_eq!(reservation(domain, "SVC-Pay"), reservation(domain, "svc-pay"));
    }

    #[test]
    fn t_11_service_names_are_reserved_without_case_and_by_domain() {
        let [one, two] = [1, 2].map(|n| DomainId::new(uuid::Uuid::from_u128(n)));
        let key = service_reservation(one, "HTTP/Web.example.com");
        // As stores have it.
        assert_eq!(key, format!("service:{one}:http/web.example.com"));
        assert_eq!(key, service_reservation(one, "http/WEB.example.com"));
        for other in [
            service_reservation(two, "HTTP/Web.example.com"),
            service_reservation(one, "HTTP/web"),
            reservation(one, "HTTP/Web.example.com"),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn nm_1_a_name_is_the_prefix_and_what_was_asked_for() {
        assert_eq!(full_name(&place(None), AccountKind::User, "payroll"), "svc-payroll");
        assert_eq!(full_name(&place(None), AccountKind::GroupManaged, "payroll"), "svc-payroll$");
        assert_eq!((common_name("svc-payroll$"), common_name("svc-payroll")), ("svc-payroll", "svc-payroll"));
    }

    #[test]
    fn nm_2_a_managed_account_and_a_user_cannot_have_the_same_name() {
        let domain = DomainId::new(uuid::Uuid::from_u128(1));
        // As stores have it.
        assert_eq!(reservation(domain, "Svc-Pay$"), format!("account:{domain}:svc-pay"));
        assert_eq!(reservation(domain, "Svc-Pay$"), reservation(domain, "svc-pay"));
    }

    #[test]
    fn nm_2_a_retired_object_is_called_after_the_account_within_the_limits() {
        let id = crate::model::ids::AccountId::new(uuid::Uuid::from_u128(0x0123_4567_89ab_cdef));
        let user = retired_name(id, AccountKind::User);
        assert_eq!((user.as_str(), user.len() <= max_name(AccountKind::User)), ("del-23456789abcdef", true));
        let managed = retired_name(id, AccountKind::GroupManaged);
        assert_eq!(managed, "del-56789abcdef$");
        assert_eq!(common_name(&managed).len(), max_name(AccountKind::GroupManaged));
    }

    #[test]
    fn secrets_are_called_after_the_account_and_what_made_them() {
        let saga = crate::model::ids::SagaId::new(uuid::Uuid::from_u128(0x89ab_cdef));
        assert_eq!(secret_name("svc-pay", "corp.example", saga), "svc-pay.corp.example.89abcdef");
        let pending = pending_secret_name("svc-pay", "corp.example", saga);
        assert_eq!(pending, "svc-pay.corp.example [pending 89abcdef]");
    }
}
