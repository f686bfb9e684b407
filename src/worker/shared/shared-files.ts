import type { Config } from "../../config/schema.ts";
import type { SharedReport, SharedTask } from "../../contracts/worker.ts";
import { NOT_SHARED } from "../../contracts/worker.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { runApart } from "../../os/apart.ts";
import { isShareable, mountAt } from "../../os/mounts.ts";
import type { Layout } from "../layout.ts";
import { CLAIM, PROBE, REMOVE, SHOW, SWEEP } from "./scripts.ts";

const PROBE_MS = 4_000;
const TASK_MS = 15_000;
/** A person's files may be many. */
const SWEEP_MS = 3_600_000;

export type SharedMode = Config["SHARED_FS"];

/**
 * The file system at FS_PREFIX/global, which all hosts may share. This process itself never touches it: when its server
 * is gone, whoever does hangs. All is done by processes that nobody waits for too long.
 */
export class SharedFiles {
  #report: SharedReport = NOT_SHARED;

  constructor(
    private readonly layout: Layout,
    private readonly mode: SharedMode,
    private readonly host: string,
    private readonly log: Logger,
  ) {}

  get report(): SharedReport {
    return this.#report;
  }

  /** Why this host is of no use, as far as it can tell by itself. */
  get problem(): string | null {
    if (this.mode !== "required") return null;
    if (this.#report.type === null)
      return `SHARED_FS=required, but ${this.#report.problem ?? `no shared file system is mounted at ${this.layout.global}`}`;
    return this.#report.problem;
  }

  /** Looks what is there. true: it is not what it was. Never throws. */
  async look(): Promise<boolean> {
    const before = JSON.stringify(this.#report);
    this.#report = await this.#see();
    return JSON.stringify(this.#report) !== before;
  }

  async do(task: SharedTask): Promise<void> {
    this.#type();
    const { global } = this.layout;
    try {
      if (task.task === "claim") await script(CLAIM, TASK_MS, global, task.token, task.nonce);
      else {
        await script(REMOVE, TASK_MS, global, task.token, task.owner);
        // Nobody waits for that; what is left of it goes with the next one.
        void script(SWEEP, SWEEP_MS, global, task.token).catch((err) =>
          this.log.warn({ err }, "what was removed from the shared file system could not be deleted yet"),
        );
      }
    } catch (e) {
      throw isDocklet(e, "host_command") ? this.#refused("conflict", said(e.message)) : e;
    }
  }

  /** Mounts a person's folder, made if there is none yet, at `slot`. `base`: the host's id of its root. */
  async show(owner: string, token: string, base: number, staging: string, slot: string): Promise<void> {
    this.#type();
    try {
      await script(SHOW, TASK_MS, this.layout.global, token, owner, String(base), staging, slot);
    } catch (e) {
      throw this.#refused("unavailable", isDocklet(e, "unavailable") ? "it does not answer" : said(messageOf(e)));
    }
  }

  async #see(): Promise<SharedReport> {
    if (this.mode === "off") return NOT_SHARED;
    const mount = mountAt(this.layout.global);
    if (!mount) return NOT_SHARED;
    if (!isShareable(mount))
      return { ...NOT_SHARED, problem: `what is mounted at ${this.layout.global} (${mount.type}) is not shared` };
    const seen = { type: mount.type, token: null, nonce: null, problem: null };
    try {
      const [token, nonce] = (await script(PROBE, PROBE_MS, this.layout.global, this.host)).split("\n");
      return { ...seen, token: token?.slice(0, 64) || null, nonce: nonce?.slice(0, 64) || null };
    } catch (e) {
      return { ...seen, problem: isDocklet(e, "unavailable") ? `${mount.source} does not answer` : said(messageOf(e)) };
    }
  }

  /** Only a look at the table of mounts: what is not mounted is not written into. */
  #type(): string {
    const mount = mountAt(this.layout.global);
    if (mount && isShareable(mount) && this.mode !== "off") return mount.type;
    throw this.#refused("unavailable", "it is not mounted");
  }

  #refused(code: "unavailable" | "conflict", why: string): DockletError {
    return new DockletError(
      code,
      `The shared file system at ${this.layout.global} can't be used: ${why}.`,
      "People's files are safe there. An administrator can mend the mount; `docklet host ls` shows which hosts have it.",
    );
  }
}

const script = (text: string, ms: number, ...args: string[]) => runApart(["sh", "-c", text, "docklet", ...args], ms);

/** The words of the tools, as people need them. */
function said(text: string): string {
  if (/Read-only file system/.test(text)) return "it is mounted read-only";
  if (/Stale/.test(text)) return "its mount is stale: unmount it and mount it again";
  if (/not connected|Connection (refused|timed out|reset)/i.test(text)) return "its server is not there";
  if (/chown.*(not permitted|Invalid)/i.test(text))
    return "root of this host may not give files to others there (for NFS: export it with no_root_squash)";
  if (/Permission denied/.test(text))
    return "root of this host may not write there (for NFS: export it with no_root_squash)";
  return text;
}
