import { expect, test } from "bun:test";
import { parseListeners, parseMounts, parseRoutes, readHostFacts } from "./host-facts.ts";

test("/proc/net/route", () => {
  const text = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
dkabc\t000010AC\t00000000\t0001\t0\t0\t0\tC0FFFFFF\t0\t0\t0
`;
  expect(parseRoutes(text)).toEqual([
    { net: "0.0.0.0/0", device: "eth0" },
    { net: "192.0.2.0/24", device: "eth0" },
    { net: "172.16.0.0/26", device: "dkabc" },
  ]);
});

test("/proc/net/tcp and tcp6: listening sockets only", () => {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000\n`;
  expect(parseListeners(head + row("0100007F:1F90", "0A") + row("0100007F:1F91", "01"))).toEqual([
    { address: "127.0.0.1", port: 8080, inode: "12345" },
  ]);
  const six = (hex: string) => parseListeners(head + row(`${hex}:0016`, "0A"))[0]?.address;
  expect(six("0".repeat(32))).toBe("::");
  expect(six("00000000000000000000000001000000")).toBe("::1");
  expect(six("0000000000000000FFFF00000100007F")).toBe("127.0.0.1");
});

test("mounts: devices only, blanks in paths", () => {
  expect(parseMounts("/dev/sdb1 /mnt/my\\040disk ext4 rw 0 0\nproc /proc proc rw 0 0\n")).toEqual([
    { source: "/dev/sdb1", target: "/mnt/my disk" },
  ]);
});

test("this host: our own listener is found with our pid", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
  const found = readHostFacts().listeners.find((l) => l.port === server.port);
  await server.stop(true);
  expect(found).toMatchObject({ address: "127.0.0.1", pid: process.pid });
});
