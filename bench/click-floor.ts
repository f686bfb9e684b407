import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { birth } from "../src/worker/nodes/keys.ts";
import { Bare, BRIDGE, writeIdentity } from "./bare.ts";
import type { Lab, Person } from "./lab.ts";
import { Lxd } from "./lxd.ts";
import { banner, jupyter, login } from "./probes.ts";

export interface FloorVisit {
  login: number;
  jupyter: number;
}
export interface Floor {
  name: string;
  visits: FloorVisit[];
  notes: string[];
}

/** Cold starts of the root file system of `base` without docklet: bare LXC, and LXD where it is installed. */
export async function bareClicks(lab: Lab, person: Person, n: number): Promise<Floor[]> {
  const key = readFileSync(`${person.key}.pub`, "utf8");
  const bare = await Bare.open(lab, "base", key);
  try {
    return [await lxcFloor(bare, person, n), await lxdFloor(lab, bare.net, person, key, n)];
  } finally {
    await bare.close();
  }
}

async function lxcFloor(bare: Bare, person: Person, n: number): Promise<Floor> {
  const visits: FloorVisit[] = [];
  for (let i = 0; i <= n; i++) {
    const node = bare.prepare(i);
    const at = performance.now();
    await bare.start(i);
    const seen = await tryBoth(node.address, node.slug, node.token, person.key, at);
    if (i > 0) visits.push(seen);
    await bare.stop(i);
  }
  return { name: "bare lxc-start", visits, notes: [] };
}

async function lxdFloor(lab: Lab, net: string, person: Person, key: string, n: number): Promise<Floor> {
  const lxd = await Lxd.open();
  if (!lxd) return { name: "LXD", visits: [], notes: ["LXD is not installed on this machine."] };
  const folder = mkdtempSync(join(tmpdir(), "docklet-bench-"));
  chmodSync(folder, 0o711);
  try {
    await lxd.import("base", lab.layers("base"));
    const visits: FloorVisit[] = [];
    for (let i = 0; i <= n; i++) {
      const dir = join(folder, `${i}`);
      mkdirSync(dir);
      const { slug, jupyterToken: token, hostKey } = birth();
      writeIdentity(dir, { slug, token, hostKey, authorizedKey: key });
      const address = `${net}.${100 + i}`;
      const at = performance.now();
      await lxd.launch(`c${i}`, "base", {
        bridge: BRIDGE,
        raw: [
          `lxc.net.0.ipv4.address = ${address}/24`,
          "lxc.mount.entry = tmpfs run tmpfs rw,nosuid,nodev,mode=755,size=64m 0 0",
          `lxc.mount.entry = ${dir} run/docklet none bind,create=dir 0 0`,
        ],
        before: (idBase) => {
          for (const file of ["", ...readdirSync(dir)]) chownSync(join(dir, file), idBase, idBase);
        },
      });
      const seen = await tryBoth(address, slug, token, person.key, at);
      if (i > 0) visits.push(seen);
      await lxd.remove(`c${i}`);
    }
    return {
      name: "LXD launch",
      visits,
      notes: [
        "LXD: create and start over its socket, btrfs pool, the same tree as one image; no CLI in between. It gives every file of the tree to the container's ids when it creates it, which takes most of its time.",
      ],
    };
  } finally {
    await lxd.close();
    rmSync(folder, { recursive: true });
  }
}

async function tryBoth(address: string, slug: string, token: string, key: string, began: number): Promise<FloorVisit> {
  let enter: () => void = () => {};
  const listening = new Promise<void>((done) => {
    enter = done;
  });
  const [loggedIn, answered] = await Promise.all([
    listening.then(() => login(address, key)),
    jupyter(address, slug, token),
    banner(address, enter),
  ]);
  return { login: loggedIn - began, jupyter: answered - began };
}
