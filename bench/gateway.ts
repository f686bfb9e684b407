import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { until } from "../src/lib/retry.ts";
import { count, smoke } from "./counts.ts";
import { atLeast, type Table } from "./table.ts";

/**
 * The HTTP gateway beside nginx and configurable-http-proxy: the same 64-byte answer through each of them, and from
 * the backend itself. Every proxy is one process; runs alternate and the median counts.
 * Needs: nginx (Debian: nginx-light), wrk (Debian: wrk), node and npm for configurable-http-proxy.
 */
const RUNS = count("GATEWAY_RUNS", 5, 1);
const SECONDS = smoke ? 1 : 3;
const CONNECTIONS = [1, 64];
const BODY = "0123456789abcdef".repeat(4);
const TARGET = "/abcdefghij/x";
const CHP = "configurable-http-proxy@5.3.0";

interface Figure {
  name: string;
  connections: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** What the proxy's process used, kernel included: says more than the rate does when the machine is shared. */
  cpuMicros: number;
}

interface Peer {
  name: string;
  port: number;
  /** The process that does the work. */
  pid: number;
}

export async function* bench(): AsyncGenerator<Table> {
  const folder = mkdtempSync(join(tmpdir(), "docklet-bench-"));
  const running: Bun.Subprocess[] = [];
  try {
    const peers = await start(folder, running);
    const samples = new Map<string, Figure[]>();
    for (let run = 0; run <= RUNS; run++) {
      for (const connections of CONNECTIONS) {
        for (const peer of peers) {
          const figure = await load(peer, connections);
          // The first run warms everything up.
          if (run > 0) samples.set(keyOf(figure), [...(samples.get(keyOf(figure)) ?? []), figure]);
        }
      }
    }
    const rows = [...samples.values()].map(middle);
    const rate = (name: string) => rows.find((r) => r.name === name && r.connections === 64)!.perSecond;
    const ratio = rate("docklet gateway") / rate("nginx");
    yield {
      title: "Gateway: HTTP, a 64-byte body, one process each",
      columns: ["clients", "per second", "p50 ms", "p99 ms", "cpu µs a request"],
      lines: rows
        .sort((a, b) => a.connections - b.connections)
        .map((r) => ({
          what: r.name,
          cells: [r.connections, r.perSecond, r.p50, r.p99, r.cpuMicros],
          ...(r.name === "docklet gateway" && r.connections === 64 && { budget: atLeast(ratio, 0.6, "× nginx") }),
        })),
      notes: [
        `At 64 clients docklet's gateway does ${ratio.toFixed(2)} × nginx (1 worker, upstream keepalive); median of ${RUNS} alternated runs of ${SECONDS} s by wrk.`,
        "Client, proxy and backend share the cores: cpu per request says more than the rate does where there are few.",
      ],
    };
  } finally {
    for (const child of running.reverse()) {
      child.kill();
      await child.exited;
    }
    rmSync(folder, { recursive: true });
  }
}

async function start(folder: string, running: Bun.Subprocess[]): Promise<Peer[]> {
  const spawn = (argv: string[]) => {
    const child = Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    running.push(child);
    return child;
  };
  const nginx = async (name: string, server: (port: number) => string): Promise<Peer> => {
    const port = await freePort();
    const path = join(folder, `${port}.conf`);
    const top = `daemon off; worker_processes 1; pid ${path}.pid; error_log ${path}.log; events { worker_connections 4096; }`;
    writeFileSync(path, `${top}\nhttp { access_log off; keepalive_requests 1000000000;\n${server(port)}\n}\n`);
    const { pid } = spawn([need("nginx"), "-c", path]);
    await listening(port);
    return { name, port, pid: Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]) };
  };
  const backend = await nginx(
    "backend, direct",
    (port) => `server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${BODY}"; } }`,
  );
  const proxy = await nginx(
    "nginx",
    (port) => `upstream b { server 127.0.0.1:${backend.port}; keepalive 128; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $http_host; } }`,
  );
  const gateway = spawn([process.execPath, resolve(import.meta.dir, "gateway-process.ts"), String(backend.port)]);
  const ours = { name: "docklet gateway", port: Number(await firstLine(gateway.stdout)), pid: gateway.pid };
  const chpPort = await freePort();
  const to = `http://127.0.0.1:${backend.port}`;
  const argv = [
    need("node"),
    await chp(),
    "--ip",
    "127.0.0.1",
    "--port",
    `${chpPort}`,
    "--api-port",
    `${await freePort()}`,
  ];
  const { pid } = spawn([...argv, "--default-target", to, "--log-level", "error"]);
  await listening(chpPort);
  return [backend, ours, proxy, { name: "configurable-http-proxy", port: chpPort, pid }];
}

async function load(peer: Peer, connections: number): Promise<Figure> {
  const before = cpuTicks(peer.pid);
  const url = `http://127.0.0.1:${peer.port}${TARGET}`;
  const child = Bun.spawn([need("wrk"), "-t1", `-c${connections}`, `-d${SECONDS}s`, "--latency", url]);
  const text = await new Response(child.stdout).text();
  const read = (pattern: RegExp) => pattern.exec(text)?.slice(1) ?? [];
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`${peer.name} answered with errors:\n${text}`);
  const total = Number(read(/(\d+) requests in/)[0]);
  return {
    name: peer.name,
    connections,
    perSecond: Number(read(/Requests\/sec:\s+([\d.]+)/)[0]),
    p50: millis(read(/50%\s+([\d.]+)(us|ms|s)/)),
    p99: millis(read(/99%\s+([\d.]+)(us|ms|s)/)),
    cpuMicros: ((cpuTicks(peer.pid) - before) * 10_000) / total,
  };
}

const UNITS: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };
const millis = ([number = "", unit = ""]: string[]) => Number(number) * UNITS[unit]!;

/** User and system time of all its threads, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

const keyOf = (f: Figure) => `${f.connections} ${f.name}`;

/** The run with the median rate, whole. */
function middle(runs: Figure[]): Figure {
  return [...runs].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(runs.length / 2)]!;
}

function need(program: string): string {
  const path = Bun.which(program) ?? Bun.which(program, { PATH: "/usr/sbin:/sbin" });
  if (path === null)
    throw new Error(`${program} is not installed; the packages are named at the top of bench/gateway.ts`);
  return path;
}

/** Installed once, into a folder that git does not see. */
async function chp(): Promise<string> {
  const folder = resolve(import.meta.dir, "../.cache/bench");
  const script = join(folder, "node_modules/configurable-http-proxy/bin/configurable-http-proxy");
  if (!(await Bun.file(script).exists())) {
    mkdirSync(folder, { recursive: true });
    const npm = Bun.spawn([need("npm"), "install", "--silent", "--prefix", folder, CHP], { stdout: "ignore" });
    if ((await npm.exited) !== 0) throw new Error("configurable-http-proxy could not be installed with npm");
  }
  return script;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  for await (const piece of stream) return Buffer.from(piece).toString().split("\n")[0]!;
  throw new Error("the gateway ended before it listened");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function listening(port: number): Promise<void> {
  await until(
    `a server on port ${port}`,
    async () => {
      try {
        (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } })).end();
        return true;
      } catch {
        // Not yet.
        return false;
      }
    },
    { timeoutMs: 10_000 },
  );
}
