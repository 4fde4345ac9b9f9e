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
