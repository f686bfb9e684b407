import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { ANN, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import type { VclusterOrder, WorkerApi } from "../../contracts/worker.ts";
import { until } from "../../lib/retry.ts";
import type { HomeRow } from "./rows.ts";

setDefaultTimeout(60_000);

let s: Stage;
afterEach(() => s.down());

const [A, B] = ["alpha", "beta"] as const;
const on = (name: string) => s.workers.find((w) => w.name === name)!;
const row = () => s.store.get<HomeRow>("SELECT * FROM homes WHERE owner = $id", { id: ANN.id });
const copies = () => s.workers.filter((w) => w.volumes.homes.has(ANN.id)).map((w) => w.name);
const lastOrder = (w: FakeWorker, vc: string): VclusterOrder => w.orders.findLast((o) => o.id === vc)!;
const settled = () => until("the folder has come to rest", () => row()?.picture === null && removals() === 0, WAIT);
const removals = () => s.store.get<{ n: number }>("SELECT count(*) AS n FROM home_removals")!.n;

/** From now on, nothing new is placed on this host. */
async function closed(name: string, why: string | null): Promise<void> {
  on(name).host = { ...on(name).host, problem: why };
  on(name).tell(on(name).host);
  const known = async () => (await s.api.hosts()).find((h) => h.name === name)?.reason === why;
  await until(`${name} is ${why ?? "open"}`, known, WAIT);
}

/** Ann's folder is on alpha, where `first` is; `second` is on beta. */
async function apart() {
  await closed(B, "closed");
  const first = await s.made({ name: "first", nodes: 1 });
  on(A).volumes.homes.set(ANN.id, "precious");
  await closed(B, null);
  await closed(A, "closed");
  const second = await s.made({ name: "second", nodes: 1 });
  await closed(A, null);
  return { first, second };
}

const twoHosts = (reach?: (w: FakeWorker) => WorkerApi) => {
  s = new Stage([{ name: A }, { name: B }]);
  return s.up((x) => x, reach);
};

test("it is on the host of the first node, and nodes elsewhere are told where", async () => {
  await twoHosts();
  const { first, second } = await apart();
  expect(lastOrder(on(A), first.id).owner).toMatchObject({ lies: "here", at: null });
  const order = lastOrder(on(B), second.id).owner;
  expect(order).toMatchObject({ lies: "elsewhere", at: { host: A, nodes: [], moving: false } });
  expect(copies()).toEqual([A]);
  // A vcluster with nodes on both hosts names those that have it.
  await closed(B, "closed");
  const both = await s.made({ name: "both", nodes: 1 });
  await closed(B, null);
  await closed(A, "closed");
  const op = await s.api.scale({ actor: "ann", requestId: "r", id: both.id, nodes: 2, size: both.nodes[0]!.size });
  await s.ended(op, "done");
  expect(lastOrder(on(B), both.id).owner.at).toEqual({ host: A, nodes: ["host-0"], moving: false });
});

test("when no node is left on its host it follows, and every host is told", async () => {
  await twoHosts();
  const { first, second } = await apart();
  await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: first.id }), "done");
  await until("on beta", () => row()?.host === B, WAIT);
  await settled();
  expect(copies()).toEqual([B]);
  expect(on(B).volumes.homes.get(ANN.id)).toBe("precious");
  await until("beta knows", () => lastOrder(on(B), second.id).owner.lies === "here", WAIT);
  // While it was on its way, nobody had it.
  expect(on(B).orders.filter((o) => o.owner.at?.moving)).not.toEqual([]);
  const moved = (await s.api.events({ owner: ANN.name, limit: 50 })).items.find((e) => e.action === "home.move");
  expect(moved).toMatchObject({ result: "ok", message: "from alpha to beta" });
  for (const w of s.workers) expect([...w.volumes.pictures.values()].every((p) => p.size === 0)).toBe(true);
});

test("stopped nodes hold it as well; with nobody left it stays where it is", async () => {
  await twoHosts();
  const { first, second } = await apart();
  await s.ended(await s.api.stop({ actor: "ann", requestId: "r", id: first.id }), "done");
  await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: second.id }), "done");
  await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: first.id }), "done");
  expect(row()).toMatchObject({ host: A, moving_to: null, picture: null });
  expect(copies()).toEqual([A]);
});

test("where there is another folder of that person already, it does not go, and nothing is overwritten", async () => {
  await twoHosts();
  const { first } = await apart();
  on(B).volumes.homes.set(ANN.id, "a fork of old");
  await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: first.id }), "done");
  const failed = async () => {
    const { items } = await s.api.events({ owner: ANN.name, limit: 50 });
    return items.find((e) => e.action === "home.move" && e.result === "failed");
  };
  expect((await until("it is given up", failed, WAIT)).message).toContain(
    "another data folder of this person on host beta",
  );
  await settled();
  expect(row()).toMatchObject({ host: A, moving_to: null });
  expect(on(A).volumes.homes.get(ANN.id)).toBe("precious");
  expect(on(B).volumes.homes.get(ANN.id)).toBe("a fork of old");
});

test("it follows a vcluster that is moved, when it is certain that nothing goes back", async () => {
  await twoHosts();
  const { second } = await apart();
  // Both are on alpha now, and then nowhere else than on beta.
  const firstVc = (await s.api.byName(ANN.name, "first"))!;
  await s.ended(await s.api.move({ actor: "ann", requestId: "r", id: firstVc.id, to: B }), "done");
  await until("on beta", () => row()?.host === B, WAIT);
  await settled();
  expect([copies(), on(B).volumes.homes.get(ANN.id)]).toEqual([[B], "precious"]);
  for (const vc of [firstVc.id, second.id])
    await until("beta knows", () => lastOrder(on(B), vc).owner.lies === "here", WAIT);
});

test("a person who is removed takes it along, only from where it is; quotas go there, too", async () => {
  await twoHosts();
  const { first, second } = await apart();
  await s.api.updateOwner({ ...ANN, home: 4096 });
  expect([on(A).homes.get(ANN.id), on(B).homes.get(ANN.id)]).toEqual([4096, undefined]);
  for (const v of [second, first])
    await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: v.id }), "done");
  s.master.detachWorker(A);
  await s.api.removeOwner(ANN);
  expect(copies()).toEqual([A]);
  s.master.attachWorker(A, on(A));
  await until("it is gone", () => copies().length === 0, WAIT);
  await until("nothing is known of it", () => row() === null && removals() === 0, WAIT);
});

test("a host that is removed takes the folders on it along, and the person gets a new one where their nodes are", async () => {
  await twoHosts();
  const { second } = await apart();
  s.master.detachWorker(A);
  await s.api.removeHost({ actor: "root", requestId: "r", name: A, force: true });
  expect(row()).toMatchObject({ host: B, moving_to: null });
  await until("beta knows", () => lastOrder(on(B), second.id).owner.lies === "here", WAIT);
  const lost = (await s.api.events({ owner: ANN.name, limit: 50 })).items.find((e) => e.action === "home.lost");
  expect(lost?.message).toBe("it was on host alpha, which was removed");
});

/** What is asked of workers while a folder moves. */
const CALLS = [
  "setHomeQuota",
  "takePicture",
  "sendPicture",
  "receivePicture",
  "adoptPicture",
  "dropPictures",
  "deleteHome",
] as const;

/** Like the worker, but the n-th of those calls is not answered, done or not, until the master is gone. */
function deaf(
  worker: FakeWorker,
  counter: { left: number; done: boolean; dead: PromiseWithResolvers<never>; stuck: () => void },
): WorkerApi {
  return new Proxy(worker, {
    get(target, key) {
      const own = Reflect.get(target, key, target) as unknown;
      if (typeof own !== "function") return own;
      if (!(CALLS as readonly (string | symbol)[]).includes(key)) return own.bind(target);
      return async (...args: unknown[]) => {
        const now = counter.left-- === 0;
        if (now && !counter.done) {
          counter.stuck();
          return counter.dead.promise;
        }
        const answer: unknown = await own.apply(target, args);
        if (!now) return answer;
        counter.stuck();
        return counter.dead.promise;
      };
    },
  });
}

describe("whenever the master dies while a folder moves, there is exactly one", () => {
  for (const done of [false, true]) {
    for (let n = 0; n < 9; n++) {
      test(`at call ${n} of workers, ${done ? "after" : "before"} it was done`, async () => {
        const stuck = Promise.withResolvers<"stuck">();
        const dead = Promise.withResolvers<never>();
        dead.promise.catch(() => {});
        const counter = { left: Number.MAX_SAFE_INTEGER, done, dead, stuck: () => stuck.resolve("stuck") };
        await twoHosts((w) => deaf(w, counter));
        const { first, second } = await apart();
        counter.left = n;
        await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: first.id }), "done");
        const over = settled().then(() => until("on beta", () => row()?.host === B, WAIT));
        over.catch(() => {});
        await Promise.race([stuck.promise, over]);
        // The one that counts is whole, wherever it is just now.
        expect(on(row()!.host).volumes.homes.get(ANN.id)).toBe("precious");
        const again = s.restart();
        setImmediate(() => dead.reject(new Error("the connection is gone")));
        await again;
        await until("on beta", () => row()?.host === B, WAIT);
        await settled();
        expect([copies(), on(B).volumes.homes.get(ANN.id)]).toEqual([[B], "precious"]);
        await until("beta knows", () => lastOrder(on(B), second.id).owner.lies === "here", WAIT);
      });
    }
  }
});

test("the target goes away before it has all: it stays, and follows when there is one again", async () => {
  await twoHosts();
  const { first } = await apart();
  on(A).volumes.misbehave.sending = () => {
    s.master.detachWorker(B);
    on(A).volumes.misbehave.sending = () => {};
    throw new Error("cut");
  };
  await s.ended(await s.api.remove({ actor: "ann", requestId: "r", id: first.id }), "done");
  await until("beta is away", async () => (await s.api.hosts()).some((h) => h.name === B && h.state !== "ready"), WAIT);
  expect(on(A).volumes.homes.get(ANN.id)).toBe("precious");
  s.master.attachWorker(B, on(B));
  await until("on beta", () => row()?.host === B, WAIT);
  await settled();
  expect([copies(), on(B).volumes.homes.get(ANN.id)]).toEqual([[B], "precious"]);
});
