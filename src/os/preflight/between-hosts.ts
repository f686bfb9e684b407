import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { messageOf } from "../../lib/errors.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** UDP port of VXLAN, by which nodes of one vcluster reach each other across hosts. */
export const TUNNEL_PORT = 4789;
const ANSWER_MS = 3_000;

export interface MasterPlace {
  host: string;
  port: number;
}

/** null: something takes connections there. Otherwise why not. Nothing is sent. */
export function probeMaster({ host, port }: MasterPlace): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (text: string | null) => {
      clearTimeout(late);
      socket.destroy();
      resolve(text);
    };
    const late = setTimeout(() => answer(`no answer within ${ANSWER_MS / 1000} s`), ANSWER_MS);
    socket.once("connect", () => answer(null));
    socket.once("error", (e) => answer((e as { code?: string }).code ?? messageOf(e)));
  });
}

export function udpPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, () => socket.close(() => resolve(true)));
  });
}

/** What nodes of several hosts need, and what a worker needs of its master. */
export function checkBetweenHosts(
  f: { tunnelPortFree: boolean; running: boolean; master?: string | null | undefined },
  master?: MasterPlace,
): Finding[] {
  const name = `port ${TUNNEL_PORT}/udp`;
  const findings = [
    f.tunnelPortFree || f.running
      ? ok(name, f.tunnelPortFree ? "free, for tunnels to other hosts" : "in use for tunnels to other hosts")
      : bad(
          "warn",
          name,
          "in use by another program",
          "free, or in use by VXLAN",
          `Without it the nodes of this host can't reach those of others. \`ss -lunp 'sport = :${TUNNEL_PORT}'\` says who has it.`,
        ),
  ];
  if (!master || f.master === undefined) return findings;
  const place = `${master.host}:${master.port}`;
  findings.push(
    f.master === null
      ? ok("master", `takes connections at ${place}`)
      : bad(
          "warn",
          "master",
          `can't be reached at ${place}: ${f.master}`,
          "reachable: the worker waits for it, and its nodes go on meanwhile",
          "Is docklet running there, does a firewall let this host through, and are MASTER_IP and MASTER_PORT right?",
        ),
  );
  return findings;
}
