import { type Finding, failed } from "../os/preflight/finding.ts";
import { preflight, repair } from "../os/preflight/preflight.ts";
import { command } from "./command.ts";
import type { Colour } from "./output.ts";

const COLOURS: Record<Finding["status"], Colour> = { ok: "green", info: "dim", warn: "yellow", fail: "red" };

export const doctor = command({
  name: "doctor",
  summary: "Check whether this host can run docklet, and mend what can be mended",
  details: "Needs no running docklet. Exit code 1: something has to be done first.",
  flags: {
    fix: { type: "boolean", doc: "set kernel settings and load kernel modules, now and for every boot" },
  },
  takesSettings: true,
  examples: ["docklet doctor", "sudo docklet doctor --fix", "docklet doctor --json"],
  async run({ flags, out, config }) {
    const { FS_PREFIX, NGINX_PORT, PROXY_PORT } = config().config;
    const input = {
      prefix: FS_PREFIX,
      ports: [
        { key: "NGINX_PORT", port: NGINX_PORT },
        { key: "PROXY_PORT", port: PROXY_PORT },
      ],
    };
    let findings = await preflight(input);
    if (flags.fix && findings.some((f) => f.fix)) {
      await repair(findings);
      findings = await preflight(input);
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
