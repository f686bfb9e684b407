-- Where the data folder of each person lies: on exactly one host, or in the shared file system.
CREATE TABLE homes (
  owner TEXT PRIMARY KEY,
  -- Name of a host; '*': the shared file system.
  host TEXT NOT NULL,
  -- It is on its way to this host: until it is there, nobody may have it.
  moving_to TEXT,
  -- Name of the picture that travels. Kept after the folder has arrived, until the picture is dropped.
  picture TEXT,
  -- All of it is there, and may be the folder itself by now: there is no way back any more.
  adopting INTEGER NOT NULL DEFAULT 0,
  -- The person was removed, and the folder is to go as well.
  leaving INTEGER NOT NULL DEFAULT 0,
  -- Of one that is shared: to which ids its files belong.
  id_range INTEGER UNIQUE,
  CHECK ((host = '*') = (id_range IS NOT NULL)),
  CHECK (moving_to IS NULL OR (picture IS NOT NULL AND moving_to NOT IN (host, '*') AND host <> '*'))
) STRICT;
CREATE INDEX homes_host ON homes (host);
CREATE INDEX homes_moving ON homes (owner) WHERE picture IS NOT NULL;

-- Of those who have nodes: where their oldest one is. Until now every host had a folder of its own for everybody.
INSERT INTO homes (owner, host)
SELECT v.owner_id, n.host FROM nodes n JOIN vclusters v ON v.id = n.vcluster
WHERE n.id = (
  SELECT n2.id FROM nodes n2 JOIN vclusters v2 ON v2.id = n2.vcluster
  WHERE v2.owner_id = v.owner_id ORDER BY v2.seq, n2.idx LIMIT 1
);
-- Of the others: on the master's own host.
INSERT INTO homes (owner, host)
SELECT o.id, h.name FROM owners o,
  (SELECT name FROM hosts WHERE name NOT IN (SELECT name FROM members) ORDER BY seen_at DESC LIMIT 1) h
WHERE o.id NOT IN (SELECT owner FROM homes);

-- The shared file system, once this data centre has one.
CREATE TABLE shared_files (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- Written there as well: by it a host knows the right one.
  token TEXT NOT NULL,
  -- What was written there last: for a while after a restart, hosts that see it see the right one.
  nonce TEXT,
  -- Since when people's folders lie there: from then on a host without it is of no use.
  adopted_at INTEGER
) STRICT;
