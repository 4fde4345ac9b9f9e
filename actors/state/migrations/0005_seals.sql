-- The tables that don't follow from the audit log: a seal is a checksum of its row, so that a damaged row shows.
-- The function `seal` is of actors/state/seals.py.
ALTER TABLE answered ADD COLUMN seal INTEGER;
ALTER TABLE alerts ADD COLUMN seal INTEGER;
ALTER TABLE alert_channels ADD COLUMN seal INTEGER;
ALTER TABLE job_runs ADD COLUMN seal INTEGER;
UPDATE answered SET seal = seal(request_id, answer, body, at);
UPDATE alerts SET seal = seal(number, alert_id, severity, code, text, cause, at, delivered_at);
UPDATE alert_channels SET seal = seal(alert_id, channel, delivered_at);
UPDATE job_runs SET seal = seal(job, next_run);

-- What was recorded before does not say all that the books hold: state records their rows at its next start.
INSERT INTO system (key, value, at)
SELECT 'books_to_log', 'upgrade', strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now') FROM chain
WHERE head_seq > 0 OR pending_last_seq IS NOT NULL;
