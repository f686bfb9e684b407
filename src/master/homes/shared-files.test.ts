import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { FakeSharedDisk } from "../../../test/kit/fake-shared.ts";
import { ANN, BOB, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import { until } from "../../lib/retry.ts";
import type { HomeRow } from "./rows.ts";

setDefaultTimeout(60_000);

let s: Stage;
afterEach(() => s.down());

const [A, B] = ["alpha", "beta"] as const;
const on = (name: string) => s.workers.find((w) => w.name === name)!;
const home = (owner: string) => s.store.get<HomeRow>("SELECT * FROM homes WHERE owner = $owner", { owner });
const host = async (name: string) => (await s.api.hosts()).find((h) => h.name === name)!;
const adopted = () => s.store.get("SELECT 1 FROM shared_files WHERE adopted_at IS NOT NULL") !== null;
const reason = (name: string, what: string | null) =>
  until(
    `${name}: ${what}`,
    async () => {
      const { reason: why } = await host(name);
      return what === null ? why === null : why?.includes(what);
    },
    WAIT,
  );
const CAUSE = { actor: "ann", requestId: "r" };

/** What each of the two hosts has mounted before the master comes. */
function hosts(...disks: (FakeSharedDisk | null)[]) {
  s = new Stage([{ name: A }, { name: B }]);
  for (const [i, disk] of disks.entries()) s.workers[i]!.mountShared(disk);
}

async function both(): Promise<FakeSharedDisk> {
  const disk = new FakeSharedDisk();
  hosts(disk, disk);
  await s.up();
  await until("it is taken as shared", adopted, WAIT);
  return disk;
}

test("when all hosts see the same, new folders lie there, each with ids of its own", async () => {
  const disk = await both();
  const vc = await s.made({ nodes: 2 });
  await s.made({ nodes: 1, owner: BOB });
  expect([home(ANN.id), home(BOB.id)]).toMatchObject([
    { host: "*", id_range: 0 },
    { host: "*", id_range: 1 },
  ]);
  const [order] = s.workers.flatMap((w) => w.orders.filter((o) => o.id === vc.id));
  expect(order!.owner).toMatchObject({ lies: "shared", at: null, shared: { range: 0, token: disk.token! } });
  expect([...disk.homes].sort()).toEqual([ANN.id, BOB.id]);
  expect(s.workers.flatMap((w) => [...w.homes.keys()])).toEqual([]);
  expect((await host(A)).homes).toBe("shared");
});

test("as long as one host does not see it, folders lie on hosts; those stay there afterwards", async () => {
  const disk = new FakeSharedDisk();
  hosts(disk, null);
  await s.up();
  await until("it is claimed", () => disk.token !== null, WAIT);
  await s.made({ nodes: 1 });
  expect(home(ANN.id)).toMatchObject({ host: expect.stringMatching(/alpha|beta/), id_range: null });
  expect([adopted(), (await host(B)).reason, (await host(B)).homes]).toEqual([false, null, "local"]);
  on(B).mountShared(disk);
  await until("it is taken as shared", adopted, WAIT);
  await s.made({ nodes: 1, owner: BOB });
  expect(home(BOB.id)).toMatchObject({ host: "*" });
  expect(home(ANN.id)).not.toMatchObject({ host: "*" });
});

test("two that are not the same are not shared", async () => {
  const [mine, theirs] = [new FakeSharedDisk(), new FakeSharedDisk()];
  hosts(mine, theirs);
  await s.up();
  await until("one is claimed", () => mine.token !== null, WAIT);
  theirs.look();
  await s.made({ nodes: 1 });
  expect([adopted(), theirs.token]).toEqual([false, null]);
});

test("a host that sees none, another, a bare one, a copy, or can't write is not ready and says why", async () => {
  const disk = await both();
  const other = new FakeSharedDisk("nfs4");
  other.token = "of another data centre";
  const copy = new FakeSharedDisk();
  copy.token = disk.token;
  copy.nonce = "written long ago";
  const bare = new FakeSharedDisk();
  for (const [what, words] of [
    [null, "no shared file system is mounted there"],
    [other, "(nfs4) belongs to another data centre"],
    [bare, ".docklet/token is missing"],
    [copy, "a copy, or a stale mount"],
  ] as const) {
    on(B).mountShared(what);
    await reason(B, words);
    expect((await s.made({ name: `vc${words.length}`, nodes: 2 })).nodes.map((n) => n.host)).toEqual([A, A]);
  }
  on(B).mountShared(disk);
  await reason(B, null);
  disk.trouble.set(B, "it is mounted read-only");
  disk.look();
  await reason(B, "mounted read-only");
  disk.trouble.clear();
  disk.look();
  await reason(B, null);
  expect([bare.token, other.token]).toEqual([null, "of another data centre"]);
});

test("once folders lie there, nothing is ever claimed again: an empty one is a wrong one", async () => {
  const disk = await both();
  await s.made({ nodes: 1 });
  const before = disk.nonce;
  const bare = new FakeSharedDisk();
  await s.restart();
  await until("it is written anew", () => disk.nonce !== before, WAIT);
  for (const w of s.workers) w.mountShared(bare);
  s.master.detachWorker(A);
  s.master.attachWorker(A, on(A));
  await reason(A, ".docklet/token is missing");
  expect(bare.token).toBeNull();
  await expect(s.api.create(s.request({ name: "more", nodes: 1 }))).rejects.toMatchObject({ code: "no_capacity" });
  for (const w of s.workers) w.mountShared(disk);
  await reason(A, null);
});

test("a host that comes back must see what was written just now", async () => {
  const disk = await both();
  const before = disk.nonce;
  s.master.detachWorker(B);
  s.master.attachWorker(B, on(B));
  await until("something new is there", () => disk.nonce !== before, WAIT);
  await reason(B, null);
});

test("off: it is not looked at; required: no host is ready without", async () => {
  const disk = new FakeSharedDisk();
  hosts(disk, disk);
  s.sharedFiles = "off";
  await s.up();
  await s.made({ nodes: 1 });
  expect([disk.token, adopted()]).toEqual([null, false]);
  s.sharedFiles = "required";
  await s.restart();
  on(B).mountShared(null);
  await reason(B, "no shared file system is mounted there");
  await reason(A, null);
});

test("a person who is removed takes their folder along, as soon as a host can", async () => {
  const disk = await both();
  const vc = await s.made({ nodes: 1 });
  await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
  expect(disk.homes.has(ANN.id)).toBe(true);
  for (const w of s.workers) disk.trouble.set(w.name, "does not answer");
  disk.look();
  await reason(A, "does not answer");
  await s.api.removeOwner(ANN);
  expect([disk.homes.has(ANN.id), home(ANN.id)]).toMatchObject([true, { leaving: 1 }]);
  disk.trouble.clear();
  disk.look();
  await reason(A, null);
  s.master.detachWorker(A);
  s.master.attachWorker(A, on(A));
  await until("it is gone", () => !disk.homes.has(ANN.id) && home(ANN.id) === null, WAIT);
});
