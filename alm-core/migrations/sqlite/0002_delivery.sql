-- Format 2: events on their way to destinations.

CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY,
    destination BLOB NOT NULL,
    event BLOB NOT NULL,
    -- What the event is about, and where it stands among the events of that account; NULL where there is no order.
    account BLOB,
    version INTEGER NOT NULL,
    -- waiting, delivered or dead.
    state TEXT NOT NULL,
    ready_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    round INTEGER NOT NULL,
    after_gap INTEGER NOT NULL,
    note TEXT,
    body TEXT NOT NULL,
    UNIQUE (destination, event)
) STRICT;
CREATE INDEX delivery_ready ON delivery (destination, state, ready_at, seq);
CREATE INDEX delivery_list ON delivery (destination, state, seq);
CREATE INDEX delivery_order ON delivery (destination, account, version, seq) WHERE state <> 'delivered';
CREATE INDEX delivery_at ON delivery (state, at);
