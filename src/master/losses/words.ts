import type { Wish } from "./waiting.ts";

/** For people, and the same for all of them: minutes, UTC. */
export const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** What a node waits for whose host is away. `remaining`: ms until its lease is certainly over; null: it has none. */
export function waitsFor(host: string, since: number, policy: Wish, remaining: number | null): string {
  const lost = `host ${host} is unreachable since ${at(since)}`;
  if (!policy.runs) {
    const anew = policy.recover === "anew" && policy.nodes !== "keep" && remaining !== null;
    return `${lost}. What is stopped there waits for it${anew ? "; started, it is made anew elsewhere" : ""}.`;
  }
  const off = `An administrator who is certain that the machine is off can say so: docklet host rm --force ${host}`;
  if (policy.nodes === "keep" || remaining === null) {
    const then = policy.recover === "anew" ? "; the nodes are made anew elsewhere then" : "";
    return `${lost}. The nodes there go on, as far as anybody knows, and wait for it. ${off}${then}.`;
  }
  const did = policy.nodes === "freeze" ? "frozen" : "stopped";
  if (remaining > 0) {
    const next = policy.recover === "anew" ? "made anew elsewhere" : did;
    return `${lost}. The nodes there are ${next} if it does not come back soon.`;
  }
  if (policy.recover === "wait") return `${lost}. The nodes there are ${did}, and wait for it.`;
  return `${lost}. The nodes there are ${did}, and are made anew elsewhere.`;
}
