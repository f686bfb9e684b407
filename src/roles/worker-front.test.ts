import { expect, test } from "bun:test";
import type { WorkerStatus } from "../contracts/worker-status.ts";
import { WorkerFront } from "./worker-front.ts";

const LOST = "The master at 192.0.2.1:9000 can't be reached: ECONNREFUSED.";
const master = { address: "192.0.2.1:9000", cluster: "c1", certificateUntil: 1_800_000_000_000 };

function front(lost: string | null) {
  return new WorkerFront({
    name: "beta",
    version: "1.2.3",
    nodes: () => 3,
    master: () => ({ ...master, connectedAt: lost ? null : 5, problem: lost }),
    checks: () => ({ worker: null, master: lost }),
    metrics: async () => "docklet_containers 4\n",
  });
}
const get = (f: WorkerFront, path: string) => f.fetch(new Request(`http://localhost${path}`));

test("it is ready while it is connected; otherwise it says why not, and is alive all the same", async () => {
  expect((await get(front(null), "/readyz")).status).toBe(200);
  const answer = await get(front(LOST), "/readyz");
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { ready: false, degraded: true, checks: { worker: null, master: LOST } },
  ]);
  expect(await (await get(front(LOST), "/healthz")).text()).toBe("ok\n");
});

test("metrics of the worker and of its connection", async () => {
  const metrics = async (f: WorkerFront) => await (await get(f, "/metrics")).text();
  const all = await metrics(front(null));
  for (const line of ["docklet_containers 4", "docklet_nodes 3", "docklet_master_connected 1"])
    expect(all.split("\n")).toContain(line);
  expect(all).toContain("docklet_certificate_until_seconds 1800000000");
  expect(await metrics(front(LOST))).toContain("docklet_master_connected 0");
});

test("its state is for root's socket alone, and nothing can be sent", async () => {
  const f = front(null);
  expect((await get(f, "/status")).status).toBe(404);
  expect((await f.fetch(new Request("http://localhost/readyz", { method: "POST" }))).status).toBe(405);
  const status = (await (await f.fetchAsRoot(new Request("http://localhost/status"))).json()) as WorkerStatus;
  expect(status).toMatchObject({ name: "beta", nodes: 3, master: { connectedAt: 5, problem: null } });
});
