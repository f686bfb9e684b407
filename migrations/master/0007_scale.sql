-- Whose page of vclusters it is, is asked by name.
CREATE INDEX owners_name ON owners (name);
