-- Hosts that joined with a token. The host of the master's own process is not among them.
CREATE TABLE join_tokens (
  id TEXT PRIMARY KEY,
  -- Of the secret: whoever reads this database can't join with it.
  hash TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('master', 'worker')),
  uses INTEGER NOT NULL CHECK (uses > 0),
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE members (
  -- Never used again, and in every certificate of the host.
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('master', 'worker')),
  token TEXT NOT NULL REFERENCES join_tokens (id),
  -- Of the key with which it joined: asking again with the same key is the same join, whose answer was lost.
  join_key TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  -- Kept, so that a host that comes back is told what happened.
  removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX members_name ON members (name) WHERE removed_at IS NULL;
CREATE INDEX members_token ON members (token);

-- Certificates that are good. What is not here is refused, whatever it says of itself.
CREATE TABLE host_certificates (
  serial TEXT PRIMARY KEY,
  member TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX host_certificates_member ON host_certificates (member);

-- Hosts that were removed while nodes were still placed on them: those nodes can only be deleted.
CREATE TABLE removed_hosts (name TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
