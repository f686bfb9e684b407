import { afterAll, beforeAll, expect, test } from "bun:test";
import { type CliFixture, cliFixture } from "./fixture.ts";

let f: CliFixture;
let ann: Record<string, string>;
let root: Record<string, string>;
beforeAll(async () => {
  f = await cliFixture();
  f.stage.person("ann");
  ann = f.as("ann");
  root = f.as("root", ["read", "write", "admin"]);
});
afterAll(() => f.stop());
const run = (args: string[], env = root) => f.run(args, { env });

test("a host is cordoned and opened again by administrators only", async () => {
  expect((await run(["host", "cordon", "lab"])).stderr).toContain("Nothing new is placed on lab");
  expect((await run(["host", "ls"])).stdout).toMatch(/lab +cordoned/);
  expect((await run(["host", "uncordon", "lab"])).stderr).toContain("lab is ready");
  const { code, stderr } = await run(["host", "cordon", "lab"], ann);
  expect([code, stderr]).toEqual([1, expect.stringContaining("Only administrators may do this")]);
  expect((await run(["host", "cordon", "nowhere"])).stderr).toContain("no host named nowhere");
});

test("labels are set, shown, changed one by one, and taken away", async () => {
  expect((await run(["host", "label", "lab", "disk=fast", "room=b12"])).stdout).toBe("disk=fast room=b12\n");
  expect((await run(["host", "label", "lab", "room-", "disk=slow", "--json"])).stdout).toBe('{"disk":"slow"}\n');
  expect((await run(["host", "label", "lab"])).stdout).toBe("disk=slow\n");
  expect((await run(["host", "show", "lab"])).stdout).toMatch(/labels +disk=slow/);
  expect((await run(["host", "label", "lab", "disk-"])).stdout).toBe("no labels\n");
  for (const [words, text] of [
    [["DISK=fast"], "are not labels"],
    [["disk"], "is not a label"],
    [["disk=a", "disk=b"], "given twice"],
    [["disk=a", "disk-"], "both set and taken away"],
  ] as const) {
    const { code, stderr } = await run(["host", "label", "lab", ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
  }
});

test("a wish goes along with a new vcluster, and is shown with host and reason of every node", async () => {
  const made = await run(
    ["vc", "create", "mpi", "-n", "3", "--pack", "--apart", "--label", "disk=fast", "--label", "room=b12"],
    ann,
  );
  expect(made.stdout).toMatch(/placement +pack, apart, on disk=fast room=b12/);
  expect(made.stdout).toMatch(/HOST +SIZE +UP +WHY +WHY THERE/);
  expect(f.stage.master.calls.findLast((c) => c.method === "create")!.args).toMatchObject({
    placement: { strategy: "pack", nodes: "apart", labels: { disk: "fast", room: "b12" } },
  });
  const plain = await run(["vc", "create", "plain"], ann);
  expect(plain.stdout).toMatch(/placement +spread\n/);
  expect(f.stage.master.calls.findLast((c) => c.method === "create")!.args).toMatchObject({ placement: undefined });
  for (const [flags, text] of [
    [["--spread", "--pack"], "exclude each other"],
    [["--apart", "--together"], "exclude each other"],
    [["--label", "x"], "is not a label"],
    [["--on-host-loss", "panic"], "can't be"],
  ] as const) {
    const { code, stderr } = await run(["vc", "create", "no", ...flags], ann);
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
  }
});

test("host show tells what runs there: one's own, and everybody's to an administrator", async () => {
  await run(["vc", "create", "roots"]);
  const mine = JSON.parse((await run(["host", "show", "lab", "--json"], ann)).stdout);
  expect(mine).toMatchObject({ name: "lab", gpus: [], images: ["base", "mini"] });
  expect(new Set(mine.placed.map((n: { owner: string }) => n.owner))).toEqual(new Set(["ann"]));
  const all = JSON.parse((await run(["host", "show", "lab", "--json"])).stdout);
  expect(new Set(all.placed.map((n: { owner: string }) => n.owner))).toEqual(new Set(["ann", "root"]));
  expect((await run(["host", "show", "lab"])).stdout).toMatch(/OWNER +VCLUSTER +NODE[\s\S]*root +roots +host-0 +ready/);
});
