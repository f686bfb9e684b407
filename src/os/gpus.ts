import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Gpu {
  name: string;
  /** MiB; null: nothing here tells it. */
  memory: number | null;
}

/** Display adapters that only draw the console of a machine or of a virtual one: nobody computes on them. */
const CONSOLES = new Set(["1234", "1013", "1a03", "102b", "15ad", "1414", "1b36", "1af4", "80ee"]);
const VENDORS: Record<string, string> = { "10de": "NVIDIA", "1002": "AMD", "8086": "Intel" };
const MIB = 1024 * 1024;
/** No host has more; what is virtual beyond that is not listed one by one. */
const MOST = 64;

/**
 * The accelerators of this host: those with NVIDIA's driver by their names, all others by what their slot on the PCI
 * bus says. `root` is where /proc and /sys are.
 */
export function readGpus(root = "/"): Gpu[] {
  const known = nvidia(join(root, "proc/driver/nvidia/gpus"));
  const found: Gpu[] = [];
  const bus = join(root, "sys/bus/pci/devices");
  for (const slot of list(bus)) {
    const text = (file: string) => read(join(bus, slot, file)).trim();
    // 03: display controller; 0302 is one without an outlet. 1200: processing accelerator.
    if (!/^0x(03|1200)/.test(text("class"))) continue;
    const vendor = text("vendor").slice(2);
    if (CONSOLES.has(vendor)) continue;
    const bytes = Number(text("mem_info_vram_total"));
    const memory = bytes > 0 ? Math.round(bytes / MIB) : null;
    const named = known.get(slot.toLowerCase());
    found.push({ name: named ?? `${VENDORS[vendor] ?? vendor} ${text("device").slice(2)}`, memory });
    known.delete(slot.toLowerCase());
  }
  // A container or a sandbox may show the driver's list and no bus.
  for (const name of known.values()) found.push({ name, memory: null });
  return found.slice(0, MOST);
}

/** Names by slot, as the driver lists them. */
function nvidia(folder: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const slot of list(folder)) {
    const model = /^Model:\s*(.+)$/m.exec(read(join(folder, slot, "information")))?.[1];
    if (model) names.set(slot.toLowerCase(), model.trim().slice(0, 200));
  }
  return names;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (e) {
    return missing(e, []);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (e) {
    return missing(e, "");
  }
}

/** What a kernel or a sandbox does not show, is not there. */
function missing<T>(e: unknown, instead: T): T {
  const code = (e as { code?: string }).code;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "EINVAL" || code === "ENODEV")
    return instead;
  throw e;
}
