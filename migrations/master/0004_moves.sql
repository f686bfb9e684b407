-- Operations that move nodes and empty hosts. A CHECK can't be changed in place: the table is made anew, rows and all.
CREATE TABLE operations_next (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  object TEXT NOT NULL,
  -- What it changes: a vcluster, an image (then `host` is where it is built), or a host.
  vcluster TEXT,
  image TEXT,
  host TEXT,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelling', 'cancelled')),
  -- How it will end once everything is undone; null while it goes forward.
  outcome TEXT CHECK (outcome IN ('failed', 'cancelled')),
  plan TEXT NOT NULL CHECK (plan IN ('boot', 'stop', 'remove', 'build', 'move', 'drain')),
  total INTEGER NOT NULL,
  cancellable INTEGER NOT NULL,
  steps TEXT NOT NULL,
  error TEXT,
  actor TEXT NOT NULL,
  request_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
INSERT INTO operations_next (seq, id, kind, owner, object, vcluster, image, host, state, outcome, plan, total, cancellable, steps, error, actor, request_id, started_at, ended_at)
  SELECT seq, id, kind, owner, object, vcluster, image, host, state, outcome, plan, total, cancellable, steps, error, actor, request_id, started_at, ended_at FROM operations;
-- Cursors of lists are these numbers: none is given twice, also when the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'operations_next';
INSERT INTO sqlite_sequence (name, seq) SELECT 'operations_next', seq FROM sqlite_sequence WHERE name = 'operations';
DROP TABLE operations;
ALTER TABLE operations_next RENAME TO operations;
CREATE UNIQUE INDEX operations_active_vcluster ON operations (vcluster) WHERE ended_at IS NULL AND vcluster IS NOT NULL;
CREATE UNIQUE INDEX operations_active_image ON operations (image) WHERE ended_at IS NULL AND image IS NOT NULL;
CREATE UNIQUE INDEX operations_active_host ON operations (host) WHERE ended_at IS NULL AND plan = 'drain';
CREATE INDEX operations_vcluster ON operations (vcluster, seq);
CREATE INDEX operations_owner ON operations (owner, seq);
CREATE INDEX operations_active ON operations (seq) WHERE ended_at IS NULL;

-- 1: told to stop, although its vcluster runs; 2: its host has confirmed that it is stopped. 0: it is what it should be.
ALTER TABLE nodes ADD COLUMN hold INTEGER NOT NULL DEFAULT 0 CHECK (hold IN (0, 1, 2));

-- What there is of a node on a host that it is not placed on: where it came from, or where it was given up. The node
-- is only told to run while every copy of it is over.
CREATE TABLE copies (
  node TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  desired TEXT NOT NULL CHECK (desired IN ('stopped', 'gone')),
  -- The generation that last changed what it should be: older reports can't speak about it.
  since INTEGER NOT NULL,
  -- As last reported, and why.
  state TEXT NOT NULL,
  reason TEXT,
  -- It is certain that it does not run.
  over INTEGER NOT NULL CHECK (over IN (0, 1)),
  PRIMARY KEY (node, host)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_host ON copies (host);

-- One row for each node that an operation moves. It stays until the operation ends, and then there is only history.
CREATE TABLE moves (
  -- Names the pictures: no two moves share one.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  operation TEXT NOT NULL,
  node TEXT NOT NULL,
  vcluster TEXT NOT NULL,
  -- For people, also when the node is gone.
  name TEXT NOT NULL,
  from_host TEXT NOT NULL,
  to_host TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('waiting', 'layers', 'copying', 'holding', 'last', 'switched', 'clearing', 'returning', 'undoing', 'moved', 'failed', 'cancelled')),
  -- Pictures taken so far, and the newest that both hosts have.
  round INTEGER NOT NULL DEFAULT 0,
  base TEXT,
  -- Bytes that went over the wire.
  sent INTEGER NOT NULL DEFAULT 0,
  -- When it was held, and how long it was down.
  held_at INTEGER,
  down_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('failed', 'cancelled')),
  -- JSON: why it goes back.
  error TEXT
) STRICT;
CREATE UNIQUE INDEX moves_node ON moves (node) WHERE phase NOT IN ('moved', 'failed', 'cancelled');
CREATE INDEX moves_operation ON moves (operation);
CREATE INDEX moves_vcluster ON moves (vcluster);

-- Pictures of a node's disk that still have to be removed from a host.
CREATE TABLE picture_removals (node TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (node, host)) STRICT, WITHOUT ROWID;
CREATE INDEX picture_removals_host ON picture_removals (host);
