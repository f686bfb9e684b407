import type { MasterApi } from "../../src/contracts/master.ts";
import type { Host, HostNode, HostSample, Image, JoinToken, Vcluster } from "../../src/contracts/public/index.ts";
import { DockletError } from "../../src/lib/errors.ts";
import { host, image, joinToken } from "./datacenter-samples.ts";

type Method = keyof MasterApi;

/** What a fake master has besides vclusters: images, hosts and their join tokens; and a note of every call. */
export class FakeDatacenter {
  readonly calls: { method: string; args: unknown }[] = [];
  readonly rows = new Map<string, Vcluster>();
  imageList: Image[] = [image("base", "jupyter"), image("mini", "init")];
  hostList: Host[] = [host()];
  tokenList: JoinToken[] = [];
  readonly #failures = new Map<Method, { error: unknown; before: boolean }[]>();
  #now = 1_000_000;

  constructor(readonly clock?: { now(): number }) {}

  /** The next call of `method` throws: before it did anything, or after it was done (the answer got lost). */
  failNext(method: Method, error: unknown, when: "before" | "after" = "before"): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), { error, before: when === "before" }]);
  }

  images(): Promise<Image[]> {
    return this.call("images", null, () => this.imageList);
  }

  patchImage(request: { actor: string; requestId: string; name: string; warm: number }): Promise<Image> {
    return this.call("patchImage", request, () => {
      const found = this.imageList.find((i) => i.name === request.name);
      if (!found) throw new DockletError("not_found", "There is no such image.");
      found.warm.want = request.warm;
      return found;
    });
  }

  deleteImage(request: { actor: string; requestId: string; name: string }): Promise<void> {
    return this.call("deleteImage", request, () => this.#leave(this.imageList, (i) => i.name === request.name));
  }

  hosts(): Promise<Host[]> {
    return this.call("hosts", null, () => this.hostList);
  }

  host(name: string): Promise<Host | null> {
    return this.call("host", name, () => this.hostList.find((h) => h.name === name) ?? null);
  }

  patchHost(request: Parameters<MasterApi["patchHost"]>[0]): Promise<Host> {
    return this.call("patchHost", request, () => {
      const host = this.hostNamed(request.name);
      if (request.cordoned !== undefined) host.state = request.cordoned ? "cordoned" : "ready";
      if (request.labels) host.labels = request.labels;
      return structuredClone(host);
    });
  }

  hostNodes(filter: Parameters<MasterApi["hostNodes"]>[0]): Promise<HostNode[]> {
    return this.call("hostNodes", filter, () => {
      this.hostNamed(filter.name);
      const seen = [...this.rows.values()].filter((v) => filter.owner === null || v.owner === filter.owner);
      return seen.flatMap((v) =>
        v.nodes
          .filter((n) => n.host === filter.name)
          .map(({ name, state, size, why }) => ({ owner: v.owner, vcluster: v.name, node: name, state, size, why })),
      );
    });
  }

  hostMetrics(name: string): Promise<HostSample[]> {
    return this.call("hostMetrics", name, () => [{ at: this.time(), ...this.hostNamed(name).used }]);
  }

  removeHost(request: Parameters<MasterApi["removeHost"]>[0]): Promise<void> {
    return this.call("removeHost", request, () => this.#leave(this.hostList, (h) => h.name === request.name));
  }

  joinTokens(): Promise<JoinToken[]> {
    return this.call("joinTokens", null, () => this.tokenList);
  }

  createJoinToken(request: Parameters<MasterApi["createJoinToken"]>[0]) {
    return this.call("createJoinToken", request, () => {
      const token = joinToken(request);
      this.tokenList.push(token);
      return { token, text: `DK1.${"0".repeat(64)}.${token.id}.${"A".repeat(43)}` };
    });
  }

  revokeJoinToken(request: Parameters<MasterApi["revokeJoinToken"]>[0]): Promise<void> {
    return this.call("revokeJoinToken", request, () => this.#leave(this.tokenList, (t) => t.id === request.id));
  }

  protected async call<T>(method: Method, args: unknown, body: () => T): Promise<T> {
    this.calls.push({ method, args });
    const failure = this.#failures.get(method)?.shift();
    if (failure?.before) throw failure.error;
    const result = body();
    if (failure) throw failure.error;
    return result;
  }

  #leave<T>(list: T[], is: (item: T) => boolean): void {
    if (!list.some(is)) throw new DockletError("not_found", "There is no such thing.");
    list.splice(list.findIndex(is), 1);
  }

  protected time(): number {
    return this.clock?.now() ?? ++this.#now;
  }

  protected hostNamed(name: string): Host {
    const host = this.hostList.find((h) => h.name === name);
    if (!host) throw new DockletError("not_found", `There is no host named ${name}.`);
    return host;
  }
}
