import { expect, test } from "bun:test";
import type { Host, Node } from "../../contracts/public/index.ts";
import { hostTroubles } from "./hostTrouble.ts";

const node = (name: string, host: string, reason: string | null = null) => ({ name, host, reason }) as Node;
const host = (name: string, state: Host["state"], reason: string | null = null) => ({ name, state, reason }) as Host;
const cluster = (over = {}) => ({
  nodes: [node("host-0", "quay-1"), node("host-1", "quay-2")],
  desired: "running" as const,
  onHostLoss: { nodes: "keep" as const, recover: "wait" as const },
  ...over,
});

test("only hosts of this cluster that cannot be reached are told", () => {
  const hosts = [host("quay-1", "ready"), host("quay-2", "draining"), host("quay-3", "unreachable")];
  expect(hostTroubles(cluster(), hosts)).toEqual([]);
});

test("says which nodes, why, and what happens by the settings", () => {
  const hosts = [host("quay-2", "unreachable", "does not answer")];
  expect(hostTroubles(cluster(), hosts)).toEqual([
    {
      host: "quay-2",
      what: "quay-2 cannot be reached. On it: host-1.",
      next: "Nodes there go on if the machine does; docklet waits for the host and loses nothing.",
    },
  ]);
  const anew = hostTroubles(cluster({ onHostLoss: { nodes: "stop", recover: "anew" } }), hosts)[0]!;
  expect(anew.next).toContain("made anew elsewhere, without what was on their disks");
  expect(hostTroubles(cluster({ desired: "stopped" }), hosts)[0]!.next).toContain("Nothing is lost");
});

test("a removed host does not come back", () => {
  expect(hostTroubles(cluster(), [host("quay-1", "removed")])).toEqual([
    {
      host: "quay-1",
      what: "quay-1 was removed. On it were: host-0.",
      next: "They are lost. Delete this cluster, or scale it down to the nodes that are left.",
    },
  ]);
});

test("what the server says of it comes first, and many nodes are counted", () => {
  const nodes = [0, 1, 2, 3, 4, 5].map((i) => node(`host-${i}`, "quay-2", "host quay-2 is unreachable since noon."));
  expect(hostTroubles(cluster({ nodes }), [host("quay-2", "unreachable")])).toEqual([
    {
      host: "quay-2",
      what: "quay-2 cannot be reached. On it: host-0, host-1, host-2 and 3 more.",
      next: "Host quay-2 is unreachable since noon.",
    },
  ]);
});
