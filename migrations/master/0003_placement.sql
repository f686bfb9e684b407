-- What admins set for a host. It ends with the host.
CREATE TABLE host_settings (
  name TEXT PRIMARY KEY,
  cordoned INTEGER NOT NULL DEFAULT 0 CHECK (cordoned IN (0, 1)),
  -- JSON: {"disk": "fast"}
  labels TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

-- As asked for, as JSON; what was left out by default is left out here.
ALTER TABLE vclusters ADD COLUMN placement TEXT NOT NULL DEFAULT '{}';
-- Why the node was placed on its host, in words. null: placed before this was kept.
ALTER TABLE nodes ADD COLUMN why TEXT;

-- What live rows promise on each host, so that placing one node does not cost a look at all of them. Nobody writes it
-- but the triggers below, in the very transaction that changes the rows: it always equals their sum. cpu in thousandths
-- of a core: whole numbers come out the same in whatever order they are added.
CREATE TABLE promised (
  host TEXT PRIMARY KEY,
  cpu INTEGER NOT NULL,
  memory INTEGER NOT NULL,
  disk INTEGER NOT NULL,
  nodes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO promised (host, cpu, memory, disk, nodes)
  SELECT host, sum(CAST(round(cpu * 1000) AS INTEGER)), sum(memory), sum(disk), count(*) FROM nodes GROUP BY host;

CREATE TRIGGER nodes_promise AFTER INSERT ON nodes BEGIN
  INSERT INTO promised (host, cpu, memory, disk, nodes)
    VALUES (NEW.host, CAST(round(NEW.cpu * 1000) AS INTEGER), NEW.memory, NEW.disk, 1)
    ON CONFLICT (host) DO UPDATE SET cpu = cpu + excluded.cpu, memory = memory + excluded.memory,
      disk = disk + excluded.disk, nodes = nodes + 1;
END;
CREATE TRIGGER nodes_release AFTER DELETE ON nodes BEGIN
  UPDATE promised SET cpu = cpu - CAST(round(OLD.cpu * 1000) AS INTEGER), memory = memory - OLD.memory,
    disk = disk - OLD.disk, nodes = nodes - 1 WHERE host = OLD.host;
  DELETE FROM promised WHERE host = OLD.host AND nodes = 0;
END;
CREATE TRIGGER nodes_repromise AFTER UPDATE OF host, cpu, memory, disk ON nodes BEGIN
  INSERT INTO promised (host, cpu, memory, disk, nodes)
    VALUES (NEW.host, CAST(round(NEW.cpu * 1000) AS INTEGER), NEW.memory, NEW.disk, 1)
    ON CONFLICT (host) DO UPDATE SET cpu = cpu + excluded.cpu, memory = memory + excluded.memory,
      disk = disk + excluded.disk, nodes = nodes + 1;
  UPDATE promised SET cpu = cpu - CAST(round(OLD.cpu * 1000) AS INTEGER), memory = memory - OLD.memory,
    disk = disk - OLD.disk, nodes = nodes - 1 WHERE host = OLD.host;
  DELETE FROM promised WHERE host = OLD.host AND nodes = 0;
END;
