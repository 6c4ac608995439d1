//! Every statement that runs more than once, in words that all databases here understand. A test asks each database for the plan of each: none may
//! read a whole table.

macro_rules! statements {
    ($($name:ident = $text:literal;)+) => {
        $(pub(super) const $name: &str = $text;)+
        #[cfg(test)]
        pub(in crate::adapter) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
    };
}

statements! {
    META = "SELECT instance, commits FROM meta WHERE one = 1";
    LOAD = "SELECT id, version, body FROM record WHERE kind = $1 AND id = $2";
    LIST = "SELECT id, version, body FROM record WHERE kind = $1 AND id >= $2 ORDER BY id LIMIT $3";
    COUNT = "SELECT count(*) FROM record_index WHERE kind = $1 AND name = $2 AND value = $3";
    HOLDER = "SELECT kind, id FROM unique_name WHERE name = $1";
    DUE = "SELECT kind, id, at FROM due WHERE due = $1 AND at <= $2 ORDER BY at, id, kind LIMIT $3";
    COUNT_DUE = "SELECT count(*) FROM due WHERE due = $1 AND at <= $2";
    NEXT_READY = "SELECT min(ready_at) FROM work WHERE domain = $1";
    JOURNAL = "SELECT seq, body FROM journal WHERE saga = $1 ORDER BY seq";
    REMEMBERED = "SELECT command, result, at FROM remembered WHERE actor = $1 AND key = $2";
    AUDIT = "SELECT seq, prev, hash, body, personal FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2";
    AUDIT_HEAD = "SELECT seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    UNDELIVERED = "SELECT body FROM outbox WHERE seq > 0 ORDER BY seq LIMIT $1";

    SAVE_COUNTERS = "UPDATE meta SET epoch = $1, commits = $2 WHERE one = 1";

    VERSION = "SELECT version FROM record WHERE kind = $1 AND id = $2";
    INSERT = "INSERT INTO record (kind, id, version, body) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING";
    UPDATE = "UPDATE record SET version = version + 1, body = $4 WHERE kind = $1 AND id = $2 AND version = $3";
    REMOVE = "DELETE FROM record WHERE kind = $1 AND id = $2 AND version = $3";
    WITHDRAW_INDEXES = "DELETE FROM record_index WHERE kind = $1 AND id = $2";
    WITHDRAW_DUE = "DELETE FROM due WHERE kind = $1 AND id = $2";
    WITHDRAW_NAMES = "DELETE FROM unique_name WHERE kind = $1 AND id = $2";
    TAKE_NAME = "INSERT INTO unique_name (name, kind, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    QUEUE = "INSERT INTO work (saga, domain, ready_at, epoch) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (saga) DO UPDATE SET domain = excluded.domain, ready_at = excluded.ready_at \
             RETURNING CAST(CASE WHEN engine IS NULL THEN 1 ELSE 0 END AS BIGINT)";
    UNQUEUE = "DELETE FROM work WHERE saga = $1";
    APPEND = "INSERT INTO journal (saga, seq, body) SELECT $1, $2, $3 \
              WHERE $2 = 1 + (SELECT coalesce(max(seq), 0) FROM journal WHERE saga = $1)";
    LAST_PLACE = "SELECT coalesce(max(seq), 0) FROM journal WHERE saga = $1";
    REMEMBER = "INSERT INTO remembered (actor, key, command, result, at) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT DO NOTHING";
    FORGET = "DELETE FROM remembered WHERE (actor, key) IN \
              (SELECT actor, key FROM remembered WHERE at < $1 ORDER BY at LIMIT 1000)";
    DELIVERED = "DELETE FROM outbox WHERE event = $1";

    DELIVERY_QUEUE = "INSERT INTO delivery \
                      (destination, event, account, version, state, ready_at, at, attempts, round, after_gap, body) \
                      VALUES ($1, $2, $3, $4, 'waiting', $5, $5, 0, 0, 0, $6) ON CONFLICT DO NOTHING";
    DELIVERY_SETTLE = "UPDATE delivery SET state = $4, ready_at = $5, at = $6, round = $7, note = $8 \
                       WHERE destination = $1 AND event = $2 AND attempts = $3";
    DELIVERY_FORGET = "DELETE FROM delivery WHERE destination = $1";
    DELIVERY_READY = "SELECT d.seq, CAST(CASE WHEN EXISTS (SELECT 1 FROM delivery AS e \
                          WHERE e.destination = d.destination AND e.account = d.account AND e.state <> 'delivered' \
                          AND (e.version, e.seq) < (d.version, d.seq) AND e.state = 'dead') \
                          THEN 1 ELSE 0 END AS BIGINT) \
                      FROM delivery AS d WHERE d.destination = $1 AND d.state = 'waiting' AND d.ready_at <= $2 \
                      AND NOT EXISTS (SELECT 1 FROM delivery AS e \
                          WHERE e.destination = d.destination AND e.account = d.account AND e.state <> 'delivered' \
                          AND (e.version, e.seq) < (d.version, d.seq) \
                          AND (e.state = 'waiting' OR (e.state = 'dead' AND e.ready_at > $2))) \
                      ORDER BY d.ready_at, d.seq LIMIT $3";
    DELIVERY_CLAIM = "UPDATE delivery SET attempts = attempts + 1, round = round + 1, ready_at = $2, after_gap = $3 \
                      WHERE seq = $1 \
                      RETURNING seq, destination, body, state, attempts, round, ready_at, at, after_gap, note";
    DELIVERIES = "SELECT seq, destination, body, state, attempts, round, ready_at, at, after_gap, note FROM delivery \
                  WHERE destination = $1 AND state = $2 AND seq > $3 ORDER BY seq LIMIT $4";
    DELIVERY_AGE = "DELETE FROM delivery WHERE seq IN \
                    (SELECT seq FROM delivery WHERE state = $1 AND at < $2 ORDER BY at LIMIT 1000)";

    EPOCH = "SELECT epoch FROM work WHERE saga = $1";
    LEASE = "UPDATE work SET engine = $2, epoch = $3, until = $4 WHERE saga = $1";
    RENEW = "UPDATE work SET until = $4 WHERE saga = $1 AND epoch = $2 AND engine = $3";
    RELEASE = "UPDATE work SET engine = NULL, until = NULL WHERE saga = $1 AND epoch = $2 AND engine IS NOT NULL \
               RETURNING ready_at";
}

/// The beginnings of statements that write many rows at once; see [`super::transaction::Transaction::insert_rows`].
pub(super) const INDEX_ROWS: &str = "INSERT INTO record_index (kind, name, value, id) VALUES ";
pub(super) const DUE_ROWS: &str = "INSERT INTO due (due, at, id, kind) VALUES ";
pub(super) const AUDIT_ROWS: &str = "INSERT INTO audit (seq, prev, hash, body, personal) VALUES ";
pub(super) const OUTBOX_ROWS: &str = "INSERT INTO outbox (event, body) VALUES ";
