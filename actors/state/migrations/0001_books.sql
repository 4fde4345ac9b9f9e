-- Times are ISO 8601 in UTC with microseconds, money is decimal text, lists and plans are JSON.

CREATE TABLE system (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the audit chain ends: the head was acknowledged; pending is committed and may or may not be in the file.
CREATE TABLE chain (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    head_seq INTEGER NOT NULL CHECK (head_seq >= 0),
    head_hash TEXT NOT NULL CHECK (length(head_hash) = 64),
    file TEXT,
    file_bytes INTEGER NOT NULL CHECK (file_bytes >= 0),
    pending_first_seq INTEGER,
    pending_last_seq INTEGER,
    pending_last_hash TEXT,
    pending_file TEXT,
    pending_offset INTEGER,
    pending_payload BLOB
) STRICT;

CREATE TABLE answered (
    request_id TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_at ON answered (at);

CREATE TABLE cycles (
    cycle_id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    slot TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    outcome TEXT,
    reasons TEXT NOT NULL DEFAULT '[]',
    UNIQUE (job, slot),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX cycles_open ON cycles (slot) WHERE outcome IS NULL;

CREATE TABLE decisions (
    decision_id INTEGER PRIMARY KEY,
    cycle_id TEXT NOT NULL REFERENCES cycles,
    at TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_cycle ON decisions (cycle_id);

CREATE TABLE proposals (
    proposal_id TEXT PRIMARY KEY,
    cycle_id TEXT NOT NULL REFERENCES cycles,
    created_at TEXT NOT NULL,
    plan TEXT NOT NULL
) STRICT;

-- Sizes and money are not here: they are sums over fills, deliveries and cash flows.
CREATE TABLE positions (
    position_id TEXT PRIMARY KEY REFERENCES proposals (proposal_id),
    state TEXT NOT NULL CHECK (
        state IN ('proposed', 'awaiting_fill', 'open', 'closing', 'closed', 'cancelled')
    ),
    entered_at TEXT,
    closed_at TEXT,
    exit_rule TEXT
) STRICT;
CREATE INDEX positions_live ON positions (state) WHERE state NOT IN ('closed', 'cancelled');

CREATE TABLE instructions (
    label TEXT PRIMARY KEY CHECK (length(label) <= 64),
    proposal_id TEXT NOT NULL REFERENCES positions (position_id),
    cycle_id TEXT REFERENCES cycles,
    kind TEXT NOT NULL CHECK (kind IN ('entry', 'exit')),
    attempt INTEGER NOT NULL,
    legs TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    limit_eth TEXT NOT NULL,
    reduce_only INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
    valid_until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    exit_rule TEXT
) STRICT;
CREATE INDEX instructions_proposal ON instructions (proposal_id);
CREATE INDEX instructions_cycle ON instructions (cycle_id);

CREATE TABLE orders (
    label TEXT PRIMARY KEY REFERENCES instructions,
    state TEXT NOT NULL CHECK (
        state IN (
            'intended', 'sent', 'working', 'cancel_pending', 'filled', 'cancelled', 'rejected', 'unknown',
            'not_placed'
        )
    ),
    order_id TEXT,
    amount INTEGER NOT NULL,
    filled_amount INTEGER NOT NULL DEFAULT 0 CHECK (filled_amount >= 0),
    limit_eth TEXT NOT NULL,
    average_price_eth TEXT,
    reason TEXT,
    sent_at TEXT,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX orders_live ON orders (state)
WHERE state IN ('intended', 'sent', 'working', 'cancel_pending', 'unknown');
CREATE INDEX orders_sent ON orders (sent_at);

CREATE TABLE fills (
    trade_id TEXT PRIMARY KEY,
    label TEXT NOT NULL REFERENCES orders,
    instrument_name TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    amount INTEGER NOT NULL CHECK (amount > 0),
    price_eth TEXT NOT NULL,
    fee_eth TEXT NOT NULL,
    index_usd TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX fills_label ON fills (label);

CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,
    position_id TEXT NOT NULL REFERENCES positions,
    instrument_name TEXT NOT NULL,
    delivery_price_usd TEXT NOT NULL,
    size INTEGER NOT NULL,
    cash_flow_eth TEXT NOT NULL,
    fee_eth TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_position ON deliveries (position_id);

CREATE TABLE cash_flows (
    ref TEXT PRIMARY KEY,
    position_id TEXT NOT NULL REFERENCES positions,
    kind TEXT NOT NULL CHECK (kind IN ('premium', 'fee', 'settlement', 'settlement_fee')),
    amount_eth TEXT NOT NULL,
    index_usd TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX cash_flows_position ON cash_flows (position_id);

CREATE TABLE alerts (
    number INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL UNIQUE,
    severity TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    cause TEXT NOT NULL,
    at TEXT NOT NULL,
    delivered_at TEXT
) STRICT;
CREATE INDEX alerts_undelivered ON alerts (number) WHERE delivered_at IS NULL;

CREATE TABLE inbox (
    number INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    message TEXT NOT NULL,
    body TEXT NOT NULL,
    who TEXT NOT NULL,
    done_at TEXT,
    answer TEXT
) STRICT;
CREATE INDEX inbox_open ON inbox (number) WHERE done_at IS NULL;

CREATE TABLE job_runs (
    job TEXT PRIMARY KEY,
    next_run TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kill_switch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    armed INTEGER NOT NULL CHECK (armed IN (0, 1)),
    causes TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

-- The chain starts at genesis: no record, and 64 zeros as the hash.
INSERT INTO chain (one, head_seq, head_hash, file, file_bytes)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', NULL, 0);
