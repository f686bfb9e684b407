import { expect, test } from "bun:test";
import type { Host } from "../../contracts/public/index.ts";
import { worthALook } from "./HostBars.tsx";

const host = (name: string, state: Host["state"], promised: number) =>
  ({
    name,
    state,
    capacity: { cpu: 10, memory: 10, disk: 10 },
    reserved: { cpu: promised, memory: 0, disk: 0 },
  }) as Host;

test("hosts in trouble come first, then the fullest", () => {
  const hosts = [
    host("idle", "ready", 0),
    host("full", "ready", 9),
    host("resting", "cordoned", 0),
    host("lost", "unreachable", 1),
  ];
  expect(worthALook(hosts).map((h) => h.name)).toEqual(["lost", "resting", "full", "idle"]);
});
