import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";

/** Ids that one node gets on the host: base … base + 65 535. */
export const RANGE = 65_536;

export interface UserNamespace {
  readonly fd: number;
  close(): void;
}

/**
 * A user namespace that only serves as an id map for mounts: in-node 0…65535 ↔ `base`…, and one spare id
 * (on disk 65 536 ↔ the host's root) with which overlay itself can make its work folder. No process of a node
 * ever lives in it. A process with threads cannot unshare, so a child does and is let go when the fd is open.
 */
export async function mapNamespace(base: number): Promise<UserNamespace> {
  const child = Bun.spawn(["unshare", "--user", "cat"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/bin:/bin" },
  });
  try {
    // cat only answers after unshare(2) and exec: then the namespace is there.
    child.stdin.write("x");
    await child.stdin.flush();
    const reader = child.stdout.getReader();
    const first = await reader.read();
    if (first.done) throw new Error(`unshare --user failed: ${(await new Response(child.stderr).text()).trim()}`);
    const map = `0 ${base} ${RANGE}\n${RANGE} 0 1\n`;
    writeFileSync(`/proc/${child.pid}/uid_map`, map);
    writeFileSync(`/proc/${child.pid}/gid_map`, map);
    const fd = openSync(`/proc/${child.pid}/ns/user`, "r");
    return { fd, close: () => closeSync(fd) };
  } finally {
    child.stdin.end();
    child.kill("SIGKILL");
    await child.exited;
  }
}

/** The host's id of the root of the user namespace that a node's process is in; null: it has not the ids of a node. */
export function firstIdOf(pid: number): number | null {
  const [inside, outside, count] = readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/).map(Number);
  return inside === 0 && count === RANGE ? outside! : null;
}

/** The user namespace of a running process. */
export function userNamespaceOf(pid: number): UserNamespace {
  const fd = openSync(`/proc/${pid}/ns/user`, "r");
  return { fd, close: () => closeSync(fd) };
}
