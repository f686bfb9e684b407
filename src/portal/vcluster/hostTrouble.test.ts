import { expect, test } from "bun:test";
import type { Host, Node } from "../../contracts/public/index.ts";
import { hostTroubles } from "./hostTrouble.ts";

const node = (name: string, host: string) => ({ name, host }) as Node;
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
      what: "quay-2 does not answer. On it: host-1.",
      next: "Nodes there go on running if the machine does; docklet waits for the host and loses nothing.",
    },
  ]);
  const anew = hostTroubles(cluster({ onHostLoss: { nodes: "stop", recover: "anew" } }), hosts)[0]!;
  expect(anew.next).toContain("made anew elsewhere, without what was on their disks");
  expect(hostTroubles(cluster({ desired: "stopped" }), hosts)[0]!.next).toContain("Nothing is lost");
});

test("a removed host does not come back", () => {
  expect(hostTroubles(cluster(), [host("quay-1", "removed")])[0]!.what).toBe("quay-1 was removed. host-0 is lost.");
});
