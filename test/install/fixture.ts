import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bareRoot } from "./bare-root.ts";
import { Machine, type Said } from "./machine.ts";

export const REPO = resolve(import.meta.dir, "../..");
const ARCH = process.arch === "arm64" ? "arm64" : "x64";
export const PROGRAM = `docklet-linux-${ARCH}`;
export const installer = (): string => readFileSync(join(REPO, "install.sh"), "utf8");

interface Prepared {
  lowers: string[];
  said: Said;
}

/** A bare machine on which `install.sh --packages` ran; made once a test run, and shared by all files of it. */
export function prepared(): Promise<Prepared> {
  const shared = globalThis as { dockletPrepared?: Promise<Prepared> };
  shared.dockletPrepared ??= prepare();
  return shared.dockletPrepared;
}

async function prepare(): Promise<Prepared> {
  const bare = await bareRoot();
  const machine = await Machine.start([bare]);
  writeFileSync(machine.path("/root/install.sh"), installer());
  const said = await machine.sh("sh /root/install.sh --packages; code=$?; rm /root/install.sh; exit $code");
  const layer = join(dirname(bare), "prepared");
  rmSync(layer, { recursive: true, force: true });
  renameSync(await machine.freeze(), layer);
  await machine.remove();
  return { lowers: [layer, bare], said };
}

const STUB = readFileSync(join(import.meta.dir, "stub-docklet.pl"), "utf8");
export const stub = (version: string): string => STUB.replace("@@VERSION@@", version);
export const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

/** A web server on loopback with a release in it. */
export class Release {
  readonly files = new Map<string, string>();
  /** Called before a file is answered; may wait. */
  before: (path: string) => Promise<void> = async () => {};
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    development: false,
    fetch: async (req) => {
      const path = new URL(req.url).pathname;
      await this.before(path);
      const body = this.files.get(path);
      return body === undefined ? new Response("no", { status: 404 }) : new Response(body);
    },
  });

  constructor(version = "one") {
    this.files.set("/install.sh", installer());
    this.publish(version);
  }

  publish(version: string): void {
    this.files.set(`/${PROGRAM}`, stub(version));
    this.files.set("/SHA256SUMS", `${"0".repeat(64)}  other\n${sha256(stub(version))}  ${PROGRAM}\n`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}

/** A clone with a builder that only copies: what install.sh does with a clone, without the minute of building. */
export function fakeClone(machine: Machine, version: string): void {
  const write = (name: string, text: string) => {
    const path = machine.path(`/clone/${name}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o755 });
  };
  cpSync(join(REPO, "install.sh"), machine.path("/clone/install.sh"), { recursive: true });
  write("package.json", "{}\n");
  write("bun.lock", "{}\n");
  write("src/main.ts", version);
  write("static/x", "");
  write("migrations/x", "");
  write("dist/.keep", "");
  write("scripts/bootstrap.sh", "#!/bin/sh\necho /clone/tools\n");
  write("stub", stub("@"));
  write(
    "tools/bun",
    [
      "#!/bin/sh",
      'echo "$*" >>/var/log/bun.log',
      '[ ! -e "/etc/bun-fails-$1" ] || exit 1',
      `[ "$1" = install ] || sed "s/9.9.9-@/9.9.9-$(cat src/main.ts)/" stub >dist/${PROGRAM}`,
      `chmod 755 dist/${PROGRAM} 2>/dev/null || :`,
      "",
    ].join("\n"),
  );
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<string> {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return String(port);
}
