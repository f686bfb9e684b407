import { createHash } from "node:crypto";
import type { RouteName } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import { theirs } from "../accounts/actor.ts";
import type { Base } from "../base.ts";
import type { Ask } from "./ask.ts";

export const KEEP_MS = 24 * 3_600_000;
const KEY = /^[\u0021-\u007e]{1,200}$/;
/** Their answers carry a secret that is shown once: it is not kept, and so can't be shown again. */
const SECRET_ANSWERS: ReadonlySet<RouteName> = new Set(["createToken", "createUser", "resetPassword"]);
/** Never stored, not even as part of a hash: a fast hash of a password can be guessed. */
const SECRET_FIELDS = new Set(["password", "current", "next"]);

interface Row {
  fingerprint: Uint8Array;
  status: number;
  body: string | null;
}

/** The same request with the same Idempotency-Key is done once and answered the same, for 24 hours. */
export class Idempotency {
  readonly #running = new KeyedMutex<string>();

  constructor(readonly base: Base) {}

  async run(
    ask: Ask,
    route: RouteName,
    body: unknown,
    work: () => Promise<{ status: number; body: string }>,
  ): Promise<{ status: number; body: string }> {
    const key = ask.idempotencyKey;
    if (key === null || ask.request.method !== "POST" || ask.actor.kind !== "person") return await work();
    if (!KEY.test(key)) {
      throw new DockletError(
        "bad_request",
        "The Idempotency-Key must be 1 to 200 visible ASCII characters.",
        "A UUID is good.",
      );
    }
    const user = theirs(ask.actor).person.id;
    const text = JSON.stringify(body, (k, v: unknown) => (SECRET_FIELDS.has(k) ? undefined : v));
    const print = createHash("sha256")
      .update(`${ask.request.method} ${ask.url.pathname}${ask.url.search}\n${text}`)
      .digest();
    return await this.#running.run(`${user} ${key}`, async () => {
      const { store, clock } = this.base;
      const before = store.get<Row>(
        "SELECT fingerprint, status, body FROM idempotency WHERE user_id = ? AND key = ? AND created_at > ?",
        [user, key, clock.now() - KEEP_MS],
      );
      if (before) return replay(before, print);
      const answer = await work();
      store.write((tx) =>
        tx.run(
          "INSERT OR REPLACE INTO idempotency (user_id, key, fingerprint, status, body, created_at) VALUES ($user, $key, $print, $status, $body, $now)",
          {
            user,
            key,
            print,
            status: answer.status,
            body: SECRET_ANSWERS.has(route) ? null : answer.body,
            now: clock.now(),
          },
        ),
      );
      return answer;
    });
  }

  sweep(): void {
    const { store, clock } = this.base;
    const old = clock.now() - KEEP_MS;
    if (!store.get("SELECT 1 FROM idempotency WHERE created_at <= ? LIMIT 1", [old])) return;
    store.write((tx) => {
      tx.run("DELETE FROM idempotency WHERE created_at <= ?", [old]);
      tx.run("UPDATE allocations SET idem_key = NULL WHERE idem_key IS NOT NULL AND created_at <= ?", [old]);
    });
  }
}

function replay(before: Row, print: Uint8Array): { status: number; body: string } {
  if (!Buffer.from(before.fingerprint).equals(print)) {
    throw new DockletError(
      "conflict",
      "This Idempotency-Key was used for another request.",
      "Use a new key for every new request.",
      { reason: "idempotency_key_reused" },
    );
  }
  if (before.body === null) {
    throw new DockletError(
      "conflict",
      "This request was done already, and its secret was shown then.",
      "Revoke what it made and make another, with a new Idempotency-Key.",
      { reason: "secret_shown_once" },
    );
  }
  return { status: before.status, body: before.body };
}
