import { run } from "../exec.ts";
import { writeFileAtomic } from "../files.ts";
import { checkBetweenHosts } from "./between-hosts.ts";
import { checkCgroups } from "./cgroups.ts";
import { collectFacts, type Facts, type PreflightInput } from "./facts.ts";
import type { Finding, Fix } from "./finding.ts";
import { checkIdmap } from "./idmap.ts";
import { checkKernel } from "./kernel.ts";
import { checkPorts } from "./ports.ts";
import { checkProbes } from "./probes.ts";
import { checkResources } from "./resources.ts";
import { applySysctls, checkSysctls } from "./sysctls.ts";
import { checkLxc, checkTools } from "./tools.ts";

const MODULES_FILE = "/etc/modules-load.d/docklet.conf";

/** All checks of one host, in the order in which a person would want to mend things. */
export function check(f: Facts, input: PreflightInput): Finding[] {
  return [
    ...checkKernel(f),
    checkCgroups(f.cgroups),
    ...checkTools(f.tools),
    ...checkLxc(f.lxcVersion, f.lxcfs, f.lxcBridge),
    ...checkProbes(f.probes),
    ...checkIdmap(f.idmap),
    ...checkSysctls(f.sysctls),
    ...checkResources(f),
    ...checkPorts(input.ports, f.listening, f.running),
    ...checkBetweenHosts(f, input.master),
  ];
}

export async function preflight(input: PreflightInput): Promise<Finding[]> {
  return check(await collectFacts(input), input);
}

/** Carries out what the findings offer. Nothing happens when nothing is offered. */
export async function repair(findings: Finding[]): Promise<void> {
  const fixes = findings.flatMap((f) => (f.fix ? [f.fix] : []));
  const modules = fixes.filter((f): f is Fix & { kind: "module" } => f.kind === "module").map((f) => f.module);
  for (const name of modules) await run(["modprobe", name]);
  if (modules.length) writeFileAtomic(MODULES_FILE, `${modules.join("\n")}\n`, 0o644);
  applySysctls(fixes.filter((f): f is Fix & { kind: "sysctl" } => f.kind === "sysctl"));
}
