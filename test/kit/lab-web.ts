import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { type Lab, WORLD } from "./lab.ts";

/** Carries every connection to the proxy's port in the world to its socket: files know no network namespace. */
const CARRIER = `
import socket, sys, threading
def copy(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def carry(c):
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[3])
    threading.Thread(target=copy, args=(c, s), daemon=True).start(); copy(s, c)
door = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("up", flush=True)
while True:
    threading.Thread(target=carry, args=(door.accept()[0],), daemon=True).start()
`;
const PORT = 3128;

/** A web proxy in the lab's world, so that nodes can install packages from wherever this machine does. */
export class LabWeb {
  private constructor(
    private readonly server: Server,
    private readonly carrier: Bun.Subprocess,
    private readonly socket: string,
  ) {}

  static async open(lab: Lab): Promise<LabWeb> {
    const socket = join(lab.folder, "web.sock");
    const server = createServer(async (req, res) => {
      try {
        const got = await fetch(req.url!, { redirect: "manual", decompress: false, headers: passed(req.headers) });
        res.writeHead(got.status, Object.fromEntries(got.headers));
        res.end(new Uint8Array(await got.arrayBuffer()));
      } catch (e) {
        res.writeHead(502).end(String(e));
      }
    });
    server.on("connect", (req, client) => {
      const { hostname, port } = new URL(`http://${req.url}`);
      const there = connect(Number(port || 443), hostname, () => {
        client.write("HTTP/1.1 200 ok\r\n\r\n");
        there.pipe(client).pipe(there);
      });
      for (const s of [there, client]) s.on("error", () => [there, client].forEach((x) => void x.destroy()));
    });
    await new Promise<void>((resolve) => server.listen(socket, () => resolve()));
    const carrier = Bun.spawn(
      ["setsid", ...lab.inWorld(), "/usr/bin/python3", "-c", CARRIER, WORLD, `${PORT}`, socket],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    await carrier.stdout.getReader().read();
    return new LabWeb(server, carrier, socket);
  }

  get url(): string {
    return `http://${WORLD}:${PORT}`;
  }

  async close(): Promise<void> {
    this.carrier.kill("SIGKILL");
    await this.carrier.exited;
    this.server.close();
    rmSync(this.socket, { force: true });
  }
}

function passed(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const hop = /^(connection|proxy-.*|host|keep-alive|accept-encoding)$/;
  return Object.fromEntries(Object.entries(headers).flatMap(([k, v]) => (hop.test(k) || !v ? [] : [[k, String(v)]])));
}
