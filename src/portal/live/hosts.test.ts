import { beforeEach, expect, test } from "bun:test";
import { QueryClient } from "@tanstack/react-query";
import type {
  Host,
  HostNode,
  HostSample,
  JoinToken,
  Node,
  StreamFrame,
  Vcluster,
} from "../../contracts/public/index.ts";
import { keys } from "../app/queries.ts";
import { noteServerTime, serverNow } from "./clock.ts";
import { addHostSample, withVcluster } from "./hosts.ts";
import { applyFrame } from "./reducer.ts";

const SIZE = { cpu: 1, memory: 1024, disk: 10_240 };
let cache: QueryClient;
beforeEach(() => {
  cache = new QueryClient();
});
const host = (name: string, over: Partial<Host> = {}): Host => ({
  name,
  state: "ready",
  reason: null,
  address: "192.0.2.1",
  capacity: SIZE,
  reserved: SIZE,
  used: { cpu: 0.5, memory: 100, disk: 200 },
  nodes: 0,
  warm: 0,
  kernel: "",
  lxc: "",
  version: "",
  bootedAt: 1,
  labels: {},
  images: [],
  gpus: [],
  homes: "local",
  operation: null,
  ...over,
});
const node = (name: string, on: string | null) => ({ name, host: on, state: "ready", size: SIZE, why: "room" }) as Node;
const vc = (nodes: Node[], over: Partial<Vcluster> = {}) =>
  ({ id: "a", name: "lab", owner: "ann", nodes, ...over }) as Vcluster;
const apply = (frame: StreamFrame) => applyFrame(cache, frame, "root");
const names = () => cache.getQueryData<Host[]>(keys.hosts)!.map((h) => h.name);

test("a new host joins the list, a removed one leaves it, and its page knows", () => {
  cache.setQueryData(keys.hosts, [host("a")]);
  cache.setQueryData(keys.host("b"), host("b"));
  apply({ type: "host", data: host("b") });
  expect(names()).toEqual(["a", "b"]);
  apply({ type: "host", data: host("b", { state: "removed" }) });
  expect(names()).toEqual(["a"]);
  expect(cache.getQueryData<Host>(keys.host("b"))!.state).toBe("removed");
});

test("a removed host stays in sight while nodes are placed on it, and is asked for when something ends", () => {
  cache.setQueryData(keys.hosts, [host("a"), host("b", { nodes: 2 })]);
  apply({ type: "host", data: host("b", { state: "removed", nodes: 2 }) });
  expect(names()).toEqual(["a", "b"]);
  expect(cache.getQueryState(keys.hosts)?.isInvalidated).toBe(false);
  apply({ type: "vcluster.deleted", data: { id: "a", name: "lab", owner: "ann" } });
  expect(cache.getQueryState(keys.hosts)?.isInvalidated).toBe(true);
});

test("the list of tokens is asked again when a host has come", () => {
  cache.setQueryData(keys.hosts, [host("a")]);
  cache.setQueryData(keys.joinTokens, [] as JoinToken[]);
  apply({ type: "host", data: host("a", { warm: 1 }) });
  expect(cache.getQueryState(keys.joinTokens)?.isInvalidated).toBe(false);
  apply({ type: "host", data: host("b") });
  expect(cache.getQueryState(keys.joinTokens)?.isInvalidated).toBe(true);
});

test("what a frame measured is a point of the chart, by the server's clock; what was heard of old is not", () => {
  noteServerTime(5_000_000, Date.now());
  expect(Math.abs(serverNow() - 5_000_000)).toBeLessThan(1000);
  const first: HostSample = { at: 4_000_000, cpu: 1, memory: 1, disk: 1 };
  cache.setQueryData(keys.hostMetrics("a"), [first]);
  apply({ type: "host", data: host("a", { state: "unreachable" }) });
  expect(cache.getQueryData<HostSample[]>(keys.hostMetrics("a"))).toEqual([first]);
  apply({ type: "host", data: host("a") });
  expect(cache.getQueryData<HostSample[]>(keys.hostMetrics("a"))!.at(-1)).toMatchObject({ cpu: 0.5, memory: 100 });
  noteServerTime(Date.now());
});

test("a chart keeps an hour, and close frames are one point", () => {
  const at = (ms: number): HostSample => ({ at: ms, cpu: 0, memory: 0, disk: 0 });
  const list = addHostSample([at(1000)], at(4000));
  expect(list.map((s) => s.at)).toEqual([1000, 4000]);
  expect(addHostSample(list, at(4500))).toBe(list);
  expect(addHostSample(list, at(3_601_500)).map((s) => s.at)).toEqual([4000, 3_601_500]);
});

test("what runs on a host follows the clusters: nodes come, change and leave, others stay as they are", () => {
  const other: HostNode = { owner: "bob", vcluster: "x", node: "host-0", state: "ready", size: SIZE, why: null };
  cache.setQueryData(keys.hostNodes("a"), [other]);
  const shown = () =>
    cache.getQueryData<HostNode[]>(keys.hostNodes("a"))!.map((n) => `${n.owner}/${n.vcluster}/${n.node}`);
  apply({ type: "vcluster", data: vc([node("host-0", "a"), node("host-1", "b")]) });
  expect(shown()).toEqual(["bob/x/host-0", "ann/lab/host-0"]);
  apply({ type: "vcluster", data: vc([node("host-0", "b"), node("host-1", "a")]) });
  expect(shown()).toEqual(["bob/x/host-0", "ann/lab/host-1"]);
  apply({ type: "vcluster.deleted", data: { id: "a", name: "lab", owner: "ann" } });
  expect(shown()).toEqual(["bob/x/host-0"]);
  const list = [other];
  expect(withVcluster(list, "a", vc([node("host-0", "b")]))).toBe(list);
});
