import type { Role, Scope } from "../../src/contracts/public/index.ts";
import { randomSecret, shortId } from "../../src/lib/ids.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { csrfOf, secretHash } from "../../src/supermaster/accounts/secret.ts";
import type { Env } from "../../src/supermaster/api/serve.ts";
import type { SupermasterDeps } from "../../src/supermaster/base.ts";
import { createSupermaster } from "../../src/supermaster/supermaster.ts";
import { FakeMaster } from "./fake-master.ts";

export const ROOT_PASSWORD = "orange-kettle-forty-two";
const FOLDER = "migrations/supermaster";

/** A clock that moves only when told. */
export class HandClock {
  constructor(public at = 1_700_000_000_000) {}
  now(): number {
    return this.at;
  }
  monotonic(): number {
    return this.at;
  }
  pass(ms: number): void {
    this.at += ms;
  }
}

export interface Credentials {
  headers: Record<string, string>;
  cookie?: string;
}

export interface CallOptions {
  as?: Credentials | null;
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  raw?: string | ReadableStream | Uint8Array;
  headers?: Record<string, string>;
  address?: string;
  trustedRoot?: boolean;
  base?: string;
}

/** The wing over an in-memory database and a data centre that does not exist; asked without a socket. */
export async function supermasterStage(more: Partial<SupermasterDeps> = {}, file = ":memory:") {
  const clock = new HandClock();
  const master = new FakeMaster(clock);
  const store = Store.open(
    file,
    loadMigrations(listAssets(FOLDER), (f) => readAsset(`${FOLDER}/${f}`)),
  );
  const deps: SupermasterDeps = {
    store,
    master,
    clock,
    log: silentLogger,
    config: { SESSION_HOURS: 24, PROXY_PORT: 8000, WORKSPACE_DOMAIN: null, PORTAL_URL: null, DEFAULT_IMAGE: "base" },
    version: { version: "0.0.0-test", commit: "0", bun: "1", sqlite: "3", schema: { supermaster: 1 }, wire: 1 },
    effectiveConfig: () => [
      { key: "LOG_LEVEL", value: "INFO", origin: "default", doc: "", default: "INFO", secret: false },
    ],
    passwordFile: null,
    ...more,
  };
  const wing = createSupermaster(deps);
  await wing.createRootIfMissing(ROOT_PASSWORD);
  await wing.start();

  const call = async (method: string, path: string, o: CallOptions = {}): Promise<Response> => {
    const headers: Record<string, string> = { ...o.as?.headers, ...o.headers };
    const init: RequestInit = { method, headers };
    if (o.raw !== undefined) init.body = o.raw as string;
    else if (o.body !== undefined) {
      init.body = JSON.stringify(o.body);
      headers["content-type"] ??= "application/json";
    }
    const env: Env = {
      peer: { address: o.address ?? "192.0.2.1", keepOpen: () => {}, upgrade: () => false },
      trustedRoot: o.trustedRoot ?? false,
    };
    const url = path.startsWith("/api") || !path.startsWith("/") || path.startsWith("/~") ? path : `/api/v1${path}`;
    return await wing.app.fetch(new Request(`${o.base ?? "http://portal.test"}${url.replace(/^\/~/, "/")}`, init), env);
  };

  const json = async <T = Record<string, never>>(method: string, path: string, o: CallOptions = {}): Promise<T> => {
    const response = await call(method, path, o);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };

  /** An account without the cost of a password hash: it can't log in, but sessions and tokens can be made for it. */
  const person = (name: string, role: Role = "user", group = role === "admin" ? "admins" : "default"): string => {
    const id = shortId();
    store.write((tx) =>
      tx.run(
        "INSERT INTO users (id, name, role, group_name, full_name, password, created_at) VALUES ($id, $name, $role, $group, '', '', $now)",
        { id, name, role, group, now: clock.now() },
      ),
    );
    return id;
  };
  const idOf = (name: string) => store.get<{ id: string }>("SELECT id FROM users WHERE name = ?", [name])!.id;

  const session = (name: string): Credentials => {
    const cookie = randomSecret();
    store.write((tx) =>
      tx.run("INSERT INTO sessions VALUES ($id, $hash, $user, $now, $now, $end, '192.0.2.1', 'test')", {
        id: `ses_${shortId()}`,
        hash: secretHash(cookie),
        user: idOf(name),
        now: clock.now(),
        end: clock.now() + 86_400_000,
      }),
    );
    return { cookie, headers: { cookie: `dk_session=${cookie}`, "x-csrf-token": csrfOf(cookie) } };
  };

  const token = (name: string, scopes: Scope[] = ["read", "write"]): Credentials => {
    const secret = `dk_${randomSecret()}`;
    store.write((tx) =>
      tx.run("INSERT INTO tokens VALUES ($id, $hash, $user, 't', $scopes, $now, $end, NULL)", {
        id: `tok_${shortId()}`,
        hash: secretHash(secret),
        user: idOf(name),
        scopes: scopes.join(","),
        now: clock.now(),
        end: clock.now() + 86_400_000,
      }),
    );
    return { headers: { authorization: `Bearer ${secret}` } };
  };

  const stop = async () => {
    await wing.stop();
    store.close();
  };
  return { wing, master, store, clock, call, json, person, idOf, session, token, stop };
}

export type Stage = Awaited<ReturnType<typeof supermasterStage>>;
