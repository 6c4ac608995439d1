//! Who is told of what, and how: the small rules, delivery, the inbox, e-mail, webhooks and SIEM.

mod delivery;
mod inbox;
mod small;
