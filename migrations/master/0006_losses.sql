-- What becomes of nodes while their host has lost its master, and whether they are made anew elsewhere.
ALTER TABLE vclusters ADD COLUMN loss_nodes TEXT NOT NULL DEFAULT 'keep' CHECK (loss_nodes IN ('keep', 'freeze', 'stop'));
ALTER TABLE vclusters ADD COLUMN loss_recover TEXT NOT NULL DEFAULT 'wait' CHECK (loss_recover IN ('wait', 'anew'));
-- While its host is away: since when, and what the node waits for, in words. null: the host is here.
ALTER TABLE nodes ADD COLUMN waits TEXT;
CREATE INDEX nodes_waits ON nodes (host) WHERE waits IS NOT NULL;

-- Longest lease that the host may be holding, in ms, by its own word. 0: it has never held one, and nothing ends it.
ALTER TABLE members ADD COLUMN lease_ms INTEGER NOT NULL DEFAULT 0;
-- Since when it is away, UTC ms, as far as the master was there to see it. null: it was here when last looked at.
ALTER TABLE members ADD COLUMN lost_at INTEGER;
