-- Each alert and the channels that it goes to; delivered_at is NULL until the channel has taken it.
-- alerts.delivered_at is the time when the last of its channels took it (at once, if there are none).
CREATE TABLE alert_channels (
    alert_id TEXT NOT NULL REFERENCES alerts (alert_id),
    channel TEXT NOT NULL,
    delivered_at TEXT,
    PRIMARY KEY (alert_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_channels_undelivered ON alert_channels (channel, alert_id) WHERE delivered_at IS NULL;

-- Until now there was one channel, and it was Telegram.
INSERT INTO alert_channels (alert_id, channel) SELECT alert_id, 'telegram' FROM alerts WHERE delivered_at IS NULL;
DROP INDEX alerts_undelivered;
