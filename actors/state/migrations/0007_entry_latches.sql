-- What blocks entries until a person resumes them, one row for each source. `word` is the number of the inbox row that
-- set or lifted the latch, or of the last one before it: of a pause and a resumption the later one counts, in whatever
-- order they are delivered. `resumed_at` is when a person last lifted it.
CREATE TABLE entry_latches (
    source TEXT PRIMARY KEY,
    latched INTEGER NOT NULL CHECK (latched IN (0, 1)),
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    word INTEGER NOT NULL CHECK (word >= 0),
    resumed_at TEXT
) STRICT, WITHOUT ROWID;
