import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fakeClone, freePort, prepared, Release } from "./fixture.ts";
import { Machine, type Said } from "./machine.ts";

/** One machine with host packages, one release to install from, and a port of its own for the portal. */
export class Site {
  private constructor(
    readonly machine: Machine,
    readonly release: Release,
    readonly port: string,
  ) {}

  static async open(): Promise<Site> {
    const { lowers } = await prepared();
    return new Site(await Machine.start(lowers), new Release(), await freePort());
  }

  async close(): Promise<void> {
    await this.release.stop();
    await this.machine.remove();
  }

  /** `curl … | sh`, as the README says it. */
  install(env: Record<string, string> = {}, flags = ""): Promise<Said> {
    return this.machine.sh(`curl -fsSL ${this.release.url}/install.sh | sh -s -- ${flags}`, {
      INSTALL_DOCKLET_BASE_URL: this.release.url,
      ...this.settings,
      ...env,
    });
  }

  get settings(): Record<string, string> {
    return { DOCKLET_NGINX_PORT: this.port };
  }

  /** `./install.sh` in a clone whose sources say `version`. */
  async fromClone(version: string, env: Record<string, string> = {}): Promise<Said> {
    fakeClone(this.machine, version);
    return this.machine.sh("cd /clone && ./install.sh", { ...this.settings, ...env });
  }

  read(path: string): string {
    return readFileSync(this.machine.path(path), "utf8");
  }
  exists(path: string): boolean {
    return existsSync(this.machine.path(path));
  }
  write(path: string, text = "", mode = 0o644): void {
    mkdirSync(dirname(this.machine.path(path)), { recursive: true });
    writeFileSync(this.machine.path(path), text, { mode });
  }
  remove(path: string): void {
    rmSync(this.machine.path(path));
  }

  /** What the program was asked to do, in order. */
  calls(): string[] {
    return this.exists("/var/log/stub.log") ? this.read("/var/log/stub.log").split("\n").filter(Boolean) : [];
  }

  /** Process id of the service, as the pid file says. */
  pid(): string {
    return this.read("/opt/docklet/local/run/docklet.pid").trim();
  }
}
