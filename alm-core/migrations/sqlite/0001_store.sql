-- Format 1.
--
-- Instants are nanoseconds since 1970 UTC, identifiers the 16 bytes of the UUID, hashes 64 hexadecimal digits, bodies JSON.

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    instance BLOB NOT NULL,
    -- The highest that any lease ever had; it only rises.
    epoch INTEGER NOT NULL,
    commits INTEGER NOT NULL
) STRICT;

-- With a rowid: bodies can be long, and pages of keys alone are what lists are read from.
CREATE TABLE record (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE record_index (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (kind, name, value, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_index_of ON record_index (kind, id);

CREATE TABLE due (
    due TEXT NOT NULL,
    at INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (due, at, id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_of ON due (kind, id);

CREATE TABLE unique_name (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    id BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_name_of ON unique_name (kind, id);

CREATE TABLE work (
    saga BLOB PRIMARY KEY,
    domain BLOB NOT NULL,
    ready_at INTEGER NOT NULL,
    -- Of the newest lease, given back or not; 0 before the first.
    epoch INTEGER NOT NULL,
    -- Whose lease it is, and until when; NULL when nobody has it.
    engine BLOB,
    until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX work_ready ON work (domain, ready_at, saga);

CREATE TABLE journal (
    saga BLOB NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (saga, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Apart from the hashed body, so that it can be erased; JSON or NULL.
    personal TEXT
) STRICT;

-- Undelivered events only.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    event BLOB NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_event ON outbox (event);

CREATE TABLE remembered (
    actor BLOB NOT NULL,
    key TEXT NOT NULL,
    command TEXT NOT NULL,
    result TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT;
CREATE INDEX remembered_at ON remembered (at);
