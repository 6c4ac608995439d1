//! Work on a directory, one line of JSON for each thing that was done: for scripts that judge it by other means (`.ci/e2e`).
//!
//! Signs in as `AD_TEST_ADMIN` with `AD_TEST_ADMIN_PASSWORD`, or with Kerberos, at the controllers named on the command line, and trusts `AD_TEST_CA_FILE`.

use std::{collections::HashSet, error::Error, io::Write, time::Duration};

use ad_directory::{
    AccountExpires, AccountUpdate, ChangeSource, ChangesOptions, CreateOptions, Directory, DirectoryExt, Dn,
    EncryptionTypes, GroupKey, LdapDirectory, ListOptions, MemberChanges, MemberOptions, NewAccount,
    NewGroup, NewManagedAccount, PinOptions, Query, TimeLimits, UpdateOptions,
};
use clap::{Parser, Subcommand};
use futures_util::TryStreamExt;
use secrecy::SecretString;
use serde_json::json;

#[derive(Parser)]
struct Arguments {
    /// The controllers, in the order to try them.
    #[arg(long, required = true)]
    controller: Vec<String>,
    /// How long an operation may take, in seconds.
    #[arg(long, default_value_t = 30)]
    limit: u64,
    /// Signs in with the process's Kerberos instead of a name and a password; needs `ad-directory/gssapi`.
    #[arg(long)]
    kerberos: bool,
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Lists all accounts below a place, page by page, with a pause after each page so that somebody can come in between.
    List {
        below: Dn,
        #[arg(long, default_value_t = 1000)]
        page: u32,
        #[arg(long, default_value_t = 0)]
        pause_ms: u64,
    },
    /// Makes so many accounts below a place, one after another, and describes each; goes on whatever happens.
    Write {
        below: Dn,
        prefix: String,
        count: u32,
        /// All of it at the controller that answers first; ends after three failures, since nothing else will come.
        #[arg(long)]
        pinned: bool,
    },
    /// Makes one of everything below a place, and says what it has made.
    Fixture { below: Dn, prefix: String },
    /// Reads all changes from the beginning, then waits for a line of input and reads those since.
    Changes {
        #[arg(long)]
        below: Option<Dn>,
    },
    /// Reads all objects below a place as changes from the beginning, and goes on with the last token when it fails; then says what it was told.
    Follow {
        below: Dn,
        /// By the numbers of the controller, instead of DirSync.
        #[arg(long)]
        by_numbers: bool,
        #[arg(long, default_value_t = 0)]
        pause_ms: u64,
    },
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set").into())
}

fn say(line: &serde_json::Value) {
    // Whoever reads this may stop reading; then there is nobody to tell.
    let _written = writeln!(std::io::stdout(), "{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments = Arguments::parse();
    let mut controllers = arguments.controller.into_iter();
    let mut builder = LdapDirectory::builder(controllers.next().unwrap_or_default());
    for other in controllers {
        builder = builder.fallback(other);
    }
    builder = if arguments.kerberos {
        builder.kerberos()
    } else {
        let password = SecretString::from(variable("AD_TEST_ADMIN_PASSWORD")?);
        builder.bind_name(variable("AD_TEST_ADMIN")?).password(password)
    };
    let directory = builder
        .ca_file(variable("AD_TEST_CA_FILE")?)
        .time_limits(
            TimeLimits::default()
                .connect(Duration::from_secs(5))
                .operation(Duration::from_secs(arguments.limit)),
        )
        .build()?;
    match arguments.work {
        Work::List { below, page, pause_ms } => list(&directory, below, page, pause_ms).await,
        Work::Write { below, prefix, count, pinned: false } => {
            write(&directory, &below, &prefix, count, u32::MAX).await
        }
        Work::Write { below, prefix, count, pinned: true } => {
            let pinned = directory.pin(PinOptions::new()).await?;
            write(&*pinned, &below, &prefix, count, 3).await
        }
        Work::Fixture { below, prefix } => fixture(&directory, &below, &prefix).await,
        Work::Changes { below } => changes(&directory, below).await,
        Work::Follow { below, by_numbers, pause_ms } => {
            let source = if by_numbers { ChangeSource::UpdateNumbers } else { ChangeSource::DirSync };
            follow(&directory, below, source, Duration::from_millis(pause_ms)).await
        }
    }
}

async fn list(directory: &LdapDirectory, below: Dn, page: u32, pause_ms: u64) -> Outcome {
    let mut list = directory.list_accounts(&Query::all().below(below), ListOptions::new().page_size(page));
    let mut count = 0_u32;
    loop {
        match list.try_next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => {
                say(&json!({ "count": count, "whole": true }));
                return Ok(());
            }
            Err(error) => {
                say(
                    &json!({ "count": count, "whole": false, "kind": error.kind().as_str(), "error": error.to_string() }),
                );
                return Ok(());
            }
        }
        if count.is_multiple_of(page) {
            say(&json!({ "page": count / page }));
            if pause_ms > 0 {
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
        }
    }
}

async fn write(
    directory: &dyn Directory,
    below: &Dn,
    prefix: &str,
    count: u32,
    give_up_after: u32,
) -> Outcome {
    let mut failed = 0;
    for number in 0..count {
        let name = format!("{prefix}-{number}");
        let new = NewAccount::new(below.clone(), name.parse()?).description("made");
        let made = directory.create_account(&new, CreateOptions::new()).await;
        let told = |what: &str, error: Option<&ad_directory::Error>| {
            json!({
                "name": name,
                "what": what,
                "outcome": error.map_or_else(|| "done".to_owned(), |error| format!("{:?}", error.outcome())),
                "kind": error.map(|error| error.kind().as_str()),
                "error": error.map(ToString::to_string),
            })
        };
        say(&told("create", made.as_ref().err()));
        if let Ok(account) = made {
            let update = AccountUpdate::new().description(Some("described".to_owned()));
            let updated = directory.update_account(account.guid, &update, UpdateOptions::new()).await;
            say(&told("update", updated.as_ref().err()));
            failed += u32::from(updated.is_err());
        } else {
            failed += 1;
        }
        if failed >= give_up_after {
            break;
        }
    }
    Ok(())
}

async fn fixture(directory: &LdapDirectory, below: &Dn, prefix: &str) -> Outcome {
    let name = format!("{prefix}-user");
    let service = format!("HTTP/{name}.lab.example.com");
    let expires: jiff::Timestamp = "2031-05-17T12:34:56Z".parse()?;
    let new = NewAccount::new(below.clone(), name.parse()?)
        .cn(format!("{name}, \"quoted\" + ünï#"))
        .user_principal_name(format!("{name}@lab.example.com").parse()?)
        .service_principal_name(&service)
        .description("read by others, too: * ( ) \\ é")
        .display_name("Ünï Code 🔑")
        .expires(AccountExpires::At(expires))
        .marker("alm:independent".parse()?)
        .password(format!("Zq1!{}", "long-enough-for-anybody"));
    let user = directory.create_account(&new, CreateOptions::new()).await?;
    let update = AccountUpdate::new().enabled(true).password_never_expires(true);
    let user = directory.update_account(user.guid, &update, UpdateOptions::new()).await?;
    let group =
        NewGroup::new(below.clone(), format!("{prefix}-group").parse()?).description("for the reader");
    let group = directory.create_group(&group, CreateOptions::new()).await?;
    let changes = MemberChanges::new().add([user.guid]);
    directory.change_members(&GroupKey::Guid(group.guid), &changes, MemberOptions::new()).await?;
    let user = directory.get_account(user.guid).await?;
    let (user_sid, group_sid) = match (user.sid.clone(), group.sid.clone()) {
        (Some(user), Some(group)) => (user, group),
        _ => return Err("an object without a security identifier".into()),
    };
    let types = EncryptionTypes::from_bits(24);
    let host = format!("{prefix}-m.lab.example.com");
    let managed = NewManagedAccount::new(below.clone(), format!("{prefix}-m$").parse()?, &host)
        .encryption_types(types)
        .principal(user_sid.clone())
        .principal(group_sid.clone())
        .service_principal_name(format!("HTTP/{host}").parse()?);
    let managed = directory.create_managed_account(&managed, CreateOptions::new()).await?;
    say(&json!({
        "user": {
            "guid": user.guid, "dn": user.dn, "sid": user_sid.to_string(), "name": name, "cn": user.cn,
            "upn": user.user_principal_name, "spns": user.service_principal_names, "description": user.description,
            "display_name": user.display_name, "flags": user.user_account_control.bits(),
            "expires": expires.to_string(), "member_of": user.member_of, "marker": "alm:independent",
        },
        "group": { "guid": group.guid, "dn": group.dn, "sid": group_sid.to_string(), "type": group.group_type, "members": [user.dn] },
        "managed": {
            "guid": managed.guid, "dn": managed.dn, "name": managed.sam_account_name,
            "readers": [user_sid.to_string(), group_sid.to_string()],
            "encryption_types": types.bits(), "dns_host_name": host,
            "spns": [format!("HTTP/{host}")],
        },
    }));
    Ok(())
}

async fn changes(directory: &LdapDirectory, below: Option<Dn>) -> Outcome {
    let mut options = ChangesOptions::new();
    options.below = below;
    for _ in 0..2 {
        let begun = std::time::Instant::now();
        let mut batches = directory.list_changes(options.clone());
        let mut count = 0;
        while let Some(batch) = batches.try_next().await? {
            count += batch.changes.len();
            options.token = Some(batch.token);
        }
        say(&json!({ "changes": count, "seconds": begun.elapsed().as_secs_f64() }));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
    }
    Ok(())
}

async fn follow(directory: &LdapDirectory, below: Dn, source: ChangeSource, pause: Duration) -> Outcome {
    let mut options = ChangesOptions::new().below(below).source(source);
    let mut objects = HashSet::new();
    let mut told = 0;
    for attempt in 1..=3 {
        let mut batches = directory.list_changes(options.clone());
        loop {
            match batches.try_next().await {
                Ok(Some(batch)) => {
                    told += batch.changes.len();
                    objects.extend(batch.changes.iter().map(|change| change.guid));
                    options = options.token(batch.token);
                    say(&json!({ "told": told, "last": batch.is_last }));
                    if batch.is_last {
                        say(
                            &json!({ "whole": true, "objects": objects.len(), "told": told, "attempts": attempt }),
                        );
                        return Ok(());
                    }
                    tokio::time::sleep(pause).await;
                }
                Ok(None) => return Err("a reading ended without its last batch".into()),
                Err(error) => {
                    say(&json!({ "kind": error.kind().as_str(), "error": error.to_string() }));
                    break;
                }
            }
        }
    }
    say(&json!({ "whole": false, "objects": objects.len(), "told": told }));
    Ok(())
}
