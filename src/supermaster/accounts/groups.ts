import type { z } from "zod";
import type { Group, GroupCreate, GroupPatch, Quota } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { isUniqueViolation, type Reader, type Tx } from "../../store/store.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import type { Owners } from "./owners.ts";

export const DEFAULT_GROUP = "default";
export const ADMIN_GROUP = "admins";

/** What a group allows when nobody says otherwise. */
const DEFAULT_QUOTA: Quota = { cpu: 16, memory: 32_768, disk: 409_600, nodes: 32, vclusters: 10, home: 10_240 };
/** More than any single host has: what admins do is bounded by the machines. */
const ADMIN_QUOTA: Quota = {
  cpu: 10_000,
  memory: 100_000_000,
  disk: 1_000_000_000,
  nodes: 10_000,
  vclusters: 1000,
  home: 102_400,
};

type Row = Quota & { name: string; created_at: number; members: number };

const toGroup = ({ name, created_at, members, ...quota }: Row): Group => ({
  name,
  quota,
  members,
  createdAt: created_at,
});

const SELECT = `SELECT g.name, g.cpu, g.memory, g.disk, g.nodes, g.vclusters, g.home, g.created_at,
  (SELECT count(*) FROM users u WHERE u.group_name = g.name) AS members FROM groups g`;

export function quotaOf(db: Reader, group: string): Quota {
  const row = db.get<Quota>("SELECT cpu, memory, disk, nodes, vclusters, home FROM groups WHERE name = ?", [group]);
  if (!row) throw new DockletError("not_found", `There is no group "${group}".`, "List them with GET /api/v1/groups.");
  return row;
}

/** The two groups that every installation starts with. */
export function makeFirstGroups(tx: Tx, now: number): void {
  for (const [name, quota] of [
    [DEFAULT_GROUP, DEFAULT_QUOTA],
    [ADMIN_GROUP, ADMIN_QUOTA],
  ] as const) {
    tx.run(
      "INSERT INTO groups VALUES ($name, $cpu, $memory, $disk, $nodes, $vclusters, $home, $now) ON CONFLICT DO NOTHING",
      { name, now, ...quota },
    );
  }
}

/** Groups of quota. */
export class Groups {
  constructor(
    readonly base: Base,
    readonly owners: Owners,
  ) {}

  list(): Group[] {
    return this.base.store.all<Row>(`${SELECT} ORDER BY g.name`).map(toGroup);
  }

  one(name: string): Group {
    const row = this.base.store.get<Row>(`${SELECT} WHERE g.name = ?`, [name]);
    if (!row) throw new DockletError("not_found", `There is no group "${name}".`, "List them with GET /api/v1/groups.");
    return toGroup(row);
  }

  create(ask: Ask, body: z.output<typeof GroupCreate>): Group {
    const now = this.base.clock.now();
    try {
      this.base.store.write((tx) => {
        tx.run("INSERT INTO groups VALUES ($name, $cpu, $memory, $disk, $nodes, $vclusters, $home, $now)", {
          ...DEFAULT_QUOTA,
          ...body.quota,
          name: body.name,
          now,
        });
        record(this.base, tx, now, ask.deed("group.create", body.name, null, "made the group"));
      });
    } catch (e) {
      if (!isUniqueViolation(e)) throw e;
      throw new DockletError(
        "conflict",
        `There is a group "${body.name}" already.`,
        "Choose another name, or change it.",
      );
    }
    return this.one(body.name);
  }

  async patch(ask: Ask, name: string, body: z.output<typeof GroupPatch>): Promise<Group> {
    const now = this.base.clock.now();
    const members = this.base.store.write((tx) => {
      const old = quotaOf(tx, name);
      const quota = { ...old, ...body.quota };
      tx.run(
        "UPDATE groups SET cpu = $cpu, memory = $memory, disk = $disk, nodes = $nodes, vclusters = $vclusters, home = $home WHERE name = $name",
        { ...quota, name },
      );
      const ids = tx.all<{ id: string }>("SELECT id FROM users WHERE group_name = ?", [name]).map((r) => r.id);
      for (const id of ids) {
        if (quota.home !== old.home) this.owners.changed(tx, id);
        else tx.afterCommit(() => this.base.hub.meChanged(id));
      }
      const what = Object.entries(body.quota).map(([k, v]) => `${k} = ${v}`);
      record(this.base, tx, now, ask.deed("group.update", name, null, `set ${what.join(", ") || "nothing"}`));
      return quota.home === old.home ? [] : ids;
    });
    for (const id of members) await this.owners.push(id);
    return this.one(name);
  }

  remove(ask: Ask, name: string): void {
    if (name === DEFAULT_GROUP || name === ADMIN_GROUP) {
      throw new DockletError("conflict", `The group "${name}" is always there.`, "Change its quota instead.");
    }
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      quotaOf(tx, name);
      const { n } = tx.get<{ n: number }>("SELECT count(*) AS n FROM users WHERE group_name = ?", [name])!;
      if (n > 0) {
        throw new DockletError(
          "conflict",
          `The group "${name}" still has ${n} ${n === 1 ? "member" : "members"}.`,
          "Move them to another group first.",
        );
      }
      tx.run("DELETE FROM groups WHERE name = ?", [name]);
      record(this.base, tx, now, ask.deed("group.delete", name, null, "deleted the group"));
    });
  }
}
