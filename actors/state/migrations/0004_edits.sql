-- Every price that an edit was permitted, on record before the edit is sent. An order that the venue shows is
-- taken for ours only at a price that was permitted under its label.
CREATE TABLE edits (
    key TEXT PRIMARY KEY,
    label TEXT NOT NULL REFERENCES orders,
    number INTEGER NOT NULL CHECK (number > 0),
    limit_eth TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (label, number)
) STRICT;
CREATE INDEX edits_at ON edits (at);
