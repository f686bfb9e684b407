import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import type { TestDocklet } from "../kit/docklet.ts";
import { baseDocklet, createVcluster, onHost, shell } from "./base-docklet.ts";
import { Kernel } from "./jupyter-client.ts";
import { closed, opened, Visit } from "./workspace-visit.ts";

setDefaultTimeout(120_000);
const GIB = 1_073_741_824;
const PORT = 3000;
let d: TestDocklet;
let visit: Visit;

beforeAll(async () => {
  d = await baseDocklet({ settings: { WARM_NODES: "base=1" } });
  await createVcluster(d, { name: "lab" });
  visit = await Visit.root(d, "lab");
  const server = readFileSync(join(import.meta.dir, "node-server.py"), "utf8");
  await shell(
    d,
    "lab",
    `cat >/root/server.py <<'END'\n${server}\nEND\nsetsid python3 /root/server.py ${PORT} >/dev/null 2>&1 </dev/null &`,
  );
  await until("the server in the node to answer", async () => (await visit.fetch(`/port/${PORT}/`)).status === 200, {
    timeoutMs: 20_000,
  });
}, 600_000);
afterAll(async () => {
  await d?.destroy();
}, 60_000);

describe("a Jupyter client through the gateway", () => {
  test("starts a kernel, runs cells, and gets what they show", async () => {
    const kernel = await Kernel.start(visit);
    expect(await kernel.run("print('héllo')\n6 * 7")).toMatchObject({ status: "ok", stdout: "héllo\n", result: "42" });
    const plot = await kernel.run("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);");
    expect(plot.displayed).toContain("image/png");
    await kernel.end();
  });

  test("interrupts a cell that would never end, and goes on", async () => {
    const kernel = await Kernel.start(visit);
    await kernel.run("0");
    const endless = kernel.run("print('on', flush=True)\nwhile True: pass");
    await Bun.sleep(300);
    expect(await kernel.interrupt()).toBe(204);
    expect(await endless).toMatchObject({ status: "error", ename: "KeyboardInterrupt" });
    expect((await kernel.run("1 + 1")).result).toBe("2");
    await kernel.end();
  });

  test("gets 5 MB in one message, and gives as much", async () => {
    const kernel = await Kernel.start(visit);
    const { expressions } = await kernel.run("big = 'x' * 5_000_000", { big: "big", length: "len(big)" });
    expect([expressions.big!.length, expressions.length]).toEqual([5_000_002, "5000000"]);
    expect((await kernel.run(`len(${JSON.stringify("y".repeat(5_000_000))})`)).result).toBe("5000000");
    await kernel.end();
  });

  test("saves a file and reads it back, changed by the node meanwhile", async () => {
    const put = await visit.fetch("/api/contents/notes.txt", {
      method: "PUT",
      body: JSON.stringify({ type: "file", format: "text", content: "from outside\n" }),
      headers: { "content-type": "application/json" },
    });
    expect(put.status).toBe(201);
    expect(await shell(d, "lab", "cat /root/notes.txt; echo from inside >> /root/notes.txt")).toBe("from outside");
    expect(await (await visit.fetch("/files/notes.txt")).text()).toBe("from outside\nfrom inside\n");
  });

  test("Jupyter's own terminal answers as well", async () => {
    const made = await visit.fetch("/api/terminals", { method: "POST" });
    const { name } = (await made.json()) as { name: string };
    const socket = visit.socket(`/terminals/websocket/${name}`);
    let said = "";
    socket.addEventListener("message", (e) => {
      said += String(e.data);
    });
    await opened(socket);
    socket.send(JSON.stringify(["stdin", "echo $((40 + 2))-it-is\r"]));
    await until("the terminal to answer", () => said.includes("42-it-is"), { timeoutMs: 20_000 });
    socket.close();
  });
});

describe("any port of a node", () => {
  test("is served below its own path, which it does not see", async () => {
    const answer = await visit.fetch(`/port/${PORT}/some/where?x=1`);
    const text = await answer.text();
    expect(text).toStartWith("/some/where?x=1\n");
    expect(text).not.toContain(visit.cookie);
    expect(text.toLowerCase()).not.toContain("authorization");
  });

  test("a port that nobody listens on is told, and is no error of the gateway", async () => {
    const answer = await visit.fetch("/port/3999/", { headers: { accept: "text/html" } });
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("does not answer");
  });

  test("events come one by one, as they are sent", async () => {
    const answer = await visit.fetch(`/port/${PORT}/events`);
    const reader = answer.body!.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe("data: one\n\n");
    // The node sends the second only now: had anybody waited for more, this would hang.
    await visit.fetch(`/port/${PORT}/go`);
    expect(await read()).toBe("data: two\n\n");
    expect((await reader.read()).done).toBe(true);
  });

  test("1 GiB goes up and down, and docklet's memory stays as it is", async () => {
    const file = join(d.prefix, "big");
    const fd = openSync(file, "w");
    ftruncateSync(fd, GIB);
    closeSync(fd);
    const curl = (...args: string[]) =>
      onHost("curl", "-sS", "--fail", "-H", `Cookie: ${visit.cookie}`, "-H", "Expect:", ...args);
    const url = `${visit.base}/port/${PORT}`;
    await curl(`${url}/give/1000`);
    const before = rss(d.pid);
    const peak = watch(d.pid);
    expect(await curl("-T", file, `${url}/up`)).toMatchObject({ code: 0, stdout: String(GIB) });
    expect(await curl("-o", "/dev/null", "-w", "%{size_download}", `${url}/give/${GIB}`)).toMatchObject({
      code: 0,
      stdout: String(GIB),
    });
    // A reader who takes his time: what he has not read must wait in the node.
    const slow = await curl("-o", "/dev/null", "--limit-rate", "2M", "--max-time", "3", `${url}/give/${GIB}`);
    expect(slow.code).toBe(28);
    expect(peak() - before).toBeLessThan(128);
  });
});

describe("who may enter", () => {
  test("a link works once", async () => {
    const { url } = await d.root.openVcluster({ params: { name: "lab" }, body: {} });
    await Visit.by(url);
    expect((await fetch(url, { redirect: "manual" })).status).toBe(403);
  });

  test("nobody without a cookie: browsers are led to the portal, programs are told", async () => {
    const page = await fetch(`${visit.base}/tree`, { redirect: "manual", headers: { accept: "text/html" } });
    expect(page.status).toBe(303);
    const to = new URL(page.headers.get("location")!);
    expect([to.pathname, to.searchParams.get("slug"), to.searchParams.get("path")]).toEqual([
      "/open",
      visit.slug,
      "/tree",
    ]);
    expect((await fetch(`${visit.base}/api/kernels`, { redirect: "manual" })).status).toBe(401);
  });

  test("a slug that is nobody's, and what is none, are not here", async () => {
    const origin = new URL(visit.base).origin;
    expect((await fetch(`${origin}/Not-A-Slug/`, { redirect: "manual" })).status).toBe(404);
    expect((await fetch(`${origin}/abcdefghijklmnop/api`, { redirect: "manual" })).status).toBe(401);
  });

  test("somebody else's workspace opens for nobody but them", async () => {
    const ann = await d.person("ann");
    const made = await ann.api.createVcluster({ body: { name: "hers" } });
    await d.finish(made.operation);
    const theirs = await Visit.by((await ann.api.openVcluster({ params: { name: "hers" }, body: {} })).url);
    expect((await theirs.fetch("/api/status")).status).toBe(200);
    // Her cookie at root's slug, by both names it could go by.
    const value = theirs.cookie.split("=")[1];
    for (const cookie of [theirs.cookie, `dkw_${visit.slug}=${value}`])
      expect((await fetch(`${visit.base}/api/status`, { redirect: "manual", headers: { cookie } })).status).toBe(401);
    const refused = await fetch(`${d.portal}/api/v1/open`, {
      method: "POST",
      body: JSON.stringify({ slug: visit.slug }),
      headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
    });
    expect(refused.status).toBe(404);
    await ann.api.deleteVcluster({ params: { name: "hers" } });
  });

  test("logging out closes what is open, at once", async () => {
    const bob = await d.person("bob");
    const made = await bob.api.createVcluster({ body: { name: "his" } });
    await d.finish(made.operation);
    const login = await fetch(`${d.portal}/api/v1/session`, {
      method: "POST",
      body: JSON.stringify({ username: "bob", password: bob.password }),
      headers: { "content-type": "application/json" },
    });
    const { csrf } = (await login.json()) as { csrf: string };
    const session = {
      cookie: login.headers.getSetCookie()[0]!.split(";")[0]!,
      "x-csrf-token": csrf,
      "content-type": "application/json",
    };
    const open = await fetch(`${d.portal}/api/v1/vclusters/his/open`, { method: "POST", body: "{}", headers: session });
    const his = await Visit.by(((await open.json()) as { url: string }).url);
    const kernel = await Kernel.start(his);
    expect((await kernel.run("2 + 2")).result).toBe("4");
    const ending = closed(kernel.socket);
    expect((await fetch(`${d.portal}/api/v1/session`, { method: "DELETE", headers: session })).status).toBe(204);
    await ending;
    expect((await his.fetch("/api/status")).status).toBe(401);
    await bob.api.deleteVcluster({ params: { name: "his" } });
  });
});

describe("a workspace that is not there yet", () => {
  test("says so while it stops and starts, and then is there by itself", async () => {
    const html = { headers: { accept: "text/html" } };
    await d.finish(await d.root.stopVcluster({ params: { name: "lab" } }));
    const down = await visit.fetch("/tree", html);
    expect([down.status, down.headers.get("x-docklet-state")]).toEqual([503, "down"]);
    expect(await down.text()).toContain("is stopped");
    const starting = await d.root.startVcluster({ params: { name: "lab" } });
    const seen = new Set<string>();
    await until(
      "the workspace to answer",
      async () => {
        const answer = await visit.fetch("/tree", html);
        seen.add(`${answer.status} ${answer.headers.get("x-docklet-state")}`);
        return answer.status === 200;
      },
      { timeoutMs: 60_000, firstMs: 10, maxMs: 50 },
    );
    expect([...seen].at(-1)).toBe("200 null");
    expect(seen).toContain("503 wait");
    expect([...seen].filter((s) => s.startsWith("502"))).toEqual([]);
    await d.finish(starting);
  });
});

/** MiB that a process has in memory. */
function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

/** Looks often; the answer is the most that was seen. */
function watch(pid: number): () => number {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, rss(pid));
  }, 20);
  return () => {
    clearInterval(timer);
    return most;
  };
}
