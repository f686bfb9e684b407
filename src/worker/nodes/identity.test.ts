import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orderOf } from "../../../test/kit/worker-parts.ts";
import { Layout } from "../layout.ts";
import { Identity } from "./identity.ts";
import type { Instance } from "./instances.ts";

let dir: string;
let folder: string;
let identity: Identity;
let dns: string[];
const instance = {
  id: "abcdef",
  slug: "slug",
  jupyterToken: "token",
  hostKey: "HOST KEY",
  hostKeyPub: "ssh-ed25519 HOST",
} as Instance;
const order = orderOf(["running", "running"]);
const spec = order.nodes[0]!;
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const modes = () =>
  Object.fromEntries(readdirSync(folder).map((f) => [f, (statSync(join(folder, f)).mode & 0o777).toString(8)]));
const inodes = () => Object.fromEntries(readdirSync(folder).map((f) => [f, statSync(join(folder, f)).ino]));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-identity-"));
  const layout = new Layout(dir, "ab");
  folder = layout.identitySource(instance.id);
  mkdirSync(folder, { recursive: true });
  dns = ["192.0.2.53"];
  identity = new Identity(layout, () => dns);
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("birth", () => {
  test("what a node needs to boot, and nothing that says whose it is", () => {
    identity.writeBirth(instance);
    expect(read("hostname")).toBe("node\n");
    expect(read("authorized_keys")).toBe("");
    expect(read("ssh_host_ed25519_key")).toBe("HOST KEY\n");
    expect(JSON.parse(read("jupyter.json"))).toEqual({ token: "token", base_url: "/slug/", port: 8888 });
    expect(readdirSync(folder)).not.toContain("peer_key");
  });
});

describe("order", () => {
  test("names of all nodes, keys, name servers", () => {
    identity.writeBirth(instance);
    expect(identity.writeOrder(instance, spec, { ...order, authorizedKeys: ["ssh-ed25519 ANN"] })).toBe(true);
    expect(read("hosts")).toBe("127.0.0.1 localhost\n172.16.0.2 host-0 host-0.lab\n172.16.0.3 host-1 host-1.lab\n");
    expect(read("authorized_keys")).toBe("ssh-ed25519 ANN\nssh-ed25519 PEER\n");
    expect(read("hostname")).toBe("host-0\n");
    expect(read("resolv.conf")).toBe("nameserver 192.0.2.53\noptions timeout:2\n");
    expect(JSON.parse(read("node.json"))).toEqual({ vcluster: "lab", node: "host-0", owner: "ann" });
  });

  test("secrets are for the node's root alone, the rest for all in it", () => {
    identity.writeBirth(instance);
    identity.writeOrder(instance, spec, order);
    expect(modes()).toEqual({
      authorized_keys: "600",
      hostname: "644",
      hosts: "644",
      "jupyter.json": "600",
      "node.json": "644",
      peer_key: "600",
      "peer_key.pub": "644",
      "resolv.conf": "644",
      ssh_host_ed25519_key: "600",
      "ssh_host_ed25519_key.pub": "644",
      vcluster: "644",
    });
  });

  test("the same again touches nothing; a change touches its file alone, by a rename", () => {
    identity.writeBirth(instance);
    identity.writeOrder(instance, spec, order);
    const before = inodes();
    expect(identity.writeOrder(instance, spec, structuredClone(order))).toBe(false);
    expect(inodes()).toEqual(before);
    dns = ["192.0.2.54"];
    expect(identity.writeOrder(instance, spec, order)).toBe(true);
    const after = inodes();
    expect(Object.keys(after).filter((f) => after[f] !== before[f])).toEqual(["resolv.conf"]);
  });

  test("a key with more than one line stays one key", () => {
    const authorizedKeys = ["ssh-ed25519 A\nssh-ed25519 EVIL", "ssh-ed25519 B\r\n\r\n"];
    identity.writeOrder(instance, spec, { ...order, authorizedKeys });
    expect(
      read("authorized_keys")
        .split("\n")
        .map((l) => l.split(" ")[1]),
    ).toEqual(["A", "B", "PEER", undefined]);
  });

  test("no name server known is no broken line", () => {
    dns = [];
    identity.writeOrder(instance, spec, order);
    expect(read("resolv.conf")).toBe("options timeout:2\n");
  });
});
