-- Disposable: deleting the file loses an hour of charts and nothing else.
CREATE TABLE samples (node TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (node, at)) STRICT, WITHOUT ROWID;
CREATE INDEX samples_at ON samples (at);
