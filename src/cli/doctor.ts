import type { Config } from "../config/schema.ts";
import { type Finding, failed, info } from "../os/preflight/finding.ts";
import { preflight, repair } from "../os/preflight/preflight.ts";
import { command } from "./command.ts";
import type { Colour } from "./output.ts";
import { roleFlag, rolesHere } from "./roles.ts";
import { connection } from "./worker-view.ts";

const COLOURS: Record<Finding["status"], Colour> = { ok: "green", info: "dim", warn: "yellow", fail: "red" };

export const doctor = command({
  name: "doctor",
  summary: "Check whether this host can run docklet, and mend what can be mended",
  details: "Needs no running docklet. Exit code 1: something has to be done first.",
  flags: {
    fix: { type: "boolean", doc: "set kernel settings and load kernel modules, now and for every boot" },
    ...roleFlag,
  },
  takesSettings: true,
  examples: ["docklet doctor", "sudo docklet doctor --fix", "docklet doctor --json"],
  async run(ctx) {
    const { flags, out } = ctx;
    const { config } = ctx.config();
    const roles = rolesHere(flags.role, config.FS_PREFIX, "doctor");
    const isWorker = !roles.includes("master");
    const input = isWorker ? ofWorker(config) : ofAll(config);
    let findings = await preflight(input);
    if (flags.fix && findings.some((f) => f.fix)) {
      await repair(findings);
      findings = await preflight(input);
    }
    if (isWorker) {
      const running = await ctx.worker();
      const how = running?.master ? connection(running.master, Date.now()) : "does not run";
      findings.unshift(info("role", `worker of the master at ${config.MASTER_IP ?? "an unknown place"}; ${how}`));
    }
    out.table(
      findings,
      [
        { title: "STATUS", cell: (f) => f.status, colour: (f) => COLOURS[f.status] },
        { title: "CHECK", cell: (f) => f.name },
        { title: "FOUND", cell: (f) => f.found.split("\n")[0]!.slice(0, 80) },
      ],
      "",
    );
    if (!out.isJson) {
      for (const f of findings.filter((f) => f.status === "fail" || f.status === "warn")) {
        out.note(`${out.paint(COLOURS[f.status], f.status, out.stderr)} ${f.name}: ${f.found}`);
        out.note(`  needed: ${f.need}\n  ${f.remedy}`);
      }
    }
    return failed(findings) ? 1 : 0;
  },
});

function ofAll({ FS_PREFIX, NGINX_PORT, PROXY_PORT, MASTER_PORT }: Config) {
  const ports = Object.entries({ NGINX_PORT, PROXY_PORT, MASTER_PORT }).map(([key, port]) => ({ key, port }));
  return { prefix: FS_PREFIX, ports };
}

function ofWorker({ FS_PREFIX, WORKER_PORT, MASTER_IP, MASTER_PORT }: Config) {
  const ports = [{ key: "WORKER_PORT", port: WORKER_PORT }];
  return {
    prefix: FS_PREFIX,
    ports,
    ...(MASTER_IP === null ? {} : { master: { host: MASTER_IP, port: MASTER_PORT } }),
  };
}
