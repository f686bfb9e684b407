import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGpus } from "./gpus.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "docklet-gpus-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(folder: string, files: Record<string, string>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), text);
}
const pci = (slot: string, files: Record<string, string>) => put(`sys/bus/pci/devices/${slot}`, files);

test("a machine without a PCI bus has none", () => {
  expect(readGpus(root)).toEqual([]);
});

test("NVIDIA's by the driver's names, AMD's with their memory; consoles and other cards do not count", () => {
  pci("0000:01:00.0", { class: "0x030200\n", vendor: "0x10de\n", device: "0x2330\n" });
  pci("0000:02:00.0", {
    class: "0x030000\n",
    vendor: "0x1002\n",
    device: "0x740f\n",
    mem_info_vram_total: "68702699520\n",
  });
  pci("0000:03:00.0", { class: "0x030000\n", vendor: "0x1a03\n", device: "0x2000\n" });
  pci("0000:04:00.0", { class: "0x020000\n", vendor: "0x8086\n", device: "0x1521\n" });
  put("proc/driver/nvidia/gpus/0000:01:00.0", {
    information: "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 321\nBus Location: \t 0000:01:00.0\n",
  });
  expect(readGpus(root)).toEqual([
    { name: "NVIDIA H100 80GB HBM3", memory: null },
    { name: "AMD 740f", memory: 65_520 },
  ]);
});

test("a driver without a bus, as some sandboxes show it", () => {
  put("proc/driver/nvidia/gpus/0000:01:00.0", { information: "Model: NVIDIA L4\n" });
  expect(readGpus(root)).toEqual([{ name: "NVIDIA L4", memory: null }]);
});
