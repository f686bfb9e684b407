import { expect, test } from "bun:test";
import { importsOf, sources } from "./tree.ts";

/** Floors of the house, top to bottom. Imports only go down; rooms on the same floor do not know each other. */
const FLOORS = [
  ["main.ts"],
  ["cli"],
  ["roles"],
  ["supermaster", "master", "worker", "gateway", "portal"],
  ["contracts", "config", "store", "os"],
  ["lib"],
];

/** Walls inside the lower floors: what a room must not reach although it is below. */
const WALLS: { from: string; to: string; reason: string }[] = [
  { from: "portal", to: "os", reason: "the portal runs in a browser" },
  { from: "portal", to: "store", reason: "the portal runs in a browser" },
  { from: "portal", to: "config", reason: "the portal runs in a browser" },
  { from: "gateway", to: "store", reason: "the gateway holds tenants' bytes: it asks for routes and tickets" },
];

/** Doors that the floors would forbid. */
const DOORS: { from: string; to: string; reason: string }[] = [
  {
    from: "store/events.ts",
    to: "contracts",
    reason: "the rows of events are the public Event: one type, no behaviour",
  },
];

const roomOf = (path: string): string => path.slice("src/".length).split("/")[0]!;
const floorOf = (room: string): number => FLOORS.findIndex((f) => f.includes(room));
const inFolder = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

function complaint(file: string, target: string): string | null {
  const from = roomOf(file);
  const to = roomOf(target);
  if (DOORS.some((d) => inFolder(file, `src/${d.from}`) && inFolder(target, `src/${d.to}`))) return null;
  const wall = WALLS.find((w) => w.from === from && w.to === to);
  if (wall) return `${file} → ${target}: ${wall.reason}`;
  if (from === to || floorOf(to) > floorOf(from)) return null;
  return `${file} → ${target}: ${floorOf(to) === floorOf(from) ? "rooms on one floor do not know each other" : "imports only go down"}`;
}

test("every folder below src has its floor", () => {
  expect([...new Set(sources.map(roomOf))].filter((r) => floorOf(r) < 0)).toEqual([]);
});

test("imports only go down", () => {
  const complaints = sources.flatMap((file) =>
    importsOf(file)
      .filter((t) => t.startsWith("src/"))
      .flatMap((t) => complaint(file, t) ?? []),
  );
  expect(complaints).toEqual([]);
});

test("code never imports from the tests, nor from outside src, except package.json and static files", () => {
  const complaints = sources.flatMap((file) =>
    importsOf(file)
      .filter((t) => /^(test|scripts|bench|\.\.)\//.test(t) || /\.test\.tsx?$/.test(t))
      .map((t) => `${file} → ${t}`),
  );
  expect(complaints).toEqual([]);
});

test("the rule would notice: a wing that imports a wing, a floor that imports upwards", () => {
  expect(complaint("src/worker/x.ts", "src/master/y.ts")).toContain("one floor");
  expect(complaint("src/lib/x.ts", "src/os/y.ts")).toContain("go down");
  expect(complaint("src/portal/x.ts", "src/os/y.ts")).toContain("browser");
  expect(complaint("src/worker/x.ts", "src/os/y.ts")).toBeNull();
});
