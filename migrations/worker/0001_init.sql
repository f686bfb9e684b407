-- What one host has made: a row before the thing, removed after it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- A container on this host. It exists before it belongs to anybody (warm) and keeps its row until nothing is left of it.
CREATE TABLE instances (
  id            TEXT PRIMARY KEY,
  node          TEXT UNIQUE,
  vcluster      TEXT,
  image         TEXT NOT NULL,
  layers        TEXT NOT NULL,
  id_range      INTEGER NOT NULL UNIQUE,
  slug          TEXT NOT NULL UNIQUE,
  jupyter_token TEXT NOT NULL,
  host_key      TEXT NOT NULL,
  host_key_pub  TEXT NOT NULL,
  warm          INTEGER NOT NULL DEFAULT 0,
  stage         TEXT NOT NULL CHECK (stage IN ('filling', 'warm', 'claimed', 'dying')),
  booted_at     INTEGER,
  created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_vcluster ON instances (vcluster);

-- The newest order of each vcluster. Kept after the last node is gone (body NULL), so that an older order stays refused.
CREATE TABLE orders (
  vcluster   TEXT PRIMARY KEY,
  term       INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  body       TEXT
) STRICT;

CREATE TABLE warm_wanted (image TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
