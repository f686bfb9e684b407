-- State of one data centre: what should be, and what was last seen. Times are integer milliseconds, UTC.

-- Raised at every start: a worker refuses orders of an older term, so a master that was thought dead can do no harm.
CREATE TABLE term (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL) STRICT;
INSERT INTO term (id, term) VALUES (1, 0);

CREATE TABLE owners (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  home INTEGER NOT NULL,
  authorized_keys TEXT NOT NULL
) STRICT;

-- Data folders that still have to be removed from a host.
CREATE TABLE home_removals (owner TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (owner, host)) STRICT, WITHOUT ROWID;

CREATE TABLE vclusters (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner_id TEXT NOT NULL REFERENCES owners (id),
  name TEXT NOT NULL,
  image TEXT NOT NULL,
  desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped', 'deleted')),
  generation INTEGER NOT NULL,
  subnet_base INTEGER NOT NULL,
  subnet_prefix INTEGER NOT NULL,
  gateway INTEGER NOT NULL,
  peer_private TEXT NOT NULL,
  peer_public TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  created_at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  UNIQUE (owner_id, name)
) STRICT;
CREATE INDEX vclusters_image ON vclusters (image);

CREATE TABLE nodes (
  id TEXT PRIMARY KEY,
  vcluster TEXT NOT NULL REFERENCES vclusters (id) ON DELETE CASCADE,
  idx INTEGER NOT NULL,
  host TEXT NOT NULL,
  cpu REAL NOT NULL,
  memory INTEGER NOT NULL,
  disk INTEGER NOT NULL,
  address INTEGER NOT NULL UNIQUE,
  mac TEXT NOT NULL UNIQUE,
  desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped', 'gone')),
  -- The generation that last changed what this node should be: older reports can't speak about it.
  since INTEGER NOT NULL,
  -- The operation that added it.
  operation TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  slug TEXT UNIQUE,
  jupyter_token TEXT,
  warm INTEGER NOT NULL DEFAULT 0,
  booted_at INTEGER,
  UNIQUE (vcluster, idx)
) STRICT;
-- Covers the sum of what is promised on each host.
CREATE INDEX nodes_host ON nodes (host, cpu, memory, disk, vcluster);

-- Leases end with the row that holds them, so none can outlive its holder.
-- A subnet is one or more aligned runs of 64 addresses: overlap is impossible by the primary key alone.
CREATE TABLE subnet_leases (
  block INTEGER PRIMARY KEY,
  vcluster TEXT NOT NULL REFERENCES vclusters (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX subnet_leases_vcluster ON subnet_leases (vcluster);
CREATE TABLE vni_leases (
  vni INTEGER PRIMARY KEY CHECK (vni BETWEEN 1 AND 16777215),
  vcluster TEXT NOT NULL UNIQUE REFERENCES vclusters (id) ON DELETE CASCADE
) STRICT;
CREATE TABLE address_leases (
  address INTEGER PRIMARY KEY,
  node TEXT NOT NULL UNIQUE REFERENCES nodes (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE operations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  object TEXT NOT NULL,
  -- Exactly one of these is what it changes.
  vcluster TEXT,
  image TEXT,
  host TEXT,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelling', 'cancelled')),
  -- How it will end once everything is undone; null while it goes forward.
  outcome TEXT CHECK (outcome IN ('failed', 'cancelled')),
  plan TEXT NOT NULL CHECK (plan IN ('boot', 'stop', 'remove', 'build')),
  total INTEGER NOT NULL,
  cancellable INTEGER NOT NULL,
  steps TEXT NOT NULL,
  error TEXT,
  actor TEXT NOT NULL,
  request_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
-- At most one operation changes a vcluster, or builds an image, at any time.
CREATE UNIQUE INDEX operations_active_vcluster ON operations (vcluster) WHERE ended_at IS NULL AND vcluster IS NOT NULL;
CREATE UNIQUE INDEX operations_active_image ON operations (image) WHERE ended_at IS NULL AND image IS NOT NULL;
CREATE INDEX operations_vcluster ON operations (vcluster, seq);
CREATE INDEX operations_owner ON operations (owner, seq);
CREATE INDEX operations_active ON operations (seq) WHERE ended_at IS NULL;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  owner TEXT,
  result TEXT NOT NULL,
  message TEXT NOT NULL,
  request_id TEXT
) STRICT;
CREATE INDEX events_owner ON events (owner, seq);
CREATE INDEX events_object ON events (object, seq);

-- Last reports, as JSON: what is known of a host while it is away.
CREATE TABLE hosts (name TEXT PRIMARY KEY, report TEXT NOT NULL, seen_at INTEGER NOT NULL) STRICT;
CREATE TABLE images (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  report TEXT NOT NULL,
  PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;
-- Recipes that people brought; all others are docklet's own.
CREATE TABLE recipes (name TEXT PRIMARY KEY, recipe TEXT NOT NULL, actor TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE warm_wants (image TEXT PRIMARY KEY, warm INTEGER NOT NULL) STRICT;
