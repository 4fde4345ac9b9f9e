-- The highest number that an alert was given, so that the last alerts can't be deleted without a trace.
CREATE TABLE alert_numbers (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    highest INTEGER NOT NULL CHECK (highest >= 0),
    seal INTEGER
) STRICT;
INSERT INTO alert_numbers (one, highest, seal)
SELECT 1, highest, seal(1, highest) FROM (SELECT coalesce(max(number), 0) AS highest FROM alerts);
