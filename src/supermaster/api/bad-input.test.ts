import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import { Problem } from "../../contracts/public/index.ts";

let stage: Stage;
let root: Credentials;
beforeAll(async () => {
  stage = await supermasterStage();
  root = stage.session("root");
  await stage.json("POST", "/vclusters", { as: root, body: { name: "good" } });
});
afterAll(async () => {
  // Whatever was thrown at it: the good one is still there, alone.
  const { items } = await stage.json<{ items: { name: string }[] }>("GET", "/vclusters", { as: root });
  expect(items.map((v) => v.name)).toEqual(["good"]);
  await stage.stop();
});

async function refusal(method: string, path: string, more: Parameters<Stage["call"]>[2] = {}): Promise<Problem> {
  const r = await stage.call(method, path, { as: root, ...more });
  expect(r.headers.get("content-type")).toBe("application/problem+json");
  const p = Problem.parse(await r.json());
  expect(p.status).toBe(r.status);
  expect(p.status).toBeGreaterThanOrEqual(400);
  expect(p.status).toBeLessThan(500);
  expect(p.message.length).toBeGreaterThan(5);
  expect(p.requestId).toBe(r.headers.get("x-request-id")!);
  return p;
}

const NAMES: [string, string][] = [
  ["empty", ""],
  ["dots", ".."],
  ["a path", "../../etc/passwd"],
  ["a quote", `o'neill`],
  ["a double quote", `a"b`],
  ["a newline", "a\nb"],
  ["a newline at the end", "good2\n"],
  ["a zero byte", "a\u0000b"],
  ["300 characters", "a".repeat(300)],
  ["capitals", "Good"],
  ["a space", "a b"],
  ["a leading hyphen", "-rf"],
  ["a trailing hyphen", "a-"],
  ["a digit first", "1a"],
  ["a Cyrillic look-alike", "gооd"],
  ["full-width letters", "ｇｏｏｄ"],
  ["a right-to-left mark", "good\u200f"],
  ["a combining accent", "goo\u0301d"],
  ["a shell", "$(reboot)"],
  ["an emoji", "🙂"],
];

describe("names", () => {
  for (const [what, name] of NAMES) {
    test(what, async () => {
      expect((await refusal("POST", "/vclusters", { body: { name } })).code).toBe("invalid");
      expect((await refusal("POST", "/users", { body: { name, password: "plum tree window song" } })).code).toBe(
        "invalid",
      );
      expect((await refusal("POST", "/groups", { body: { name } })).code).toBe("invalid");
      if (name !== "") {
        expect([400, 404, 422]).toContain((await refusal("GET", `/vclusters/${encodeURIComponent(name)}`)).status);
        expect([404, 405, 422]).toContain((await refusal("GET", `/users/${encodeURIComponent(name)}`)).status);
      }
    });
  }
});

describe("numbers", () => {
  const create = (body: unknown) => refusal("POST", "/vclusters", { body });
  const cases: [string, unknown][] = [
    ["no nodes", { nodes: 0 }],
    ["minus one node", { nodes: -1 }],
    ["10 000 nodes", { nodes: 10_000 }],
    ["half a node", { nodes: 1.5 }],
    ["text", { nodes: "3" }],
    ["not a number", { nodes: null }],
    ["1e308 nodes", { nodes: 1e308 }],
    ["negative memory", { size: { memory: -5 } }],
    ["absurd memory", { size: { memory: 1e15 } }],
    ["no cpu", { size: { cpu: 0 } }],
    ["a million cores", { size: { cpu: 1e6 } }],
    ["no disk", { size: { disk: 0 } }],
    ["an unknown field", { nodes: 1, admin: true }],
    ["an unknown size", { size: { gpu: 1 } }],
    ["a prototype", JSON.parse('{"__proto__":{"role":"admin"}}')],
    ["a list", []],
    ["a text", "good"],
    ["null", null],
  ];
  for (const [what, body] of cases) test(what, async () => void (await create(body)));

  test("every wrong field is named", async () => {
    const p = await create({ nodes: 0, size: { memory: -1 } });
    const issues = p.details?.issues as { path: string }[];
    expect(issues.map((i) => i.path).sort()).toEqual(["nodes", "size.memory"]);
  });

  test("more than the quota, but within the schema", async () => {
    stage.person("alice");
    const p = await refusal("POST", "/vclusters", {
      as: stage.session("alice"),
      body: { nodes: 128, size: { cpu: 256, memory: 4_194_304, disk: 67_108_864 } },
    });
    expect(p.code).toBe("quota_exceeded");
  });

  test("scale", async () => {
    for (const nodes of [0, -3, 10_000, 1.5]) await refusal("POST", "/vclusters/good/scale", { body: { nodes } });
  });

  test("pages", async () => {
    for (const q of ["limit=0", "limit=501", "limit=x", `cursor=${"x".repeat(201)}`])
      await refusal("GET", `/events?${q}`);
    expect((await refusal("GET", "/events?cursor=nonsense")).message).toContain("cursor");
  });
});

describe("bodies", () => {
  const json = { "content-type": "application/json" };

  test("malformed JSON is told without repeating it", async () => {
    for (const raw of ["{", '{"nodes":1,}', "nodes=1", "\u0000", "[".repeat(200_000)]) {
      expect(await refusal("POST", "/vclusters", { raw, headers: json })).toMatchObject({
        status: 400,
        message: "The body is not valid JSON.",
      });
    }
  });

  test("another content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const p = await refusal("POST", "/vclusters", { raw: '{"nodes":1}', headers: { "content-type": type } });
      expect(p).toMatchObject({ status: 400, code: "bad_request" });
    }
  });

  test("100 MB is refused by its length alone", async () => {
    const r = await refusal("POST", "/vclusters", { raw: "{}", headers: { ...json, "content-length": "100000000" } });
    expect(r).toMatchObject({ status: 413, code: "too_large" });
  });

  test("an endless body without a length is left after 1 MiB", async () => {
    let sent = 0;
    let left = false;
    const raw = new ReadableStream({
      pull: (c) => {
        sent += 65_536;
        c.enqueue(new Uint8Array(65_536).fill(32));
      },
      cancel: () => {
        left = true;
      },
    });
    expect((await refusal("POST", "/vclusters", { raw, headers: json })).status).toBe(413);
    expect(sent).toBeLessThan(3 * 1024 * 1024);
    expect(left).toBe(true);
  });
});

describe("addresses", () => {
  test("unknown ones, and the wrong method", async () => {
    expect(await refusal("GET", "/nothing")).toMatchObject({ status: 404, code: "not_found" });
    expect(await refusal("GET", "/api/v2/vclusters")).toMatchObject({ status: 404 });
    const r = await stage.call("PUT", "/vclusters/good", { as: root });
    expect(r.status).toBe(405);
    expect(r.headers.get("allow")).toBe("GET, PATCH, DELETE");
  });

  test("dots in a path lead nowhere else", async () => {
    for (const path of [
      "/vclusters/..",
      "/vclusters/%2e%2e/users",
      "/vclusters/%2Fetc",
      "/vclusters/a%00b",
      "/vclusters/%zz",
    ]) {
      const r = await stage.call("GET", path, { as: root });
      expect(r.status).toBeLessThan(500);
    }
  });
});

describe("headers", () => {
  test("a good request id is kept, any other replaced", async () => {
    const id = async (given: string) =>
      (await stage.call("GET", "/me", { as: root, headers: { "x-request-id": given } })).headers.get("x-request-id");
    expect(await id("abcd-1234")).toBe("abcd-1234");
    for (const bad of ["short", "x".repeat(65), "has space 1234", "semi;colon"])
      expect(await id(bad)).toMatch(/^req-\w{20}$/);
  });

  test("a monstrous cookie header is nobody", async () => {
    const r = await stage.call("GET", "/me", { headers: { cookie: `a=${"x".repeat(20_000)}; dk_session=y` } });
    expect(r.status).toBe(401);
  });
});
