//! The flags.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Where the story stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Until {
    /// The account exists and is enabled.
    Provisioned,
    /// It was renewed, and an administrator has disabled it.
    Disabled,
    /// Its end of life has come.
    Expired,
    /// It was retired and erased.
    Deleted,
}

#[derive(Debug, Parser)]
#[command(
    about = "One service account's whole life: requested, approved, provisioned, renewed, disabled, expired, deleted."
)]
pub struct Options {
    /// A domain controller, such as ldaps://dc1.corp.example.com; without it, a directory in memory
    #[arg(long, value_name = "URL", requires_all = ["base_dn", "ou", "bind", "bind_password_env"])]
    pub directory: Option<String>,
    /// The domain's naming context, such as DC=corp,DC=example,DC=com
    #[arg(long, value_name = "DN", requires = "directory")]
    pub base_dn: Option<String>,
    /// The OU that accounts are made in
    #[arg(long, value_name = "DN", requires = "directory")]
    pub ou: Option<String>,
    /// The OU that disabled and retired accounts are moved to; without it they stay where they are
    #[arg(long, value_name = "DN", requires = "directory")]
    pub retired_ou: Option<String>,
    /// A group that every account joins; may be given several times
    #[arg(long = "group", value_name = "DN", requires = "directory")]
    pub groups: Vec<String>,
    /// Also make a gMSA (the account's name and -g), whose password the members of this group may fetch
    #[arg(long, value_name = "DN")]
    pub gmsa_readers: Option<String>,
    /// Who signs in to the domain, by DN or user principal name
    #[arg(long, value_name = "NAME", requires = "directory")]
    pub bind: Option<String>,
    /// The environment variable that holds the password for --bind
    #[arg(long, value_name = "VARIABLE", requires = "directory")]
    pub bind_password_env: Option<String>,
    /// The CA certificate of the domain controller (PEM); without it, the system's
    #[arg(long, value_name = "FILE", requires = "directory")]
    pub ca_file: Option<PathBuf>,
    /// A Secret Server, such as https://vault.example.com/SecretServer; without it, the simulator on a local socket
    #[arg(long, value_name = "URL", requires_all = ["vault_user", "vault_password_env", "vault_folder", "vault_template"])]
    pub vault: Option<String>,
    /// Who signs in to the vault
    #[arg(long, value_name = "NAME", requires = "vault")]
    pub vault_user: Option<String>,
    /// The environment variable that holds the password for --vault-user
    #[arg(long, value_name = "VARIABLE", requires = "vault")]
    pub vault_password_env: Option<String>,
    /// The number of the folder that secrets are made in
    #[arg(long, value_name = "NUMBER", requires = "vault")]
    pub vault_folder: Option<String>,
    /// The number of the secret template, with the fields domain, username, password and notes
    #[arg(long, value_name = "NUMBER", requires = "vault")]
    pub vault_template: Option<String>,
    /// The CA certificate of the vault (PEM); without it, the system's
    #[arg(long, value_name = "FILE", requires = "vault")]
    pub vault_ca_file: Option<PathBuf>,
    /// The longest that one call to the vault may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub vault_timeout: u64,
    /// Keep everything in this file (and stand-ins beside it) and go on from there; without it, a file that is removed at the end
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// The account's name
    #[arg(long, value_name = "NAME", default_value = "svc-payroll")]
    pub name: String,
    /// Where to stop
    #[arg(long, value_enum, default_value_t = Until::Deleted)]
    pub until: Until,
    /// Instead of the account's later life, show what else there is: rotation, policy as code, a clone, a bulk command, a gMSA, a campaign
    #[arg(long, conflicts_with = "until")]
    pub tour: bool,
    /// Print events as JSON lines
    #[arg(long)]
    pub json: bool,
    /// Pause so many milliseconds before, after and behind each effect, to watch it or to kill it in the middle
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub slow: u64,
    /// Give up when a system stays away for so many seconds; the same --state goes on later
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
}
