-- Which armings of the KILL file the last disarming takes away, by their ids. If a crash cuts a disarming short, the
-- next start knows by them whether what is left of the file was disarmed.
ALTER TABLE kill_switch ADD COLUMN disarms TEXT NOT NULL DEFAULT '[]';
