//! The numbers that a controller gives to its updates (MS-ADTS 3.1.1.1.9, `uSNChanged`).

use ldap3::Scope;

use super::{Output, Reading, SHOW_DELETED, entry};
use crate::{
    ChangeEvent, ErrorKind, Filter, ObjectChange, Result,
    change::token::{ChangeToken, Position, resync},
    ldap::{
        LdapDirectory,
        call::Call,
        connection::{Connection, optional},
        entry::Entry,
        extended_dn,
        paging::PAGE_SIZE,
        pool::Lease,
        ranged, root,
    },
};

impl LdapDirectory {
    pub(super) async fn by_numbers(
        &self,
        reading: &Reading,
        lease: &mut Lease<'_>,
        token: Option<&ChangeToken>,
        output: &Output<'_>,
    ) -> Result<()> {
        let since = match token.map(ChangeToken::content) {
            Some(content) => {
                let Position::UpdateNumbers(number) = content.position else {
                    return Err(resync("the token was given for another source of changes"));
                };
                let same = content.controller.host.eq_ignore_ascii_case(&reading.controller.host)
                    && content.controller.invocation_id == reading.controller.invocation_id;
                if !same {
                    return Err(resync(
                        "another controller answers than the one that gave the token, or it was restored; its numbers are its own",
                    ));
                }
                number
            }
            None => 0,
        };
        let is_full = since == 0;
        let limit = self.core.limits.operation;
        lease.connection(&reading.call)?.stay();
        // Read first: what changes while this is read is told again next time.
        let highest =
            Call::new("changes.list").run(limit, reading.highest(lease.connection(&reading.call)?)).await?;
        if highest < since {
            return Err(resync("the controller counts less than when it gave the token: it was restored"));
        }
        let newer = Filter::at_least("uSNChanged".parse()?, (since + 1).to_string());
        let living = Filter::all([reading.filter()?, newer.clone()]);
        let deleted = Filter::all([living.clone(), Filter::equals("isDeleted".parse()?, "TRUE")]);
        let mut questions = vec![(living, false)];
        if !is_full {
            questions.push((deleted, true));
        }
        let count = questions.len();
        for (number, (filter, is_deleted)) in questions.into_iter().enumerate() {
            let mut cookie = Vec::new();
            loop {
                let work = async {
                    let connection = lease.connection(&reading.call)?;
                    reading.page(connection, &filter, is_deleted, since, &cookie).await
                };
                let (changes, next) = Call::new("changes.list").run(limit, work).await?;
                let is_last = next.is_empty() && number + 1 == count;
                // The pages are in no order: until the last one is applied, the next reading begins where this one began.
                let position = if is_last { highest } else { since };
                let changes = reading.keep(changes, is_full)?;
                let token = reading.token(Position::UpdateNumbers(position), is_full && !is_last);
                if !output.send(reading.batch(changes, token, is_full, is_last)).await || is_last {
                    return Ok(());
                }
                if next.is_empty() {
                    break;
                }
                cookie = next;
            }
        }
        Ok(())
    }
}

impl Reading {
    /// How far the numbers of the reading's controller have come, told on the connection on which everything else will be asked.
    async fn highest(&self, connection: &mut Connection) -> Result<u64> {
        let names = ["highestCommittedUSN", "dnsHostName"];
        let found = connection.search(&self.call, "", Scope::Base, &root::anything()?, &names).await?;
        let root = found.and_then(|mut entries| entries.pop()).unwrap_or_default();
        let another = |host: &str| !host.eq_ignore_ascii_case(&self.controller.host);
        if root.text("dnshostname").is_some_and(another) {
            let error = self.call.error(ErrorKind::Interrupted).with_subject(&self.controller);
            return Err(error
                .with_reason("it was lost before its numbers were read, and those of another are no help"));
        }
        let number = root.text("highestcommittedusn").and_then(|number| number.parse().ok());
        number.ok_or_else(|| {
            self.call
                .error(ErrorKind::Protocol)
                .with_reason("the controller does not say how far its numbers have come")
        })
    }

    async fn page(
        &self,
        connection: &mut Connection,
        filter: &Filter,
        deleted: bool,
        since: u64,
        cookie: &[u8],
    ) -> Result<(Vec<ObjectChange>, Vec<u8>)> {
        let mut names = self.names();
        names.push("uSNCreated");
        let mut controls = vec![extended_dn::asked()];
        if deleted {
            controls.push(optional(SHOW_DELETED));
        }
        let (base, filter) = (self.domain.to_string(), filter.to_string());
        let size = self.options.page_size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE);
        let page = connection.page(&self.call, &base, &filter, &names, (size, cookie), &controls);
        let (mut entries, next) = page.await?;
        for entry in &mut entries {
            ranged::complete(&self.call, connection, entry, &controls).await?;
        }
        let read = |entry: &Entry| -> Result<ObjectChange> {
            let mut change = entry::whole(&self.call, entry, &self.attributes)?;
            let created: Option<u64> = entry.text("usncreated").and_then(|text| text.parse().ok());
            if change.event != ChangeEvent::Deleted && created.is_some_and(|created| created > since) {
                change.event = ChangeEvent::Added;
            }
            Ok(change)
        };
        Ok((entries.iter().map(read).collect::<Result<Vec<_>>>()?, next))
    }
}
