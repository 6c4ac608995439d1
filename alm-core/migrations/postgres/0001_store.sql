-- Format 1.
--
-- Instants are nanoseconds since 1970 UTC, hashes 64 hexadecimal digits, bodies JSON. Texts are compared byte by byte, whatever the database's language.

CREATE TABLE meta (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    format BIGINT NOT NULL,
    instance UUID NOT NULL,
    -- The highest that any lease ever had; it only rises. Whoever writes holds the schema's advisory lock.
    epoch BIGINT NOT NULL,
    commits BIGINT NOT NULL
);

CREATE TABLE record (
    kind TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE record_index (
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (kind, name, value, id)
);
CREATE INDEX record_index_of ON record_index (kind, id);

CREATE TABLE due (
    due TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (due, at, id, kind)
);
CREATE INDEX due_of ON due (kind, id);

CREATE TABLE unique_name (
    name TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL
);
CREATE INDEX unique_name_of ON unique_name (kind, id);

CREATE TABLE work (
    saga UUID PRIMARY KEY,
    domain UUID NOT NULL,
    ready_at BIGINT NOT NULL,
    -- Of the newest lease, given back or not; 0 before the first.
    epoch BIGINT NOT NULL,
    -- Whose lease it is, and until when; NULL when nobody has it.
    engine UUID,
    until BIGINT
);
CREATE INDEX work_ready ON work (domain, ready_at, saga);

CREATE TABLE journal (
    saga UUID NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (saga, seq)
);

CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Apart from the hashed body, so that it can be erased; JSON or NULL.
    personal TEXT
);

-- Undelivered events only. Numbers are given under the schema's advisory lock, so their order is that of the commits.
CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event UUID NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX outbox_event ON outbox (event);

CREATE TABLE remembered (
    actor UUID NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    command TEXT NOT NULL,
    result TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX remembered_at ON remembered (at);

CREATE TABLE delivery (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination UUID NOT NULL,
    event UUID NOT NULL,
    -- What the event is about, and where it stands among the events of that account; NULL where there is no order.
    account UUID,
    version BIGINT NOT NULL,
    -- waiting, delivered or dead.
    state TEXT COLLATE "C" NOT NULL,
    ready_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    round BIGINT NOT NULL,
    after_gap BIGINT NOT NULL,
    note TEXT,
    body TEXT NOT NULL,
    UNIQUE (destination, event)
);
CREATE INDEX delivery_ready ON delivery (destination, state, ready_at, seq);
CREATE INDEX delivery_list ON delivery (destination, state, seq);
CREATE INDEX delivery_order ON delivery (destination, account, version, seq) WHERE state <> 'delivered';
CREATE INDEX delivery_at ON delivery (state, at);
