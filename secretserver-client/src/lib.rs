//! secretserver-client
