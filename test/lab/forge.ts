import { join } from "node:path";
import { type Node, run } from "./stage.ts";

const TUNNEL_FRAMES = join(import.meta.dir, "tunnel-frames.py");

export interface Forgery {
  /** argv that runs what follows it where the packets come from. */
  enter: string[];
  /** Marks the packets, so that they are told from others. */
  run: string;
  /** Address of the host that they go to. */
  to: string;
  /** In whose name, and to whom, inside the tunnel. */
  me: Node;
  victim: Node;
  /** A node of somebody else. */
  other: Node;
  kinds?: string[];
  /** Forges the packet around the frame as well. */
  outer?: { iface: string; mac: string; dst: string; src: string };
}

/** Sends VXLAN packets that nobody should be able to make. Answers {kind: the frame inside, in hex}. */
export async function forge(f: Forgery): Promise<Record<string, string>> {
  const { me, victim, other, to, kinds, outer } = f;
  const facts = {
    run: f.run,
    to,
    vni: me.vni,
    me: { mac: me.mac, ip: me.address },
    victim: { mac: victim.mac, ip: victim.address },
    gateway: { mac: me.gateway.mac, ip: me.gateway.address },
    other: { ip: other.address },
    ...(kinds ? { kinds } : {}),
    ...(outer ? { outer } : {}),
  };
  const r = await run([...f.enter, "/usr/bin/python3", TUNNEL_FRAMES, JSON.stringify(facts)]);
  if (r.code !== 0) throw new Error(r.out);
  return JSON.parse(r.out.trim().split("\n").at(-1)!) as Record<string, string>;
}

/** Text as it is found in what a watcher wrote down. */
export const hex = (text: string) => Buffer.from(text).toString("hex");
