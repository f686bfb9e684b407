import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:tls";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { WAIT } from "../../../test/kit/master-stage.ts";
import { TO_MASTER } from "../../contracts/uplink.ts";
import { channelOver } from "../../lib/channel/socket-channel.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";
import { newKey } from "../../worker/agent/identity.ts";
import { type JoinToken, join } from "../../worker/agent/joining.ts";
import { connectTo } from "../../worker/agent/master-connection.ts";
import { Uplink } from "../../worker/agent/uplink.ts";

setDefaultTimeout(60_000);
const CAUSE = { actor: "root", requestId: "req0" };
const ABOUT = { version: "0.0.0" };
const DAY = 86_400_000;

let s: HostSite;
beforeEach(async () => {
  s = await new HostSite().up();
});
afterEach(() => s.down());

const joining = (name: string, token: JoinToken, more: { role?: string; wire?: number; name?: string } = {}) =>
  join(s.remote.files(name), s.remote.address, token, { ...ABOUT, name, ...more });
const refused = async (code: ErrorCode, p: Promise<unknown>, text: string) => {
  const e = await p.then(
    () => null,
    (x: unknown) => x as { code: string; message: string; hint: string },
  );
  expect([e?.code, e?.message]).toEqual([code, expect.stringContaining(text)]);
  expect(e?.hint).not.toBe("");
};

describe("a join token", () => {
  test("works once, is kept as a hash only, and tells who came with it", async () => {
    const token = await s.token();
    const identity = await joining("beta", token);
    expect(identity.host).toMatch(/^[a-z][a-z0-9]{5}$/);
    expect(statSync(s.remote.files("beta").file).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(s.store.all("SELECT * FROM join_tokens"))).not.toContain(token.secret);
    expect(readFileSync(s.remote.files("beta").file, "utf8")).not.toContain(token.secret);
    expect(await s.master.api.joinTokens()).toMatchObject([{ id: token.id, state: "used", hosts: ["beta"] }]);
    expect((await s.events("host.join"))[0]).toMatchObject({ object: "beta", actor: "root" });
    expect(await s.host("beta")).toMatchObject({ state: "joining", reason: "is not connected" });
    await refused("unauthenticated", joining("gamma", token), "has been used");
    expect(await s.host("gamma")).toBeNull();
  });

  test("for several hosts works so often", async () => {
    const token = await s.token({ uses: 2 });
    await joining("beta", token);
    await joining("gamma", token);
    await refused("unauthenticated", joining("delta", token), "used 2 times");
  });

  test("that is over, revoked, mistyped or for another role is refused, each in its own words", async () => {
    const short = await s.token({ ttlMs: 1000 });
    s.clock.pass(1001);
    await refused("unauthenticated", joining("beta", short), "has expired");
    const revoked = await s.token();
    await s.master.api.revokeJoinToken({ ...CAUSE, id: revoked.id });
    await refused("unauthenticated", joining("beta", revoked), "was revoked");
    const good = await s.token();
    await refused("unauthenticated", joining("beta", { ...good, secret: "A".repeat(43) }), "not known");
    await refused("unauthenticated", joining("beta", { ...good, id: "zzzzzzzzzz" }), "not known");
    await refused("unauthenticated", joining("beta", good, { role: "master" }), "for a worker, not for a master");
    expect(s.store.all("SELECT * FROM members")).toEqual([]);
    await joining("beta", good);
  });

  test("of another cluster never leaves the host", async () => {
    const other = await new HostSite().up();
    const token = await other.token();
    await refused("forbidden", joining("beta", token), "Nothing was sent to it");
    expect(existsSync(s.remote.files("beta").folder)).toBe(false);
    await other.down();
  });

  test("is not shown to who only passes the master's CA on", async () => {
    const token = await s.token();
    const ca = { certificate: Buffer.from((await authorityRaw()).buffer as ArrayBuffer).toString("base64") };
    const other = await new HostSite().up();
    const credentials = await serverOf(other);
    let heard = 0;
    const liar = createServer(credentials, (socket) => {
      channelOver(socket, { methods: { [TO_MASTER.ca]: () => ca, [TO_MASTER.join]: () => ++heard } });
    });
    liar.on("tlsClientError", () => {});
    await new Promise<void>((r) => liar.listen(0, "127.0.0.1", r));
    const { port } = liar.address() as { port: number };
    const lured = join(s.remote.files("beta"), { host: "127.0.0.1", port }, token, { ...ABOUT, name: "beta" });
    await refused("forbidden", lured, "is not the master of this host's cluster");
    expect(heard).toBe(0);
    liar.close();
    await other.down();
  });
});

describe("a join", () => {
  test("whose answer was lost is the same join the next time, also after the token's time", async () => {
    const token = await s.token({ ttlMs: 1000 });
    // The key is on disk and the master has answered, but the host died before it had the answer.
    const { csr } = await s.remote.files("beta").pending(token.id);
    const ca = s.remote.door!.desk.authority.pem;
    const channel = channelOver(await connectTo(s.remote.address, { kind: "master", ca }), {});
    const request = { wire: 1, ...ABOUT, role: "worker", name: "beta", csr };
    const first = (await channel.call(TO_MASTER.join, {
      ...request,
      token: { id: token.id, secret: token.secret },
    })) as { host: string };
    channel.close("crash");
    s.clock.pass(5000);
    expect((await joining("beta", token)).host).toBe(first.host);
    expect(await s.events("host.join")).toHaveLength(1);
    await s.remote.connect(s.master, "beta", new FakeWorker({ name: "beta" }));
    await s.become("beta", "ready");
  });

  test("under a name that is taken is refused, and the token stays good", async () => {
    s.master.attachWorker("alpha", new FakeWorker({ name: "alpha" }));
    const token = await s.token();
    await refused("conflict", joining("alpha", token), "a host named alpha already");
    await joining("beta", await s.token());
    await refused("conflict", joining("gamma", token, { name: "beta" }), "a host named beta already");
    await refused("bad_request", joining("delta", token, { name: "../x" }), "letters, digits");
    await joining("gamma", token);
  });

  test("of a version that is too old is refused with what to upgrade", async () => {
    const token = await s.token();
    await refused("unsupported", joining("beta", token, { wire: -1 }), "host beta is too old");
    await refused("unsupported", joining("beta", token, { wire: 3 }), "the master is too old");
    await joining("beta", token, { wire: 2 });
  });

  test("waits for a master that is not there yet", async () => {
    const token = await s.token();
    await s.fall();
    const uplink = new Uplink(s.remote.options("beta", new FakeWorker({ name: "beta" }), { token }));
    await uplink.start();
    expect(uplink.ready()).toContain("can't be reached");
    s.remote.uplinks.set("beta", uplink);
    await s.up();
    await s.become("beta", "ready");
    expect(uplink.ready()).toBeNull();
  });

  test("that is refused fails the start; no token and no identity says what to do", async () => {
    const token = await s.token();
    await s.master.api.revokeJoinToken({ ...CAUSE, id: token.id });
    const worker = new FakeWorker({ name: "beta" });
    const uplink = new Uplink(s.remote.options("beta", worker, { token }));
    await refused("unauthenticated", uplink.start(), "was revoked");
    await uplink.stop();
    await refused("invalid", new Uplink(s.remote.options("beta", worker)).start(), "belongs to no cluster");
    await s.remote.connect(s.master, "beta", worker);
    const other = await new HostSite().up();
    const foreign = new Uplink(s.remote.options("beta", worker, { token: await other.token() }));
    await refused("conflict", foreign.start(), "join token is of another one");
    await other.down();
  });
});

describe("a certificate", () => {
  test("is renewed when it is old, and the one before it is worth nothing once the new one was used", async () => {
    const worker = new FakeWorker({ name: "beta" });
    await s.remote.connect(s.master, "beta", worker);
    await s.become("beta", "ready");
    cpSync(s.remote.files("beta").folder, s.remote.files("backup").folder, { recursive: true });
    const before = s.remote.files("beta").read()!.certificate;
    s.clock.pass(5 * DAY);
    // The door looks at it when the host connects, and from time to time.
    await s.remote.connect(s.master, "beta", worker);
    await until("renewed", () => s.remote.files("beta").read()!.certificate !== before, WAIT);
    await s.remote.connect(s.master, "beta", worker);
    await s.become("beta", "ready");
    await s.remote.disconnect("beta");
    expect(s.store.all("SELECT * FROM host_certificates")).toHaveLength(1);
    const copy = new Uplink(s.remote.options("backup", worker));
    await copy.start();
    expect(copy.ready()).toContain("replaced by a newer one");
    await copy.stop();
  });

  test("of a host that was off for longer than it lasts is renewed without a token", async () => {
    const worker = new FakeWorker({ name: "beta" });
    await s.remote.connect(s.master, "beta", worker);
    await s.remote.disconnect("beta");
    s.clock.pass(30 * DAY);
    await s.remote.connect(s.master, "beta", worker);
    await s.become("beta", "ready");
  });

  test("is renewed while the connection lasts", async () => {
    await s.fall();
    await s.up({ renewEveryMs: 20 });
    await s.remote.connect(s.master, "beta", new FakeWorker({ name: "beta" }));
    const before = s.remote.files("beta").read()!.certificate;
    s.clock.pass(5 * DAY);
    await until("renewed", () => s.remote.files("beta").read()!.certificate !== before, WAIT);
    await s.become("beta", "ready");
  });

  test("of another role, another cluster, or of none opens nothing", async () => {
    const { authority } = s.remote.door!.desk;
    const { key, csr } = await newKey();
    const call = async (certificate: string | null, method: string) => {
      const trust = certificate
        ? { kind: "member" as const, ca: authority.pem, certificate, key }
        : { kind: "master" as const, ca: authority.pem };
      const channel = channelOver(await connectTo(s.remote.address, trust), {});
      try {
        return await channel.call(method, { wire: 1, ...ABOUT, instance: "x".repeat(10), csr });
      } finally {
        channel.close("done");
      }
    };
    const master = (await authority.issue(csr, "hostaa", "master", s.clock.now())).pem;
    await refused("unauthenticated", call(master, TO_MASTER.hello), "master has no business here");
    // Signed by our authority, but never given to a host.
    const unknown = (await authority.issue(csr, "hostaa", "worker", s.clock.now())).pem;
    await refused("not_found", call(unknown, TO_MASTER.hello), "not known here");
    const other = await new HostSite().up();
    const foreign = (await other.remote.door!.desk.authority.issue(csr, "hostaa", "worker", s.clock.now())).pem;
    await refused("unauthenticated", call(foreign, TO_MASTER.hello), "of another cluster");
    await other.down();
    for (const method of [TO_MASTER.hello, TO_MASTER.renew])
      await refused("unauthenticated", call(null, method), "Only hosts that have joined");
    await refused("not_found", call(null, "apply"), "no method apply");
  });
});

const authorityRaw = async () => new Uint8Array(s.remote.door!.desk.authority.raw);
const serverOf = (site: HostSite) => site.remote.door!.desk.authority.serverCredentials(site.clock.now());
