import type { Lab, Person } from "./lab.ts";
import { banner, login, ping } from "./probes.ts";

/** Milliseconds after the click, step by step. What was not tried is missing. */
export interface Visit {
  /** POST /vclusters is answered: checked, placed, on disk. */
  answered: number;
  /** The order is at the worker, which has a container for it and has named it. */
  named: number;
  /** The node has its address. */
  plugged: number;
  /** The event stream says ready. */
  ready: number;
  /** POST …/open is answered with a link. */
  linked: number;
  /** The gateway took the ticket and set the workspace's cookie. */
  admitted: number;
  /** `/<slug>/api/status` through the gateway is 200. */
  jupyter: number;
  ping?: number;
  banner?: number;
  /** OpenSSH has logged in, written into ~/nfs and ended. */
  login?: number;
  warm: boolean;
}

/**
 * One click of one person, from before the request to everything that they could want of their new vcluster. The
 * browser's way goes by the event stream; with `terminals`, ping and ssh are tried at the same time.
 */
export async function visit(lab: Lab, person: Person, name: string, terminals: boolean): Promise<Visit> {
  const { api, feed, token } = person;
  const named = lab.named(name);
  const ready = feed.vcluster(name, (v) => v.state === "ready");
  const clicked = performance.now();
  const since = (at: number) => at - clicked;
  const answer = fetch(`${lab.docklet.portal}/api/v1/vclusters`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name, image: "base" }),
  });
  const response = await answer;
  if (response.status !== 202) throw new Error(`POST /vclusters: ${response.status} ${await response.text()}`);
  const { vcluster } = (await response.json()) as Awaited<ReturnType<typeof api.createVcluster>>;
  const answered = since(performance.now());
  const address = vcluster.nodes[0]?.address;
  if (!address) throw new Error("the answer does not tell the node's address");
  const plugged = lab.plugged(address);
  const shell = terminals ? plugged.then(() => tryShell(address, person.key)) : undefined;
  const isReady = await ready;
  const browser = await openWorkspace(lab, person, name);
  const tried = await shell;
  const shown = await api.vcluster({ params: { name } });
  return {
    answered,
    named: since(await named),
    plugged: since(await plugged),
    ready: since(isReady),
    linked: since(browser.linked),
    admitted: since(browser.admitted),
    jupyter: since(browser.jupyter),
    ...(tried && { ping: since(tried.ping), banner: since(tried.banner), login: since(tried.login) }),
    warm: shown.nodes[0]?.warm ?? false,
  };
}

async function openWorkspace(lab: Lab, person: Person, name: string) {
  const { url } = await person.api.openVcluster({ params: { name }, body: {} });
  const linked = performance.now();
  const entry = await fetch(url, { redirect: "manual" });
  await entry.text();
  const cookie = entry.headers.get("set-cookie")?.split(";")[0];
  if (!cookie) throw new Error(`the gateway gave no cookie for a ticket: ${entry.status}`);
  const admitted = performance.now();
  const slug = new URL(url).pathname.split("/")[1];
  const status = await fetch(`${lab.docklet.workspaces}/${slug}/api/status`, {
    headers: { cookie },
    redirect: "manual",
  });
  await status.text();
  if (status.status !== 200) throw new Error(`the workspace of a ready vcluster answers ${status.status}`);
  return { linked, admitted, jupyter: performance.now() };
}

/** ping and ssh at once. The login starts as soon as sshd listens, beside the look at its banner. */
async function tryShell(address: string, key: string) {
  let enter: (at: number) => void = () => {};
  const listening = new Promise<number>((done) => {
    enter = done;
  });
  const [pinged, bannered, loggedIn] = await Promise.all([
    ping(address),
    banner(address, () => enter(0)),
    listening.then(() => login(address, key)),
  ]);
  return { ping: pinged, banner: bannered, login: loggedIn };
}
