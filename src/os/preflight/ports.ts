import { bad, type Finding, ok } from "./finding.ts";

/** Ports that somebody listens on, from the text of /proc/net/tcp and tcp6. */
export function listeners(procNetTcp: string): number[] {
  const found = new Set<number>();
  for (const line of procNetTcp.split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (columns[3] === "0A") found.add(Number.parseInt(columns[1]!.split(":")[1]!, 16));
  }
  return [...found].sort((a, b) => a - b);
}

export function checkPorts(wanted: { key: string; port: number }[], listening: number[], running: boolean): Finding[] {
  return wanted.map(({ key, port }) => {
    const name = `port ${port}`;
    if (!listening.includes(port)) return ok(name, `free (${key})`);
    if (running) return ok(name, `in use by docklet (${key})`);
    return bad(
      "fail",
      name,
      "in use by another program",
      `free, for ${key}`,
      `See who with \`ss -ltnp 'sport = :${port}'\`, or set another ${key} in /etc/docklet/docklet.conf.`,
    );
  });
}
