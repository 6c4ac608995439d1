//! Where a server is known to do otherwise than the cases say.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt;

use super::{Checked, Ground};

/// A case that a server is known to fail, and how.
///
/// The suite expects the failure: a server that passes the case, or fails it in another way, is not what the table says, and the test fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// The case.
    pub case: &'static str,
    /// What the server does instead.
    pub does: &'static str,
    /// What the failure of the case must hold, so that no other failure passes for it.
    pub sign: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

impl Deviation {
    /// A deviation of a backend of your own.
    pub const fn new(
        case: &'static str,
        does: &'static str,
        sign: &'static str,
        source: &'static str,
    ) -> Self {
        Self { case, does, sign, source }
    }
}

/// Samba 4.17 as a domain controller, beside Windows.
pub const SAMBA: &[Deviation] = &[
    Deviation::new(
        "no_account_is_enabled_without_a_password",
        "enables an account that has no password",
        "should be refused as PasswordPolicy, and answers",
        "measured on 4.17.12; Windows refuses with 0000052D (MS-SAMR 3.1.1.8.10)",
    ),
    Deviation::new(
        "the_name_of_the_account_is_no_part_of_its_password",
        "takes a password that holds the sign-in name of its account",
        "should be refused as PasswordPolicy, and answers",
        "measured on 4.17.12; its complexity check counts kinds of characters and nothing else (MS-SAMR 3.1.1.7.2 has the names)",
    ),
    Deviation::new(
        "history_holds_for_a_reset_when_asked",
        "does not know the control for it, so the client refuses with Unsupported",
        "does not enforce the history",
        "measured on 4.17.12: supportedControl lists neither 1.2.840.113556.1.4.2239 nor .2066",
    ),
];

/// Runs a case, and judges it by the deviations of the ground.
///
/// # Errors
/// What went wrong, in words.
pub async fn judge(
    ground: &Ground,
    name: &str,
    case: impl Future<Output = Checked> + Send,
) -> Result<(), String> {
    let result = AssertUnwindSafe(case).catch_unwind().await;
    let failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(message(panic.as_ref())),
    };
    let known = ground.deviations.iter().find(|deviation| deviation.case == name);
    match (known, failure) {
        (None, None) => Ok(()),
        (None, Some(failure)) => Err(failure),
        (Some(known), None) => Err(format!(
            "the table of deviations says that this server {}, and it does not any more: take the entry out",
            known.does
        )),
        (Some(known), Some(failure)) if failure.contains(known.sign) => Ok(()),
        (Some(known), Some(failure)) => Err(format!(
            "the table of deviations says that this server {}; it fails in another way: {failure}",
            known.does
        )),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the case panicked").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Checked, Deviation, Ground, SAMBA, judge};

    fn ground(deviations: &'static [Deviation]) -> Ground {
        let directory = crate::MemoryDirectory::builder("corp.example").build().unwrap();
        let dn: crate::Dn = "DC=corp,DC=example".parse().unwrap();
        Ground::new(directory, dn.clone(), dn, "a", "b").deviations(deviations)
    }

    const KNOWN: &[Deviation] = &[Deviation::new("case", "does otherwise", "otherwise", "this test")];

    #[tokio::test]
    async fn a_deviation_must_occur_and_nothing_else() {
        let ground = ground(KNOWN);
        let passes = async || -> Checked { Ok(()) };
        let fails = async |why: &'static str| -> Checked { Err(why.into()) };
        let panics = async |why: &'static str| -> Checked { panic!("{why}") };
        assert!(judge(&ground, "case", passes()).await.unwrap_err().contains("take the entry out"));
        assert!(judge(&ground, "case", fails("it is otherwise")).await.is_ok());
        assert!(judge(&ground, "case", panics("quite otherwise")).await.is_ok());
        assert!(judge(&ground, "case", fails("broken")).await.unwrap_err().contains("in another way"));
        assert!(judge(&ground, "another", passes()).await.is_ok());
        assert!(judge(&ground, "another", fails("otherwise")).await.is_err());
        assert_eq!(judge(&ground, "another", panics("x")).await.unwrap_err(), "x");
    }

    #[test]
    fn every_deviation_is_of_a_case() {
        for deviation in SAMBA {
            assert!(super::super::NAMES.contains(&deviation.case), "{deviation:?}");
            assert!(!deviation.sign.is_empty() && !deviation.source.is_empty(), "{deviation:?}");
        }
    }
}
