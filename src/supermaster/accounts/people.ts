import type { z } from "zod";
import type { PasswordChange, Usage, User, UserCreate, UserPatch } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { isUniqueViolation, type Tx } from "../../store/store.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import { usageOf, usageOfAll } from "../quotas/usage.ts";
import { endSessions, type GrantEnds } from "../workspaces/grants.ts";
import { theirs } from "./actor.ts";
import { ADMIN_GROUP, DEFAULT_GROUP, makeFirstGroups, quotaOf } from "./groups.ts";
import type { Owners } from "./owners.ts";
import { demandGoodPassword, generatePassword, type Passwords } from "./passwords.ts";
import { PERSON_COLUMNS, type Person, type PersonRow, personByName, ROOT, toPerson, toUser } from "./person.ts";
import type { Throttle } from "./throttle.ts";

type UserWithUse = User & { used: Usage };

/** Accounts. */
export class People {
  constructor(
    readonly base: Base,
    readonly passwords: Passwords,
    readonly throttle: Throttle,
    readonly owners: Owners,
    readonly ends: GrantEnds,
  ) {}

  find(name: string): Person {
    const person = personByName(this.base.store, name);
    if (!person)
      throw new DockletError("not_found", `There is no user "${name}".`, "List them with GET /api/v1/users.");
    return person;
  }

  one(name: string): UserWithUse {
    const person = this.find(name);
    return { ...toUser(person), used: usageOf(this.base.store, person.id) };
  }

  list(page: { cursor?: string | undefined; limit?: number | undefined }): {
    items: UserWithUse[];
    next: string | null;
  } {
    const limit = page.limit ?? 100;
    const rows = this.base.store.all<PersonRow>(
      `SELECT ${PERSON_COLUMNS} FROM users u WHERE u.name > $after ORDER BY u.name LIMIT $limit`,
      { after: page.cursor ?? "", limit: limit + 1 },
    );
    const used = usageOfAll(this.base.store);
    const items = rows.slice(0, limit).map((r) => {
      const person = toPerson(r);
      return { ...toUser(person), used: used(person.id) };
    });
    return { items, next: rows.length > limit ? items.at(-1)!.name : null };
  }

  async create(ask: Ask, body: z.output<typeof UserCreate>): Promise<{ user: User; password: string | null }> {
    if (body.password !== undefined) demandGoodPassword(body.password, body.name);
    const generated = body.password === undefined ? generatePassword() : null;
    const hash = await this.passwords.hash(body.password ?? generated!);
    const role = body.role ?? "user";
    const group = body.group ?? (role === "admin" ? ADMIN_GROUP : DEFAULT_GROUP);
    const now = this.base.clock.now();
    const id = this.#freshId();
    try {
      this.base.store.write((tx) => {
        quotaOf(tx, group);
        tx.run(
          "INSERT INTO users (id, name, role, group_name, full_name, password, must_change_password, created_at) VALUES ($id, $name, $role, $group, $fullName, $hash, $due, $now)",
          { id, name: body.name, role, group, fullName: clean(body.fullName ?? ""), hash, due: generated ? 1 : 0, now },
        );
        record(
          this.base,
          tx,
          now,
          ask.deed("user.create", body.name, { id, name: body.name }, `made the user (${role}, group ${group})`),
        );
      });
    } catch (e) {
      if (!isUniqueViolation(e)) throw e;
      throw new DockletError("conflict", `There is a user "${body.name}" already.`, "Choose another name.");
    }
    return { user: toUser(this.find(body.name)), password: generated };
  }

  async patch(ask: Ask, name: string, body: z.output<typeof UserPatch>): Promise<User> {
    const me = theirs(ask.actor).person;
    const now = this.base.clock.now();
    const person = this.find(name);
    const demoted = body.role === "user" && person.role === "admin";
    if (body.disabled || demoted) {
      const what = body.disabled ? "disabled" : "made an ordinary user";
      if (name === ROOT) throw new DockletError("conflict", `root can't be ${what}.`, "Change its password instead.");
      if (person.id === me.id)
        throw new DockletError("conflict", `You can't be ${what} by yourself.`, "Ask another administrator.");
    }
    const moved = body.group !== undefined && body.group !== person.group;
    this.base.store.write((tx) => {
      if (body.group !== undefined) quotaOf(tx, body.group);
      tx.run(
        "UPDATE users SET role = coalesce($role, role), group_name = coalesce($group, group_name), full_name = coalesce($fullName, full_name), disabled = coalesce($disabled, disabled) WHERE id = $id",
        {
          id: person.id,
          role: body.role ?? null,
          group: body.group ?? null,
          fullName: body.fullName === undefined ? null : clean(body.fullName),
          disabled: body.disabled === undefined ? null : Number(body.disabled),
        },
      );
      if (moved) this.owners.changed(tx, person.id);
      if (body.disabled) this.#endAll(tx, person.id);
      const what = Object.entries(body).map(([k, v]) => `${k} = ${v}`);
      record(this.base, tx, now, ask.deed("user.update", name, person, `set ${what.join(", ") || "nothing"}`));
      tx.afterCommit(() => {
        this.base.hub.revoked({ user: person.id });
        this.base.hub.meChanged(person.id);
      });
    });
    if (moved) await this.owners.push(person.id);
    return toUser(this.find(name));
  }

  async resetPassword(ask: Ask, name: string): Promise<{ user: User; password: string }> {
    const person = this.find(name);
    const password = generatePassword();
    const hash = await this.passwords.hash(password);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      tx.run("UPDATE users SET password = $hash, must_change_password = 1 WHERE id = $id", { hash, id: person.id });
      endSessions(tx, this.ends, this.base.hub, person.id, null);
      record(this.base, tx, now, ask.deed("user.password", name, person, "gave the user a new password"));
    });
    return { user: toUser(this.find(name)), password };
  }

  async changePassword(ask: Ask, body: z.output<typeof PasswordChange>): Promise<void> {
    const { person, via } = theirs(ask.actor);
    const right = this.throttle.attempt(person.name, ask.address);
    const stored = this.base.store.get<{ password: string }>("SELECT password FROM users WHERE id = ?", [person.id]);
    if (!(await this.passwords.verify(body.current, stored?.password ?? null))) {
      ask.denied("user.password", person.name, "the current password was wrong", person.id, person.name);
      throw new DockletError("invalid", "The current password is wrong.", "Check it; capital letters matter.");
    }
    right();
    if (body.next === body.current) {
      throw new DockletError("invalid", "The new password is the old one.", "Choose another.");
    }
    demandGoodPassword(body.next, person.name);
    const hash = await this.passwords.hash(body.next);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      const done = tx.run(
        "UPDATE users SET password = $hash, must_change_password = 0 WHERE id = $id AND password = $old",
        {
          hash,
          id: person.id,
          old: stored!.password,
        },
      );
      if (done === 0) throw new DockletError("conflict", "The password was changed meanwhile.", "Log in again.");
      endSessions(tx, this.ends, this.base.hub, person.id, via.kind === "session" ? via.id : null);
      // Workspaces opened from this session go on; all others were ended with their sessions or end with their tokens.
      record(this.base, tx, now, ask.deed("user.password", person.name, person, "changed the password"));
      tx.afterCommit(() => {
        this.base.hub.revoked({ user: person.id });
        this.base.hub.meChanged(person.id);
      });
    });
  }

  async remove(ask: Ask, name: string, confirm: string | undefined): Promise<void> {
    const person = this.find(name);
    if (confirm !== undefined && confirm !== name) {
      throw new DockletError("invalid", `"${confirm}" is not "${name}": nothing was deleted.`, "Type the user's name.");
    }
    if (name === ROOT) throw new DockletError("conflict", "root can't be deleted.", "");
    if (person.id === theirs(ask.actor).person.id) {
      throw new DockletError("conflict", "You can't delete yourself.", "Ask another administrator.");
    }
    const now = this.base.clock.now();
    // Out first, so that nothing new begins while the data folder goes.
    this.base.store.write((tx) => {
      const { n } = tx.get<{ n: number }>("SELECT count(*) AS n FROM allocations WHERE owner_id = ?", [person.id])!;
      if (n > 0) {
        throw new DockletError(
          "conflict",
          `${name} still has ${n} ${n === 1 ? "vcluster" : "vclusters"}.`,
          "Delete them first, or disable the user.",
        );
      }
      tx.run("UPDATE users SET disabled = 1 WHERE id = ?", [person.id]);
      this.#endAll(tx, person.id);
      tx.afterCommit(() => this.base.hub.revoked({ user: person.id }));
    });
    try {
      await this.base.master.removeOwner(this.owners.of(this.base.store, person.id)!);
    } catch (e) {
      this.base.store.write((tx) =>
        tx.run("UPDATE users SET disabled = $was WHERE id = $id", { was: Number(person.disabled), id: person.id }),
      );
      throw e;
    }
    this.base.store.write((tx) => {
      tx.run("DELETE FROM users WHERE id = ?", [person.id]);
      tx.run("INSERT INTO retired_users VALUES ($id, $name, $now)", { id: person.id, name, now });
      record(this.base, tx, now, ask.deed("user.delete", name, null, "deleted the user and the data folder"));
    });
  }

  /** Makes root, and the first groups. false: root was there. */
  async createRoot(password: string): Promise<boolean> {
    if (personByName(this.base.store, ROOT)) return false;
    const hash = await this.passwords.hash(password);
    const now = this.base.clock.now();
    const id = this.#freshId();
    return this.base.store.write((tx) => {
      if (personByName(tx, ROOT)) return false;
      makeFirstGroups(tx, now);
      tx.run(
        "INSERT INTO users (id, name, role, group_name, full_name, password, created_at) VALUES ($id, $name, 'admin', $group, '', $hash, $now)",
        { id, name: ROOT, group: ADMIN_GROUP, hash, now },
      );
      const event = { action: "user.create", object: ROOT, owner: ROOT, ownerId: id, requestId: null };
      record(this.base, tx, now, { ...event, actor: "docklet", result: "ok", message: "made root at the first start" });
      return true;
    });
  }

  /** Sessions and workspaces end; API tokens stay but work no more while the account is disabled. */
  #endAll(tx: Tx, userId: string): void {
    endSessions(tx, this.ends, this.base.hub, userId, null);
    this.ends.revoke(tx, "user_id", userId);
  }

  #freshId(): string {
    for (;;) {
      const id = shortId();
      const taken = this.base.store.get(
        "SELECT 1 FROM users WHERE id = $id UNION SELECT 1 FROM retired_users WHERE id = $id",
        { id },
      );
      if (!taken) return id;
    }
  }
}

/** Full names are shown, logged and mailed: one line. */
const clean = (text: string) => text.replace(/[\u0000-\u001f\u007f]/g, " ").trim();
