//! The DirSync control (MS-ADTS 3.1.1.3.4.1.3).

use ldap3::{Scope, controls::RawControl};

use super::{Output, Reading, entry};
use crate::{
    ErrorKind, Result,
    change::{
        merged,
        token::{ChangeToken, Position, resync},
    },
    ldap::{
        LdapDirectory, ber,
        connection::{Connection, Question},
        diagnostic,
        entry::Entry,
        extended_dn,
        pool::Lease,
    },
};

const DIRSYNC: &str = "1.2.840.113556.1.4.841";

/// What the account that signs in may see, without the right to replicate (`LDAP_DIRSYNC_OBJECT_SECURITY`).
const OBJECT_SECURITY: i32 = 1;
/// Members that joined and left instead of all (`LDAP_DIRSYNC_INCREMENTAL_VALUES`, 0x80000000): the flags are a signed number on the wire.
const INCREMENTAL_VALUES: i32 = i32::MIN;

/// How much is wanted in one answer.
const MAX_BYTES: i64 = 1 << 20;

/// `busy`, `unavailable`, and what a limit on time or administration gives: they say nothing of the token.
const BUSY: [u32; 4] = [3, 11, 51, 52];
/// `unavailableCriticalExtension`.
const NO_SUCH_CONTROL: u32 = 12;
const FORBIDDEN: u32 = 50;

pub(super) enum Ended {
    Done,
    /// The controller does not do it, or not for this account.
    NotOffered,
}

struct Answer {
    entries: Vec<Entry>,
    more: bool,
    cookie: Vec<u8>,
}

impl LdapDirectory {
    pub(super) async fn by_dirsync(
        &self,
        reading: &mut Reading,
        lease: &mut Lease<'_>,
        token: Option<&ChangeToken>,
        may_fall_back: bool,
        output: &Output<'_>,
    ) -> Result<Ended> {
        let (mut cookie, mut limited, is_full) = match token.map(ChangeToken::content) {
            Some(content) => match &content.position {
                Position::DirSync { cookie, limited } => (cookie.clone(), *limited, content.is_full),
                _ => return Err(resync("the token was given for another source of changes")),
            },
            None => (Vec::new(), false, true),
        };
        let limit = self.core.limits.operation;
        loop {
            let work = async {
                let connection = lease.connection(&reading.call)?;
                let answer = match reading.ask(connection, &cookie, limited).await? {
                    // Without the right to replicate: as far as this account may see.
                    Err(FORBIDDEN) if token.is_none() && !limited => {
                        limited = true;
                        reading.ask(connection, &cookie, limited).await?
                    }
                    answer => answer,
                };
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(code) => return reading.refused(code, &cookie, may_fall_back).map(|()| None),
                };
                if answer.more && answer.entries.is_empty() && answer.cookie == cookie {
                    let error = reading.call.error(ErrorKind::Protocol);
                    return Err(error.with_reason("the pieces of the answer do not end"));
                }
                let call = &reading.call;
                let read = |entry: &Entry| entry::partial(call, entry, &reading.attributes);
                let changes = answer.entries.iter().map(read).collect::<Result<Vec<_>>>()?;
                let mut changes = merged(changes);
                reading.complete(connection, &mut changes).await?;
                Ok(Some((reading.keep(changes, is_full)?, answer.more, answer.cookie)))
            };
            // The limit is for each piece: how long all of it takes depends on who reads it.
            let call = crate::ldap::call::Call::new("changes.list");
            let Some((changes, more, next)) = call.run(limit, work).await? else {
                return Ok(Ended::NotOffered);
            };
            cookie = next;
            // Whoever may replicate sees what was deleted, too.
            reading.sees_deleted |= !limited;
            let token = reading.token(Position::DirSync { cookie: cookie.clone(), limited }, is_full && more);
            if !output.send(reading.batch(changes, token, is_full, !more)).await || !more {
                return Ok(Ended::Done);
            }
        }
    }
}

impl Reading {
    /// One piece, or the code of the refusal.
    async fn ask(
        &self,
        connection: &mut Connection,
        cookie: &[u8],
        limited: bool,
    ) -> Result<Result<Answer, u32>> {
        let flags = INCREMENTAL_VALUES | if limited { OBJECT_SECURITY } else { 0 };
        let value = ber::dirsync_request(flags, MAX_BYTES, cookie);
        let dirsync = RawControl { ctype: DIRSYNC.to_owned(), crit: true, val: Some(value) };
        let (base, filter, names) = (self.domain.to_string(), self.filter()?.to_string(), self.names());
        let question = Question {
            // The head of the domain: nothing else is allowed there.
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &names,
            controls: vec![dirsync, extended_dn::asked()],
            // The cookie is good on every connection.
            repeatable: true,
        };
        let (entries, result) = connection.ask(&self.call, &question).await?;
        if result.rc != 0 {
            if BUSY.contains(&result.rc) {
                return Err(diagnostic::error(&self.call, &result));
            }
            return Ok(Err(result.rc));
        }
        let control = result.ctrls.iter().find(|control| control.1.ctype == DIRSYNC);
        let value = control.and_then(|control| control.1.val.as_deref());
        let broken =
            || self.call.error(ErrorKind::Protocol).with_reason("the answer has no cookie that can be read");
        let (more, cookie) = value.and_then(ber::dirsync_answer).ok_or_else(broken)?;
        Ok(Ok(Answer { entries, more, cookie }))
    }

    /// What a refusal means: without a cookie, that there is no DirSync here; with one, that it is of no use any more.
    fn refused(&self, code: u32, cookie: &[u8], may_fall_back: bool) -> Result<()> {
        if !cookie.is_empty() {
            return Err(match code {
                FORBIDDEN => self.call.error(ErrorKind::Forbidden).with_codes(Some(code), None, None),
                _ => resync("the controller does not take the token any more").with_codes(
                    Some(code),
                    None,
                    None,
                ),
            });
        }
        if may_fall_back {
            tracing::debug!(code, "no DirSync here; reading by update numbers");
            return Ok(());
        }
        let kind = match code {
            FORBIDDEN => ErrorKind::Forbidden,
            NO_SUCH_CONTROL => ErrorKind::Unsupported,
            _ => ErrorKind::Constraint,
        };
        Err(self.call.error(kind).with_codes(Some(code), None, None))
    }
}
