import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { ANN, SIZE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";
import type { Store } from "../../store/store.ts";
import { type Identity, IdentityFiles } from "../../worker/agent/identity.ts";
import { Uplink } from "../../worker/agent/uplink.ts";
import type { LeaseHolder } from "../../worker/lease/custody.ts";

/** Days on which something outside of docklet is wrong. What can be seen of it is said; nobody else is harmed. */
setDefaultTimeout(60_000);
const CAUSE = { actor: "root", requestId: "req0" };
const HOUR = 3_600_000;

describe("hosts", () => {
  let s: HostSite;
  let beta: FakeWorker;
  beforeEach(() => {
    s = new HostSite();
    beta = new FakeWorker({ name: "beta" });
  });
  afterEach(() => s.down());

  const create = async (id: string, nodes = 2) => {
    const request = { ...CAUSE, id, owner: ANN, name: id, image: "mini", nodes, size: SIZE };
    const { operation } = await s.master.api.create(request);
    await until("done", async () => (await s.master.api.operation(operation.id))?.state === "done", WAIT);
  };

  for (const [what, ms] of [
    ["behind", -HOUR],
    ["ahead", HOUR],
  ] as const) {
    test(`the master's clock is an hour ${what}: hosts join, work, and keep their lease`, async () => {
      s.clock.pass(ms);
      await s.up();
      const lease = new Leasebook();
      await s.remote.connect(s.master, "beta", beta, {
        served: { worker: beta, runs: () => true, lease: () => lease },
      });
      await s.become("beta", "ready");
      await create("vcaaaa");
      await until("the lease to be renewed", () => lease.answers.length >= 2, WAIT);
      // By how long, and not until when: whose clock is right is of no account.
      expect(new Set(lease.answers)).toEqual(new Set([30_000]));
      expect(s.store.get("SELECT lease_ms FROM members")).toEqual({ lease_ms: 30_000 });
      s.clock.pass(-2 * ms);
      await s.remote.disconnect("beta");
      await s.remote.connect(s.master, "beta", beta);
      await s.become("beta", "ready");
    });
  }

  test("two hosts have one address: the second gets no nodes and says why, the first goes on", async () => {
    await s.up();
    const gamma = new FakeWorker({ name: "gamma", address: beta.host.address });
    await s.remote.connect(s.master, "beta", beta);
    await s.become("beta", "ready");
    await s.remote.connect(s.master, "gamma", gamma);
    await s.become("gamma", "joining", `has the address ${beta.host.address}, and so has host beta`);
    await create("vcaaaa");
    expect([beta.nodes.size, gamma.nodes.size]).toEqual([2, 0]);
    gamma.host = { ...gamma.host, address: "198.51.100.7" };
    gamma.tell(gamma.host);
    await s.become("gamma", "ready");
    expect((await s.host("beta"))?.state).toBe("ready");
  });

  test("a host gives nodes other addresses, or has one of theirs: no nodes, and what to set", async () => {
    await s.up();
    beta.host = { ...beta.host, clusterNet: "10.9.0.0/16" };
    await s.remote.connect(s.master, "beta", beta);
    await s.become("beta", "joining", "has CLUSTER_NET=10.9.0.0/16, and the master has 172.16.0.0/16");
    beta.host = { ...beta.host, clusterNet: "172.16.0.0/16", address: "172.16.9.9" };
    beta.tell(beta.host);
    await s.become("beta", "joining", "CLUSTER_NET must not contain it");
    beta.host = { ...beta.host, address: "198.51.100.7" };
    beta.tell(beta.host);
    await s.become("beta", "ready");
  });

  /** Each time it dies at its next write: before it, or after it and before anybody knows. */
  for (const when of ["before", "after"] as const) {
    test(`a host is killed ${when} each of its writes while it joins: it joins once`, async () => {
      await s.up();
      const token = await s.token();
      for (let deadly = 1; ; deadly++) {
        const files = new MortalFiles(s.remote.files("beta").folder, deadly, when);
        const uplink = new Uplink({ ...s.remote.options("beta", beta, { token }), files });
        const up = await uplink.start().then(
          () => uplink.ready() === null,
          () => false,
        );
        if (files.writes < deadly) {
          expect(up).toBe(true);
          s.remote.uplinks.set("beta", uplink);
          break;
        }
        await uplink.stop();
        expect(deadly).toBeLessThan(20);
      }
      await s.become("beta", "ready");
      expect(await s.events("host.join")).toHaveLength(1);
    });
  }
});

test("the master's disk is full: what is asked for is refused in words, what hosts say waits, and nothing is lost", async () => {
  let full = false;
  const s = await new Stage().up((store) => fillable(store, () => full));
  const vc = await s.made({ nodes: 2 });
  full = true;
  const refused = await s.api.stop({ ...CAUSE, id: vc.id }).catch((e: unknown) => e);
  expect(refused).toMatchObject({ code: "disk_full" });
  expect((refused as DockletError).hint).not.toBe("");
  // Meanwhile the host loses a node, and tells.
  const [lost] = [...s.worker.nodes.values()];
  lost!.state = "stopped";
  s.worker.tell({
    type: "node",
    id: lost!.id,
    vcluster: vc.id,
    generation: lost!.generation,
    state: "stopped",
    reason: "It was shut down from inside.",
    slug: null,
    jupyterToken: null,
    warm: false,
    bootedAt: null,
  });
  expect((await s.api.vcluster(vc.id))!.state).toBe("ready");
  full = false;
  await until(
    "the report to be taken in",
    async () => (await s.api.vcluster(vc.id))!.nodes[0]!.state === "stopped",
    WAIT,
  );
  await s.api.start({ ...CAUSE, id: vc.id });
  await until("it to run again", async () => (await s.api.vcluster(vc.id))!.state === "ready", WAIT);
  await s.down();
});

/** A host's lease, as it is given. */
class Leasebook implements LeaseHolder {
  readonly answers: number[] = [];
  get length() {
    return this.answers.at(-1) ?? 0;
  }
  connected(_asked: number, length: number): void {
    this.answers.push(length);
  }
  renewed(_asked: number, length: number): void {
    this.answers.push(length);
  }
  onLapse = () => () => {};
}

/** The process dies at its n-th write. */
class MortalFiles extends IdentityFiles {
  writes = 0;
  constructor(
    folder: string,
    readonly deadly: number,
    readonly when: "before" | "after",
  ) {
    super(folder);
  }
  override write(identity: Identity): void {
    const dies = ++this.writes === this.deadly;
    if (!dies || this.when === "after") super.write(identity);
    if (dies) throw new DockletError("internal", "killed");
  }
  override async pending(token: string) {
    const dies = ++this.writes === this.deadly;
    if (dies && this.when === "before") throw new DockletError("internal", "killed");
    const made = await super.pending(token);
    if (dies) throw new DockletError("internal", "killed");
    return made;
  }
}

function fillable(store: Store, full: () => boolean): Store {
  return new Proxy(store, {
    get: (target, key) => {
      const value = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key !== "write") return value.bind(target);
      return (body: never) => {
        if (full()) throw new DockletError("disk_full", "The disk is full.", "Free some space.");
        return target.write(body);
      };
    },
  });
}
