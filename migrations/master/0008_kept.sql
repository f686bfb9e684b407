-- 1: its vcluster does not want it kept any more when its host is lost, and its host has not confirmed that it knows.
ALTER TABLE nodes ADD COLUMN kept INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1));
