import type { Host, Image, JoinToken } from "../../src/contracts/public/index.ts";
import { randomName } from "../../src/lib/ids.ts";

export function image(name: string, ready: Image["ready"]): Image {
  return {
    name,
    description: `the ${name} image`,
    parent: null,
    state: "ready",
    reason: null,
    builtin: true,
    ready,
    size: 1e9,
    warm: { want: 1, have: 1 },
    operation: null,
    builtAt: 1,
  };
}

export function host(): Host {
  const much = { cpu: 16, memory: 65_536, disk: 1_000_000 };
  const none = { cpu: 0, memory: 0, disk: 0 };
  return {
    name: "lab",
    state: "ready",
    reason: null,
    address: "192.0.2.10",
    capacity: much,
    reserved: none,
    used: none,
    nodes: 0,
    warm: 1,
    kernel: "6.18",
    lxc: "5.0.2",
    version: "0.5.0",
    bootedAt: 1,
    labels: {},
    images: ["base", "mini"],
    gpus: [],
    homes: "local",
    operation: null,
  };
}

export function joinToken(request: { role: "worker"; actor: string; uses?: number | undefined }): JoinToken {
  return {
    id: randomName(10),
    role: request.role,
    state: "valid",
    uses: request.uses ?? 1,
    hosts: [],
    createdBy: request.actor,
    createdAt: 0,
    expiresAt: 86_400_000,
  };
}
