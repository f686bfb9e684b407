import { bad, type Finding, ok } from "./finding.ts";

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
