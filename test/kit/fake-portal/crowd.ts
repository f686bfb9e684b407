import { makeHost } from "./hosts.ts";
import { makeNode, seededWorld, vcluster } from "./seed.ts";
import type { World } from "./world.ts";

const NODES_EACH = 4;

/** A large installation: so many hosts, and so many nodes in clusters of four that are spread over them. */
export function crowdedWorld(hosts: number, nodes: number): World {
  const w = seededWorld();
  // Nothing is measured by itself: what changes on screen is what a test told.
  w.quiet = true;
  w.hosts = Array.from({ length: hosts }, (_, i) => makeHost(`quay-${i + 1}`, { address: `192.0.2.${i + 1}` }));
  let next = 0;
  w.vclusters = Array.from({ length: nodes / NODES_EACH }, (_, i) => {
    const made = Array.from({ length: NODES_EACH }, (_, n) => makeNode(n, "ready"));
    for (const n of made) n.host = `quay-${(next++ % hosts) + 1}`;
    return vcluster(`lab-${i}`, `person-${i % 100}`, "ready", made);
  });
  w.samples.clear();
  return w;
}
