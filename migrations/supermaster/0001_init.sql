-- People, what they may have, and what they have been promised. Times are integer milliseconds since 1970, UTC.
-- Secrets are kept as sha256 of 256 random bits (sessions, tokens, grants) or as argon2id (passwords): never as they are.

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE groups (
  name       TEXT PRIMARY KEY,
  cpu        REAL    NOT NULL CHECK (cpu >= 0),
  memory     INTEGER NOT NULL CHECK (memory >= 0),
  disk       INTEGER NOT NULL CHECK (disk >= 0),
  nodes      INTEGER NOT NULL CHECK (nodes >= 0),
  vclusters  INTEGER NOT NULL CHECK (vclusters >= 0),
  home       INTEGER NOT NULL CHECK (home >= 0),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id                   TEXT PRIMARY KEY CHECK (length(id) = 6),
  name                 TEXT    NOT NULL UNIQUE,
  role                 TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
  group_name           TEXT    NOT NULL REFERENCES groups (name),
  full_name            TEXT    NOT NULL,
  password             TEXT    NOT NULL,
  disabled             INTEGER NOT NULL DEFAULT 0,
  must_change_password INTEGER NOT NULL DEFAULT 0,
  -- 0: keys or data-folder quota changed and the master has not been told yet.
  synced               INTEGER NOT NULL DEFAULT 1,
  created_at           INTEGER NOT NULL,
  last_login_at        INTEGER
) STRICT;
CREATE INDEX users_group ON users (group_name);

-- Ids of deleted people: they name data folders, so they are never given out again.
CREATE TABLE retired_users (
  id         TEXT PRIMARY KEY,
  name       TEXT    NOT NULL,
  deleted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  hash         BLOB    NOT NULL UNIQUE,
  user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  address      TEXT    NOT NULL,
  agent        TEXT    NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tokens (
  id           TEXT PRIMARY KEY,
  hash         BLOB    NOT NULL UNIQUE,
  user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name         TEXT    NOT NULL,
  -- A comma-separated part of read,write,admin.
  scopes       TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE ssh_keys (
  id          TEXT PRIMARY KEY,
  user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name        TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL,
  line        TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (user_id, fingerprint)
) STRICT;

-- What each vcluster has been promised. Use is always the sum over these rows, never a counter.
-- cpu, memory and disk are totals over its nodes; size_* is the size of the next node that is added.
CREATE TABLE allocations (
  id          TEXT PRIMARY KEY,
  owner_id    TEXT    NOT NULL REFERENCES users (id),
  name        TEXT    NOT NULL,
  image       TEXT    NOT NULL,
  nodes       INTEGER NOT NULL CHECK (nodes >= 1),
  cpu         REAL    NOT NULL,
  memory      INTEGER NOT NULL,
  disk        INTEGER NOT NULL,
  size_cpu    REAL    NOT NULL,
  size_memory INTEGER NOT NULL,
  size_disk   INTEGER NOT NULL,
  -- 1: its nodes run or are about to; only then cpu and memory count.
  active      INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('reserved', 'confirmed')),
  request_id  TEXT    NOT NULL,
  -- Idempotency-Key of the request that made it: asked again after a crash, it finds this row.
  idem_key    TEXT,
  created_at  INTEGER NOT NULL,
  UNIQUE (owner_id, name),
  UNIQUE (owner_id, idem_key)
) STRICT;

-- Cookies of workspaces. Without session and token it was opened over the root-only socket.
CREATE TABLE grants (
  id           TEXT PRIMARY KEY,
  hash         BLOB    NOT NULL UNIQUE,
  user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  session_id   TEXT REFERENCES sessions (id) ON DELETE CASCADE,
  token_id     TEXT REFERENCES tokens (id) ON DELETE CASCADE,
  vcluster_id  TEXT    NOT NULL REFERENCES allocations (id) ON DELETE CASCADE,
  slug         TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_token ON grants (token_id);
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_vcluster ON grants (vcluster_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE idempotency (
  user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL,
  status      INTEGER NOT NULL,
  -- NULL: the answer carried a secret, which is not kept.
  body        TEXT,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE events (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  action     TEXT    NOT NULL,
  object     TEXT    NOT NULL,
  owner      TEXT,
  result     TEXT    NOT NULL CHECK (result IN ('ok', 'failed', 'denied', 'info')),
  message    TEXT    NOT NULL,
  request_id TEXT
) STRICT;
CREATE INDEX events_owner ON events (owner, seq);
CREATE INDEX events_object ON events (object, seq);
