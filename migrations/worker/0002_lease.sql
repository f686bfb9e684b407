-- vclusters whose nodes were taken out of service because the lease from the master had ended, until its next word.
CREATE TABLE lease_holds (
  vcluster TEXT PRIMARY KEY,
  did TEXT NOT NULL CHECK (did IN ('freeze', 'stop')),
  -- JSON: ids of the nodes that should run.
  nodes TEXT NOT NULL,
  -- UTC ms, for people.
  at INTEGER NOT NULL
) STRICT;

-- When each node ran here, and by which order. Times are ms of the clock that also counts while the machine sleeps, and
-- begins anew with each boot; `at` is UTC, for people. "started" is written before, all others after the fact.
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  node TEXT NOT NULL,
  vcluster TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('started', 'ended', 'frozen', 'thawed', 'deleted')),
  term INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  boot TEXT NOT NULL,
  ms INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_node ON runs (node, seq);
