import { describe, expect, test } from "bun:test";
import { type Exception, excepted, linesMatching, read, sources, unused, withoutComments } from "./tree.ts";

interface Rule {
  name: string;
  pattern: RegExp;
  /** Folders and files that own the thing. */
  owners: readonly Exception[];
}

const OS: Exception = { path: "src/os/", reason: "the one floor that talks to the host" };
const TOP: Exception[] = [
  { path: "src/main.ts", reason: "starts the process" },
  { path: "src/cli/", reason: "a client of its own: environment, terminal and clock of the person" },
  { path: "src/roles/", reason: "the composition root hands clock and environment to everything else" },
];
const BROWSER: Exception = { path: "src/portal/", reason: "runs in a browser, which has its own clock and dice" };

const RULES: Rule[] = [
  {
    name: "processes, ffi and the like are started in src/os only",
    pattern: /\bBun\.(spawn|spawnSync|\$)|["'](node:)?child_process["']|["']execa["']|["']bun:ffi["']|\bdlopen\(/,
    owners: [
      OS,
      { path: "src/cli/", reason: "the client opens the person's browser and editor, and re-executes itself" },
      { path: "src/main.ts", reason: "starts the process again with a larger request limit" },
    ],
  },
  {
    name: "/proc, /sys and cgroups are read in src/os only",
    pattern: /["'`]\/(proc|sys)\//,
    owners: [OS, { path: "src/worker/lxc/hook.ts", reason: "text of the hook that LXC runs, not what we read" }],
  },
  {
    name: "the clock is handed in",
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    owners: [
      OS,
      ...TOP,
      BROWSER,
      { path: "src/gateway/http/own-answer.ts", reason: "the Date header of HTTP is the present time by definition" },
      { path: "src/store/migrate.ts", reason: "applied_at is for people who look into the database" },
    ],
  },
  {
    name: "random is handed in, or it is cryptographic",
    pattern: /\bMath\.random\(/,
    owners: [OS, BROWSER],
  },
  {
    name: "the environment is read by the configuration, the command line and the process itself",
    pattern: /\bprocess\.env\b|\bBun\.env\b/,
    owners: [OS, ...TOP, { path: "src/config/", reason: "the environment is one of its layers" }],
  },
];

describe("who may touch what", () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const hits = sources.flatMap((file) => linesMatching(file, withoutComments(read(file)), rule.pattern));
      const owned = (hit: string) => excepted(hit.split(":")[0]!, rule.owners);
      expect(hits.filter((h) => !owned(h))).toEqual([]);
      const single = rule.owners.filter((o) => !o.path.endsWith("/"));
      const needed = [...hits.map((h) => h.split(":")[0]!), "src/main.ts"];
      expect(unused(single, needed)).toEqual([]);
    });
  }
});

test("prose in comments does not count, code does", () => {
  const text = withoutComments('// Date.now() is bad\nconst x = Date.now(); /* Math.random() */ const u = "http://x";');
  expect(linesMatching("f", text, /Date\.now\(/)).toHaveLength(1);
  expect(text).not.toContain("random");
  expect(text).toContain("http://x");
});
