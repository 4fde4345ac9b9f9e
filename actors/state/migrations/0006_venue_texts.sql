-- What venues and tool servers said in their own words. Audit records and rows of the books hold the SHA-256 of such a
-- text in its place, so that the texts can be cleared. `at` is when it was said last.
CREATE TABLE venue_texts (
    sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    text TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX venue_texts_at ON venue_texts (at);
