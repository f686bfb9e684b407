import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeSpec, VclusterOrder } from "../../contracts/worker.ts";
import type { Layout } from "../layout.ts";
import type { Instance } from "./instances.ts";

/**
 * A node's identity: files that the host owns and the node can only read, under /run/docklet. sshd, the resolver
 * and Jupyter read them when they need them, so changing one is a rename and nothing has to be told.
 */
export class Identity {
  constructor(
    private readonly layout: Layout,
    private readonly dns: () => string[],
  ) {}

  /** Before the first boot: what does not depend on whose node it will be. */
  writeBirth(i: Instance): void {
    const put = this.#writer(i.id);
    put("ssh_host_ed25519_key", ensureNewline(i.hostKey), 0o600);
    put("ssh_host_ed25519_key.pub", ensureNewline(i.hostKeyPub), 0o644);
    put("jupyter.json", JSON.stringify({ token: i.jupyterToken, base_url: `/${i.slug}/`, port: 8888 }), 0o600);
    put("hosts", "127.0.0.1 localhost\n", 0o644);
    put("hostname", "node\n", 0o644);
    put("resolv.conf", this.#resolvConf(), 0o644);
    put("authorized_keys", "", 0o600);
  }

  /** Whose it is. Only files whose content differs are touched; returns whether any was. */
  writeOrder(i: Instance, spec: NodeSpec, order: VclusterOrder): boolean {
    const put = this.#writer(i.id);
    const hosts = ["127.0.0.1 localhost", ...order.hosts.map((h) => `${h.address} ${h.name} ${h.name}.${order.name}`)];
    return [
      put("hosts", `${hosts.join("\n")}\n`, 0o644),
      put("hostname", `${spec.name}\n`, 0o644),
      put("resolv.conf", this.#resolvConf(), 0o644),
      put("authorized_keys", lines([...order.authorizedKeys, order.peerKey.public]), 0o600),
      put("peer_key", ensureNewline(order.peerKey.private), 0o600),
      put("peer_key.pub", ensureNewline(order.peerKey.public), 0o644),
      put("vcluster", `${order.name}\n`, 0o644),
      put("node.json", JSON.stringify({ vcluster: order.name, node: spec.name, owner: order.owner.name }), 0o644),
    ].some(Boolean);
  }

  #resolvConf(): string {
    return [...this.dns().map((ip) => `nameserver ${ip}`), "options timeout:2", ""].join("\n");
  }

  #writer(id: string) {
    const dir = this.layout.identitySource(id);
    return (name: string, content: string, mode: number): boolean => {
      const path = join(dir, name);
      if (current(path) === content) return false;
      const temp = join(dir, `.${name}`);
      writeFileSync(temp, content, { mode });
      renameSync(temp, path);
      return true;
    };
  }
}

function current(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

const ensureNewline = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);
/** One key a line: a newline inside one would smuggle in another. */
const lines = (items: string[]) => items.map((k) => `${k.replace(/[\r\n]+/g, " ").trim()}\n`).join("");
