import { describe, expect, test } from "bun:test";
import type { PlacementWish } from "../../contracts/public/index.ts";
import type { Candidate, Wanted } from "./candidate.ts";
import { place } from "./place.ts";

const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  limit: { cpu: 8, memory: 8192, disk: 100_000 },
  reserved: { cpu: 0, memory: 0, disk: 0 },
  unfit: null,
  warm: 0,
  image: true,
  mine: 0,
  home: false,
  labels: {},
  strained: null,
  ...more,
});
const size = { cpu: 1, memory: 1024, disk: 10_240 };
const promised = (cpu: number): Partial<Candidate> => ({ reserved: { cpu, memory: 0, disk: 0 } });
const ask = (nodes: number, wish: PlacementWish = {}, first = false): Wanted => ({ nodes, size, wish, first });

/** Hosts and reasons, or the refusal. */
function placed(wanted: Wanted, candidates: Candidate[]) {
  const got = place(wanted, candidates);
  if (!got.ok) throw new Error(got.message);
  return got;
}
function refused(wanted: Wanted, candidates: Candidate[]) {
  const got = place(wanted, candidates);
  if (got.ok) throw new Error(`placed on ${got.hosts}`);
  return got;
}

describe("spreading", () => {
  test("warm nodes first, then where least is promised, then by name; and why", () => {
    expect(placed(ask(3), [host("b"), host("a"), host("c", { warm: 1 })])).toMatchObject({
      hosts: ["c", "a", "b"],
      why: ["a warm node waits; 0 % promised", "least promised of 3 hosts: 0 %", "least promised of 3 hosts: 0 %"],
    });
  });

  test("among hosts with warm nodes the least promised, and it says that others were left out", () => {
    const hosts = [host("a", { warm: 1, ...promised(4) }), host("b", { warm: 2, ...promised(1) }), host("c")];
    expect(placed(ask(1), hosts)).toMatchObject({
      hosts: ["b"],
      why: ["a warm node waits; least promised of 2 such hosts: 13 %"],
    });
  });

  test("six nodes on three equal hosts: two each", () => {
    const { hosts } = placed(ask(6), [host("a"), host("b"), host("c")]);
    expect(hosts.toSorted()).toEqual(["a", "a", "b", "b", "c", "c"]);
  });

  test("the first node goes to the data folder, the others need not", () => {
    const hosts = [host("a"), host("b", { home: true, ...promised(4) })];
    expect(placed(ask(2, {}, true), hosts)).toMatchObject({
      hosts: ["b", "a"],
      why: ["holds the person's data folder; 50 % promised", "least promised of 2 hosts: 0 %"],
    });
    expect(placed(ask(1), hosts).hosts).toEqual(["a"]);
  });

  test("a host that lacks the image, or is nearly used up, comes last and not never", () => {
    const full = "its disk is 93 % full";
    const hosts = [host("a", { strained: full }), host("b", { image: false }), host("c", promised(4))];
    expect(placed(ask(1), hosts).hosts).toEqual(["c"]);
    expect(placed(ask(1), hosts.slice(0, 2))).toMatchObject({
      hosts: ["b"],
      why: ["others are nearly used up; the image is sent there; 0 % promised"],
    });
    expect(placed(ask(1), hosts.slice(0, 1)).why).toEqual([
      `${full}, and there is no better host; the only such host with room`,
    ]);
  });
});

describe("packing", () => {
  const pack: PlacementWish = { strategy: "pack" };

  test("where most is promised and it still fits", () => {
    const hosts = [host("a"), host("b", promised(6)), host("c", promised(8))];
    const got = placed(ask(3, pack), hosts);
    expect(got.hosts).toEqual(["b", "b", "a"]);
    expect(got.why[0]).toBe("most promised of 2 hosts with room: 75 %");
  });

  test("a warm node only decides between equals", () => {
    expect(placed(ask(1, pack), [host("a", promised(2)), host("b", { warm: 1 })]).hosts).toEqual(["a"]);
    expect(placed(ask(1, pack), [host("a"), host("b", { warm: 1 })])).toMatchObject({
      hosts: ["b"],
      why: ["most promised of 2 hosts with room: 0 %; a warm node waits"],
    });
  });
});

describe("apart and together", () => {
  test("apart: no two on one host, those that are there count", () => {
    const hosts = [host("a", { mine: 1 }), host("b", promised(7)), host("c")];
    expect(placed(ask(2, { nodes: "apart" }), hosts).hosts).toEqual(["c", "b"]);
    const no = refused(ask(3, { nodes: "apart" }), hosts);
    expect(no.message).toContain("No room for 3 nodes of 1 core, 1 GiB memory, 10 GiB disk, no two on one host.");
    expect(no.message).toContain("a: has a node of this vcluster already");
    expect(no.hint).toBe(
      "2 nodes of this size would fit now on hosts of their own; ask for fewer or smaller ones, or let them share hosts.",
    );
  });

  test("together: one host takes all of them, whatever waits warm elsewhere", () => {
    const hosts = [host("a", { warm: 3, ...promised(6) }), host("b")];
    expect(placed(ask(3, { nodes: "together" }), hosts)).toMatchObject({
      hosts: ["b", "b", "b"],
      why: ["room for all 3; the only such host with room", "with the others", "with the others"],
    });
    const no = refused(ask(9, { nodes: "together" }), hosts);
    expect(no.details).toMatchObject({ fits: 8 });
    expect(no.hint).toStartWith("8 nodes of this size would fit now together;");
  });

  test("together, later: where the others are, or not at all", () => {
    const hosts = [host("a", { mine: 2, ...promised(7) }), host("b")];
    expect(placed(ask(1, { nodes: "together" }), hosts)).toMatchObject({
      hosts: ["a"],
      why: ["with the others; the only such host with room"],
    });
    expect(refused(ask(2, { nodes: "together" }), hosts).message).toContain("b: is not a, where the other nodes are");
  });
});

describe("labels", () => {
  const wish: PlacementWish = { labels: { disk: "fast", room: "b12" } };

  test("only hosts with all of them", () => {
    const hosts = [
      host("a", { labels: { disk: "fast" } }),
      host("b", { labels: { disk: "fast", room: "b12", x: "y" } }),
    ];
    expect(placed(ask(2, wish), hosts)).toMatchObject({ hosts: ["b", "b"] });
    expect(placed(ask(1, wish), hosts).why).toEqual(["has disk=fast, room=b12; the only such host with room"]);
    expect(placed(ask(1, wish), [...hosts, host("c", hosts[1])]).why[0]).toBe(
      "has disk=fast, room=b12; least promised of 2 such hosts: 0 %",
    );
  });

  test("refused: which host lacks which, and which labels there are", () => {
    const no = refused(ask(1, wish), [
      host("a", { labels: { disk: "slow" } }),
      host("b", { labels: { disk: "fast" } }),
    ]);
    expect(no.message).toEndWith(
      ", with disk=fast, room=b12. a: lacks the label disk=fast; b: lacks the label room=b12.",
    );
    expect(no.hint).toBe("Hosts that are ready have these labels: disk=fast, disk=slow.");
    expect(refused(ask(1, wish), [host("a")]).hint).toContain("docklet host label");
  });
});

describe("refusing", () => {
  test("it says what was asked, what is free where, and what would fit", () => {
    const no = refused(ask(12), [host("b", { unfit: "is not connected" }), host("a")]);
    expect(no.details).toMatchObject({ fits: 8 });
    expect(no.message).toBe(
      "No room for 12 nodes of 1 core, 1 GiB memory, 10 GiB disk. a has 8 cores, 8 GiB memory, 98 GiB disk free, 8 of them fit; b: is not connected.",
    );
    expect(no.hint).toStartWith("8 nodes of this size would fit now");
  });

  test("one node too large for every host: the hint names the largest that fits", () => {
    const no = refused({ nodes: 1, size: { ...size, memory: 9000 } }, [host("a"), host("b")]);
    expect(no.hint).toContain("The largest node that would fit now has 8 cores, 8 GiB memory");
    expect(refused(ask(1), [])).toMatchObject({ message: expect.stringContaining("No host") });
  });

  test("of a hundred hosts the message names the roomiest, the details name all", () => {
    const many = Array.from({ length: 100 }, (_, i) => host(`h${String(i).padStart(2, "0")}`, promised(8 - (i % 3))));
    const no = refused(ask(500), many);
    expect(no.message).toContain("h02 has 2 cores");
    expect(no.message).toEndWith("; and 92 more hosts.");
    expect(no.details.hosts).toHaveLength(100);
  });

  test("ten nodes of a tenth of a core fit into one core", () => {
    const one = host("a", { limit: { cpu: 1, memory: 99_999, disk: 9_999_999 } });
    const small = { ...size, cpu: 0.1 };
    expect(place({ nodes: 10, size: small }, [one]).ok).toBe(true);
    expect(place({ nodes: 11, size: small }, [one]).ok).toBe(false);
  });
});
