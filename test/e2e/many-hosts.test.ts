import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { basePool } from "../kit/base-pool.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import { LabWeb } from "../kit/lab-web.ts";
import { layPool } from "../kit/mini-pool.ts";
import { axeFindings, launchBrowser, logIn, openPage, overflow, settled } from "./portal-browser.ts";
import { keepShot } from "./screenshots.ts";

/** One private cloud out of three machines: the built executable, joined by token, used as people use it. */
setDefaultTimeout(120_000);
const HOSTS = ["one", "two", "three"];
const ASIDE = "/var/tmp/packages";
let cloud: LabCluster;
let web: LabWeb;
let wide: Vcluster;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const pool = await basePool();
  const settings = { CLUSTER_NET: "10.203.0.0/16", CPU_OVERCOMMIT: 20, MEMORY_RESERVE: 256, DISKPOOL_SIZE: 20_480 };
  // The third one comes with nothing: its images travel to it.
  cloud = await LabCluster.up(HOSTS, settings, async (prefix, name) => {
    if (name !== "three") await layPool(pool, prefix);
  });
  web = await LabWeb.open(cloud.lab);
  await cloud.lab.letIn();
  const began = performance.now();
  const held = async () => (await cloud.first.root.host({ params: { name: "three" } })).images;
  await until("base to have come to the third host", async () => (await held()).includes("base"), {
    timeoutMs: 180_000,
    maxMs: 200,
  });
  console.log(`base came to the third host in ${((performance.now() - began) / 1000).toFixed(0)} s more`);
  wide = await cloud.create({ name: "wide", nodes: 6, size: { cpu: 1, memory: 512, disk: 2048 } });
  browser = await launchBrowser();
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await web?.close();
  await cloud?.down();
}, 120_000);

const node = (name: string) => `wide/${name}`;
/** One node of each host: the first of each. */
const oneOfEach = () => HOSTS.map((h) => wide.nodes.find((n) => n.host === h)!.name);

test("six nodes of one vcluster spread over the three hosts", async () => {
  expect(wide.nodes.map((n) => [n.name, n.state])).toEqual([0, 1, 2, 3, 4, 5].map((i) => [`host-${i}`, "ready"]));
  expect(HOSTS.map((h) => wide.nodes.filter((n) => n.host === h).length)).toEqual([2, 2, 2]);
  const { items } = await cloud.first.root.hosts();
  expect(items.map((h) => [h.name, h.state]).sort()).toEqual(HOSTS.map((h) => [h, "ready"]).sort());
});

test("ssh from every node to every other, by name, without a password", async () => {
  const names = wide.nodes.map((n) => n.name);
  const visits = names.map((n) => `ssh -o BatchMode=yes -o ConnectTimeout=20 ${n} hostname`).join("; ");
  for (const n of names) expect((await cloud.shell(node(n), visits)).split("\n")).toEqual(names);
});

test("an MPI program runs over all six by name", async () => {
  const program = readFileSync(join(import.meta.dir, "ring.c"), "utf8");
  const names = wide.nodes.map((n) => n.name);
  await cloud.shell("wide", `cat >/root/ring.c <<'END'\n${program}\nEND\nmpicc -O1 -o /root/ring /root/ring.c`);
  await cloud.shell(
    "wide",
    names
      .slice(1)
      .map((n) => `scp -q /root/ring ${n}:/root/ring`)
      .join(" && "),
  );
  const said = await cloud.shell("wide", `mpirun -launcher ssh -hosts ${names.join(",")} -n 6 /root/ring 10`);
  expect(said).toBe(`6 nodes: ${names.join(" ")}; sum 15; rounds 10`);
});

test("dask, installed from Debian, computes over a node of each host", async () => {
  const workers = oneOfEach();
  const [head, ...others] = workers as [string, ...string[]];
  const apt = `apt-get -q -y -o Acquire::http::Proxy=${web.url} -o Acquire::https::Proxy=${web.url} --no-install-recommends`;
  await cloud.shell(
    node(head),
    `${apt} update && ${apt} -o Dir::Cache::archives=${ASIDE} --download-only install python3-distributed`.replace(
      "apt-get",
      `mkdir -p ${ASIDE}/partial && apt-get`,
    ),
  );
  for (const n of others) await cloud.shell(node(head), `scp -qr ${ASIDE} ${n}:${ASIDE}`);
  await Promise.all(workers.map((n) => cloud.shell(node(n), `dpkg -i ${ASIDE}/*.deb >/dev/null`)));
  await cloud.shell(node(head), "systemd-run -q --unit=dask-scheduler dask-scheduler --no-dashboard");
  for (const n of workers)
    await cloud.shell(
      node(n),
      `systemd-run -q --unit=dask-worker dask-worker tcp://${head}:8786 --nthreads 1 --no-dashboard`,
    );
  const ask = readFileSync(join(import.meta.dir, "cluster-sum.py"), "utf8");
  const said = await cloud.shell(
    node(head),
    `cat >/root/ask.py <<'END'\n${ask}\nEND\npython3 /root/ask.py tcp://${head}:8786 3`,
  );
  expect(JSON.parse(said.split("\n").at(-1)!)).toEqual({
    nodes: [...workers].sort(),
    squares: 70210,
    product: 1200 ** 3,
  });
});

test("in Chromium: Jupyter and a terminal on a node of another host", async () => {
  expect((await cloud.first.cli("host", "label", "three", "room=b12")).code).toBe(0);
  const study = { name: "study", nodes: 1, size: { cpu: 1, memory: 768, disk: 2048 } };
  const vc = await cloud.create({ ...study, placement: { labels: { room: "b12" } } });
  expect(vc.nodes[0]!.host).toBe("three");
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(30_000);
  ({ page, complaints } = await openPage(context));
  const portal = cloud.first.portal;
  const password = readFileSync(join(cloud.first.host.prefix, "local/generated_password.txt"), "utf8").trim();
  await logIn(page, portal, "root", password);

  const [jupyter] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("article", { name: vc.name }).getByRole("link", { name: "Open Jupyter" }).click(),
  ]);
  await jupyter.locator("#new-dropdown-button").click();
  const [notebook] = await Promise.all([context.waitForEvent("page"), jupyter.locator("#kernel-python3 a").click()]);
  await notebook.locator(".kernel_idle_icon").waitFor({ timeout: 60_000 });
  await notebook.locator(".CodeMirror").first().click();
  await notebook.keyboard.insertText(
    "import socket, numpy as np\nsocket.gethostbyname(socket.gethostname()), np.arange(101).sum()",
  );
  await notebook.keyboard.press("Shift+Enter");
  const address = vc.nodes[0]!.address!;
  await notebook.locator(".output_area").getByText(`('${address}', 5050)`).waitFor();
  await keepShot(notebook, "many-hosts-jupyter");

  await page.goto(`${portal}/vclusters/${vc.name}/terminal`);
  const screen = page.locator('[data-testid="terminal"]:visible .xterm-rows');
  await screen.getByText("root@host-0").first().waitFor();
  await page.getByTestId("terminal").locator("textarea").focus();
  await page.keyboard.type("echo $((6 * 7)) on $(hostname -I)\n");
  await screen.getByText(`42 on ${address}`).waitFor();
  await keepShot(page, "many-hosts-terminal");

  for (const [name, path] of [
    ["many-hosts", "/admin/hosts"],
    ["many-hosts-one", "/admin/hosts/three"],
    ["many-hosts-wide", "/vclusters/wide"],
  ] as const) {
    await page.goto(portal + path);
    await settled(page);
    await keepShot(page, name);
    expect(await axeFindings(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  }
  // Chromium says of every page that came over plain HTTP that it leaves that header out.
  expect(complaints.filter((c) => !c.includes("Cross-Origin-Opener-Policy"))).toEqual([]);
  await context.close();
});

test("a host that goes away takes its own nodes along and nobody else's, and comes back with all of them", async () => {
  const away = cloud.of("three");
  const state = async () => (await cloud.first.root.hosts()).items.find((h) => h.name === "three")!.state;
  await away.down();
  await until("host three to be missed", async () => (await state()) === "unreachable", { timeoutMs: 60_000 });
  const [here, , gone] = oneOfEach();
  expect(await cloud.shell(node(here!), `ssh -o BatchMode=yes ${gone} hostname`)).toBe(gone!);
  away.serve("--role=worker", "--master-ip", cloud.first.host.address);
  await cloud.first.sees("three");
  expect(await cloud.shell(node(gone!), "hostname")).toBe(gone!);
});
