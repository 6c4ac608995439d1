//! Who is told of what, and how: the small rules, delivery, the inbox, e-mail, webhooks and SIEM.

mod audit_feed;
mod delivery;
mod email;
mod inbox;
mod siem;
mod sink;
mod small;
mod smtp_server;
mod tls;
mod web_server;
mod webhook;
