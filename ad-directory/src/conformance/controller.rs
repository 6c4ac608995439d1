//! Controllers.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Checked, Ground, ground::refused};
use crate::{
    AccountUpdate, Capability, Controller, DirectoryExt, ErrorKind, Outcome, PinOptions, Probe, ProbeOptions,
    Result, UpdateOptions,
};

async fn probe(ground: &Ground) -> Result<Probe> {
    ground.reader.probe(ProbeOptions::new()).await
}

/// A controller tells its name, the identity of its database and its domain (MS-ADTS 3.1.1.3.2).
pub async fn a_controller_says_who_it_is(ground: &Ground) -> Checked {
    let probe = probe(ground).await?;
    assert!(!probe.controller.host.is_empty());
    assert!(probe.controller.invocation_id.is_some());
    assert!(ground.unit.is_below(&probe.default_naming_context));
    assert_eq!(ground.reader.probe(ProbeOptions::new()).await?.controller, probe.controller);
    Ok(())
}

/// Its clock decides what has expired, so it can be asked; within a day here, since tests may set their own
/// (MS-ADTS 3.1.1.3.2.7: `currentTime`).
pub async fn its_clock_is_near(ground: &Ground) -> Checked {
    let time = probe(ground).await?.time.ok_or("it does not say its time")?;
    assert!(time.duration_since(Timestamp::now()).abs() < SignedDuration::from_hours(24), "{time}");
    Ok(())
}

/// What is written to one controller is read from it (rule X-6).
pub async fn a_pinned_view_reads_its_own_writes(ground: &Ground) -> Checked {
    assert!(ground.reader.capabilities().has(Capability::Pin));
    let controller = probe(ground).await?.controller;
    for options in [PinOptions::new(), PinOptions::new().controller(controller.clone())] {
        let pinned = ground.directory.pin(options).await?;
        assert_eq!(pinned.probe(ProbeOptions::new()).await?.controller, controller);
        let account = ground.account().await?;
        for text in ["one", "two"] {
            let update = AccountUpdate::new().description(Some(text.to_owned()));
            pinned.update_account(account.guid, &update, UpdateOptions::new()).await?;
            assert_eq!(pinned.get_account(account.guid).await?.description.as_deref(), Some(text));
        }
    }
    Ok(())
}

/// The same name and another database is a controller that was rebuilt or restored: it may have forgotten (rule X-19).
pub async fn a_rebuilt_controller_is_noticed(ground: &Ground) -> Checked {
    let mut controller = probe(ground).await?.controller;
    controller.invocation_id = Some(Uuid::new_v4());
    let error = refused(
        ground.directory.pin(PinOptions::new().controller(controller)).await,
        ErrorKind::WrongController,
    )?;
    assert_eq!(error.outcome(), Outcome::NotSent);
    Ok(())
}

/// Nobody is led to a controller that was not configured: it would get the password
/// (RFC 4513, 6.3.3: a password goes to whom it is meant for).
pub async fn an_unknown_controller_is_refused(ground: &Ground) -> Checked {
    let controller = Controller::new("elsewhere.example");
    refused(ground.directory.pin(PinOptions::new().controller(controller)).await, ErrorKind::Invalid)?;
    Ok(())
}
