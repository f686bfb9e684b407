import type { JoinAnswer, JoinRequest } from "../../contracts/uplink.ts";
import { DockletError } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import type { Clock } from "../../os/clock.ts";
import type { Reader } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import { type Authority, HOST_LIFE, type Issued, readRequest } from "./authority.ts";
import { checkRoom, checkToken } from "./join-tokens.ts";

export interface Member {
  id: string;
  name: string;
}

/** Who is at the other end of a connection, by its certificate. */
export type Caller =
  | { kind: "stranger" }
  | { kind: "member"; member: Member; serial: string; issuedAt: number; expired: boolean }
  | { kind: "refused"; error: DockletError };

interface MemberRow {
  id: string;
  name: string;
  removed_at: number | null;
}

const JOIN_AGAIN = "Let it join again: docklet join-token create --role worker";

/** The hosts that joined, and the certificates with which they are known. */
export class Members {
  constructor(
    readonly deps: {
      db: Reader;
      commit: Commit;
      clock: Clock;
      authority: () => Authority;
      /** Why a name can't be given to a new host; null: it can. */
      nameTaken: (name: string) => string | null;
    },
  ) {}

  all(): Member[] {
    return this.deps.db.all<Member>("SELECT id, name FROM members WHERE removed_at IS NULL ORDER BY name");
  }

  /** A host that brings a token. The same key with the same token is the same join, whose answer did not arrive. */
  async join(request: JoinRequest, address: string): Promise<JoinAnswer> {
    const { db, commit, clock, authority } = this.deps;
    // Looked at twice: nothing is signed for who has no good token, and what is written is decided within the write.
    checkToken(db, request.token, request.role);
    const { hash } = await readRequest(request.csr);
    const id = this.#again(db, request.token.id, hash)?.id ?? this.#newId();
    const issued = await authority().issue(request.csr, id, "worker", clock.now());
    const host = commit((c) => {
      const token = checkToken(c.tx, request.token, request.role);
      const before = this.#again(c.tx, token.id, hash);
      if (before) {
        if (before.id !== id) throw new DockletError("conflict", "This host is joining already.", "Try again.");
        keep(c, id, issued);
        return before;
      }
      checkRoom(c.tx, token, c.now);
      const taken = this.deps.nameTaken(request.name) ?? nameOfMember(c.tx, request.name);
      if (taken) throw new DockletError("conflict", taken, "Give this host another name: HOST_NAME.");
      c.tx.run(
        "INSERT INTO members (id, name, role, token, join_key, joined_at) VALUES ($id, $name, $role, $token, $key, $now)",
        { id, name: request.name, role: token.role, token: token.id, key: hash, now: c.now },
      );
      keep(c, id, issued);
      c.tx.run("DELETE FROM removed_hosts WHERE name = $name", { name: request.name });
      c.event({
        actor: token.actor,
        action: "host.join",
        object: request.name,
        owner: null,
        result: "ok",
        message: `from ${address} with join token ${token.id}`,
        requestId: null,
      });
      return { id, name: request.name };
    });
    return { host: host.id, cluster: authority().cluster, certificate: issued.pem };
  }

  /** Every connection is looked at by its role, its cluster and its serial number, not only by its signature. */
  async recognise(raw: Uint8Array | null): Promise<Caller> {
    if (!raw) return { kind: "stranger" };
    const { db, clock, authority } = this.deps;
    const bearer = await authority().read(raw);
    if (!bearer) {
      return no("This certificate is of another cluster.", "This host belongs to another master: see MASTER_IP.");
    }
    if (bearer.role !== "worker" || bearer.cluster !== authority().cluster) {
      return no(`A ${bearer.role || "bearer of this certificate"} has no business here.`, "Workers connect here.");
    }
    const row = db.get<MemberRow>("SELECT id, name, removed_at FROM members WHERE id = $id", { id: bearer.host });
    if (!row) return no("This host is not known here.", `Was an old database restored? ${JOIN_AGAIN}`, "not_found");
    if (row.removed_at !== null) return no(`The host ${row.name} was removed from this cluster.`, JOIN_AGAIN, "gone");
    const good = db.get<{ issued_at: number }>(
      "SELECT issued_at FROM host_certificates WHERE serial = $serial AND member = $id",
      { serial: bearer.serial, id: row.id },
    );
    if (!good) {
      return no(
        `This certificate of the host ${row.name} was replaced by a newer one.`,
        `Is this a copy or an old backup of the host's disk? ${JOIN_AGAIN}`,
      );
    }
    const expired = bearer.expiresAt <= clock.now();
    const member = { id: row.id, name: row.name };
    return { kind: "member", member, serial: bearer.serial, issuedAt: good.issued_at, expired };
  }

  due(issuedAt: number): boolean {
    return this.deps.clock.now() >= issuedAt + (HOST_LIFE * 2) / 3;
  }

  /** A connection with this certificate came about: those that it replaced are over. */
  seen(member: Member, serial: string): void {
    const old =
      "member = $id AND serial <> $serial AND issued_at <= (SELECT issued_at FROM host_certificates WHERE serial = $serial)";
    const about = { id: member.id, serial };
    if (!this.deps.db.get(`SELECT 1 FROM host_certificates WHERE ${old}`, about)) return;
    this.deps.commit((c) => c.tx.run(`DELETE FROM host_certificates WHERE ${old}`, about));
  }

  /** A new certificate. The one it has stays good until the new one was used: the answer may get lost. */
  async renew(member: Member, csr: string): Promise<Issued> {
    const { authority, clock, commit } = this.deps;
    const issued = await authority().issue(csr, member.id, "worker", clock.now());
    commit((c) => {
      if (!c.tx.get("SELECT 1 FROM members WHERE id = $id AND removed_at IS NULL", { id: member.id })) {
        throw new DockletError("gone", `The host ${member.name} was removed from this cluster.`, JOIN_AGAIN);
      }
      keep(c, member.id, issued);
    });
    return issued;
  }

  /** Its certificates are worth nothing from now on. */
  revoke(c: Change, name: string): Member | null {
    const member = c.tx.get<Member>("SELECT id, name FROM members WHERE name = $name AND removed_at IS NULL", { name });
    if (!member) return null;
    c.tx.run("UPDATE members SET removed_at = $now WHERE id = $id", { id: member.id, now: c.now });
    c.tx.run("DELETE FROM host_certificates WHERE member = $id", { id: member.id });
    return member;
  }

  #again(db: Reader, token: string, key: string): Member | null {
    return db.get<Member>(
      "SELECT id, name FROM members WHERE token = $token AND join_key = $key AND removed_at IS NULL",
      { token, key },
    );
  }

  #newId(): string {
    for (;;) {
      const id = shortId();
      if (!this.deps.db.get("SELECT 1 FROM members WHERE id = $id", { id })) return id;
    }
  }
}

function keep(c: Change, member: string, issued: Issued): void {
  c.tx.run(
    "INSERT INTO host_certificates (serial, member, issued_at, expires_at) VALUES ($serial, $member, $now, $expires)",
    { serial: issued.serial, member, now: c.now, expires: issued.expiresAt },
  );
}

function nameOfMember(db: Reader, name: string): string | null {
  const other = db.get("SELECT 1 FROM members WHERE name = $name AND removed_at IS NULL", { name });
  return other ? `There is a host named ${name} already.` : null;
}

function no(message: string, hint: string, code: "unauthenticated" | "gone" | "not_found" = "unauthenticated"): Caller {
  return { kind: "refused", error: new DockletError(code, message, hint) };
}
