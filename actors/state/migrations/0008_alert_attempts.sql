-- tried_at: when a channel was about to be tried with an alert for the first time. A life that finds it without
-- delivered_at can't know whether the channel has taken it. parked_at: the channel refuses it for good.
ALTER TABLE alert_channels RENAME TO alert_channels_before;
DROP INDEX alert_channels_undelivered;
CREATE TABLE alert_channels (
    alert_id TEXT NOT NULL REFERENCES alerts (alert_id),
    channel TEXT NOT NULL,
    delivered_at TEXT,
    tried_at TEXT,
    parked_at TEXT,
    seal INTEGER,
    PRIMARY KEY (alert_id, channel)
) STRICT, WITHOUT ROWID;
-- A row that was damaged before stays known as damaged.
INSERT INTO alert_channels (alert_id, channel, delivered_at, seal)
SELECT
    alert_id, channel, delivered_at,
    CASE WHEN seal = seal(alert_id, channel, delivered_at)
    THEN seal(alert_id, channel, delivered_at, NULL, NULL) END
FROM alert_channels_before;
DROP TABLE alert_channels_before;
CREATE INDEX alert_channels_undelivered ON alert_channels (channel, alert_id)
WHERE delivered_at IS NULL AND parked_at IS NULL;
