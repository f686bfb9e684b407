import { createConnection } from "node:net";

/** What a person's own programs do with a fresh node, each from its first try to its first success. Needs ping and ssh. */

/** Answers when the first reply of ping is there. */
export async function ping(address: string): Promise<number> {
  const child = Bun.spawn(["ping", "-n", "-i", "0.01", "-w", "20", address], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes("bytes from")) return performance.now();
    }
    throw new Error(`${address} does not answer a ping`);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}

/** When port 22 takes a connection, and when its banner is there. */
export async function banner(address: string, connected: () => void): Promise<number> {
  const end = performance.now() + 60_000;
  for (;;) {
    const at = await tryBanner(address, connected);
    if (at !== null) return at;
    if (performance.now() > end) throw new Error(`no ssh at ${address} within 60 s`);
    await Bun.sleep(2);
  }
}

/** A packet that left before the node's network was there is sent again by the kernel after seconds: a new one is quicker. */
const TRY_MS = 250;

function tryBanner(address: string, connected: () => void): Promise<number | null> {
  return new Promise((done) => {
    const socket = createConnection({ host: address, port: 22 });
    // Not the socket's own limit: that begins with the connection, which may never come.
    const overdue = setTimeout(() => end(null), TRY_MS);
    const end = (at: number | null) => {
      clearTimeout(overdue);
      socket.destroy();
      done(at);
    };
    socket.on("connect", connected);
    socket.on("data", (d) => end(d.toString("latin1").startsWith("SSH-") ? performance.now() : null));
    socket.on("error", () => end(null));
    socket.on("close", () => end(null));
  });
}

const SSH = [
  "ssh",
  "-F",
  "none",
  ...[
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "KexAlgorithms=curve25519-sha256",
    "LogLevel=ERROR",
    "ConnectTimeout=20",
  ].flatMap((o) => ["-o", o]),
];

/** A whole login of OpenSSH with the person's key, which writes into their data folder; until the client has ended. */
export async function login(address: string, key: string): Promise<number> {
  const child = Bun.spawn([...SSH, "-i", key, `root@${address}`, "touch ~/nfs/x && echo ok"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent" },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const at = performance.now();
  if (code !== 0 || out.trim() !== "ok") throw new Error(`ssh to ${address} failed (${code}): ${err.trim()}`);
  return at;
}

/** Asks Jupyter itself, token in hand, until it answers: for nodes that have no docklet around them. */
export async function jupyter(address: string, slug: string, token: string): Promise<number> {
  const end = performance.now() + 60_000;
  for (;;) {
    const ok = await fetch(`http://${address}:8888/${slug}/api/status`, {
      headers: { authorization: `token ${token}`, connection: "close" },
      signal: AbortSignal.timeout(5_000),
    }).then(
      async (r) => {
        await r.text();
        return r.status === 200;
      },
      () => false,
    );
    if (ok) return performance.now();
    if (performance.now() > end) throw new Error(`no Jupyter at ${address} within 60 s`);
    await Bun.sleep(3);
  }
}
