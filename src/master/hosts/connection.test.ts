import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, statSync } from "node:fs";
import { Cable } from "../../../test/kit/cable.ts";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { ANN, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import type { Host } from "../../contracts/public/index.ts";
import { until } from "../../lib/retry.ts";
import { Uplink, type UplinkOptions } from "../../worker/agent/uplink.ts";

setDefaultTimeout(60_000);
const CAUSE = { actor: "root", requestId: "req0" };
const QUICK = { everyMs: 20, missed: 5 };

let s: HostSite;
let beta: FakeWorker;
beforeEach(async () => {
  s = await new HostSite().up({ beat: QUICK });
  beta = new FakeWorker({ name: "beta" });
});
afterEach(() => s.down());

const connect = (more: Partial<UplinkOptions> = {}) =>
  s.remote.connect(s.master, "beta", beta, { beat: QUICK, ...more });
const create = async (id: string) => {
  const request = { ...CAUSE, id, owner: ANN, name: id, image: "mini", nodes: 2, size: SIZE };
  return (await s.master.api.create(request)).operation;
};
const done = (operation: string) =>
  until("done", async () => (await s.master.api.operation(operation))?.state === "done", WAIT);

describe("the two find each other", () => {
  test("whichever is restarted", async () => {
    await connect();
    await s.become("beta", "ready");
    await s.fall();
    expect(beta.listeners).toBeLessThanOrEqual(1);
    await s.up({ beat: QUICK });
    await s.become("beta", "ready");
    await s.remote.disconnect("beta");
    await s.become("beta", "unreachable", "is not connected");
    await connect();
    await s.become("beta", "ready");
    expect(beta.listeners).toBe(1);
  });

  test("with the connection cut after any number of bytes, in the join too, and what was ordered is done", async () => {
    const cable = new Cable(s.remote.address);
    const master = await cable.lay();
    const token = await s.token();
    cable.cutAfter = 700;
    const uplink = new Uplink(s.remote.options("beta", beta, { token, master, beat: QUICK }));
    s.remote.uplinks.set("beta", uplink);
    await uplink.start();
    // Each attempt gets further than the one before: every place of the conversation is an end once.
    for (let n = 700; n < 9000; n += 370) {
      cable.cutAfter = n;
      cable.cut();
      await Bun.sleep(15);
    }
    cable.cutAfter = 0;
    cable.cut();
    await s.become("beta", "ready");
    const operation = await create("vcaaaa");
    for (let n = 0; n < 5; n++) {
      cable.cut();
      await Bun.sleep(10);
    }
    await done(operation.id);
    expect(await s.events("host.join")).toHaveLength(1);
    expect(beta.nodes.size).toBe(2);
    cable.take();
  });
});

test("a cable that goes dead is noticed by both, and the host comes back over a new connection", async () => {
  const cable = new Cable(s.remote.address);
  const uplink = await connect({ master: await cable.lay() });
  await s.become("beta", "ready");
  cable.kill();
  const gone = await s.become("beta", "unreachable", "nothing was heard");
  expect(gone.reason).toContain("is not connected");
  await until("the host notices", () => uplink.ready() !== null, WAIT);
  await until("nobody listens", () => beta.listeners === 0, WAIT);
  cable.mend();
  await s.become("beta", "ready");
  expect(uplink.ready()).toBeNull();
  cable.take();
});

describe("versions", () => {
  test("one older works both ways round", async () => {
    await connect({ wire: 2 });
    await s.become("beta", "ready");
    await connect({ wire: 0 });
    await s.become("beta", "ready");
    await done((await create("vcaaaa")).id);
  });

  test("older ones are refused on both sides in the same words, and the host's place says why", async () => {
    await connect();
    await s.become("beta", "ready");
    const old = await connect({ wire: -1 });
    const words = "host beta is too old for the master: it speaks version -1 of the protocol";
    expect(old.ready()).toContain(words);
    expect(old.ready()).toContain("Upgrade docklet on host beta.");
    await s.become("beta", "unreachable", words);
    const young = await connect({ wire: 9 });
    expect(young.ready()).toContain("Upgrade docklet on the master.");
    await connect();
    await s.become("beta", "ready");
  });
});

describe("two machines with one identity", () => {
  test("the copy waits outside while the first answers, both are told, nobody is harmed", async () => {
    const first = await connect();
    await s.become("beta", "ready");
    cpSync(s.remote.files("beta").folder, s.remote.files("copy").folder, { recursive: true });
    const other = new FakeWorker({ name: "beta" });
    const copy = new Uplink(s.remote.options("copy", other, { beat: QUICK }));
    s.remote.uplinks.set("copy", copy);
    await copy.start();
    expect(copy.ready()).toContain("A second machine says that it is the host beta");
    expect(copy.ready()).toContain("a copy of the other's disk");
    expect(other.listeners).toBe(0);
    expect((await s.events("host.twin"))[0]).toMatchObject({ object: "beta", result: "denied" });
    expect(first.ready()).toBeNull();
    expect((await s.host("beta"))?.state).toBe("ready");
    await done((await create("vcaaaa")).id);
    expect(other.nodes.size).toBe(0);
    expect(await s.events("host.twin")).toHaveLength(1);
  });

  test("the first is gone without a word: the second one comes in", async () => {
    const cable = new Cable(s.remote.address);
    await s.fall();
    // Patient with silence, so that only the newcomer makes it look.
    await s.up({ beat: { everyMs: 60_000, missed: 3 }, signOfLifeMs: 100 });
    await connect({ master: await cable.lay(), beat: { everyMs: 60_000, missed: 3 } });
    await s.become("beta", "ready");
    cable.kill();
    const again = new Uplink(s.remote.options("beta", beta));
    await again.start();
    expect(again.ready()).toBeNull();
    await s.become("beta", "ready");
    expect(again.ready()).toBeNull();
    await again.stop();
    cable.take();
  });
});

describe("a host that is removed", () => {
  test("is told, and its certificate opens nothing any more", async () => {
    const uplink = await connect();
    await s.become("beta", "ready");
    const told: Host[] = [];
    const leave = s.master.api.subscribe(
      (f) => void (f.type === "host" && f.data.name === "beta" && told.push(f.data)),
    );
    await s.remove("beta");
    expect(await s.host("beta")).toBeNull();
    // Whoever watches must not see it come back.
    expect([...new Set(told.map((h) => h.state))]).toEqual(["removed"]);
    leave();
    await until("told", () => uplink.ready()?.includes("was removed from this cluster"), WAIT);
    await until("nobody listens", () => beta.listeners === 0, WAIT);
    expect((await s.events("host.remove"))[0]).toMatchObject({ object: "beta", actor: "root" });
    expect(s.store.all("SELECT * FROM host_certificates")).toEqual([]);
    await expect(s.remove("beta")).rejects.toMatchObject({ code: "not_found" });
    // With a new token it is a new host, under the same name.
    await s.remote.disconnect("beta");
    const anew = new Uplink(s.remote.options("beta", beta, { token: await s.token(), beat: QUICK }));
    s.remote.uplinks.set("beta", anew);
    await anew.start();
    await s.become("beta", "ready");
  });

  test("is refused while nodes are placed on it; forced, they are lost and can be deleted", async () => {
    await connect();
    await s.become("beta", "ready");
    await done((await create("vcaaaa")).id);
    await expect(s.remove("beta")).rejects.toMatchObject({ code: "conflict", message: "2 nodes are placed on beta." });
    await s.remove("beta", true);
    expect(await s.host("beta")).toMatchObject({ state: "removed", nodes: 2 });
    const lost = await until(
      "lost",
      async () => {
        const vc = await s.master.api.vcluster("vcaaaa");
        return vc?.state === "failed" ? vc : null;
      },
      WAIT,
    );
    expect(lost.reason).toContain("its host beta was removed");
    // So it stays over a restart; then the last node goes, and with it the host.
    await s.fall();
    await s.up();
    expect(await s.host("beta")).toMatchObject({ state: "removed" });
    expect(Object.keys((await s.master.api.health()).checks)).not.toContain("host beta");
    await done((await s.master.api.remove({ ...CAUSE, id: "vcaaaa" })).id);
    expect(await s.host("beta")).toBeNull();
    await s.remote.disconnect("beta");
    const anew = new Uplink(s.remote.options("beta", beta, { token: await s.token() }));
    s.remote.uplinks.set("beta", anew);
    await anew.start();
    await s.become("beta", "ready");
  });

  test("the master's own is not taken out", async () => {
    s.master.attachWorker("alpha", new FakeWorker({ name: "alpha" }));
    await expect(s.remove("alpha", true)).rejects.toMatchObject({ code: "conflict" });
  });
});

test("a worker that answers nonsense spoils only what was asked of it", async () => {
  await connect();
  await s.become("beta", "ready");
  await done((await create("vcaaaa")).id);
  beta.history = async () => ({ x: "not a sample" }) as never;
  await expect(s.master.api.metrics("vcaaaa")).rejects.toMatchObject({ code: "unavailable" });
  beta.tell({ type: "host", name: 7 } as never);
  beta.tell(null as never);
  expect((await s.host("beta"))?.state).toBe("ready");
  await done((await s.master.api.remove({ ...CAUSE, id: "vcaaaa" })).id);
});

test("its relay is there for root alone, as long as it is connected", async () => {
  await connect();
  await s.become("beta", "ready");
  const { host } = s.remote.files("beta").read()!;
  const socket = s.remote.door!.desk.relayPath(host);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  await s.remote.disconnect("beta");
  await until("socket gone", () => !existsSync(socket), WAIT);
});
