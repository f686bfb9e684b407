import type { Image, Recipe } from "../../contracts/public/index.ts";
import { ImageReport } from "../../contracts/worker.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Locality } from "../hosts/candidates.ts";

/** What each host last said about its images; kept in memory, and on disk for while a host is away. */
export class Images {
  readonly #byName = new Map<string, Map<string, ImageReport>>();
  /** Images that are being removed right now: nothing new may begin to use them. */
  readonly leaving = new Set<string>();

  load(db: Reader): void {
    for (const r of db.all<{ host: string; report: string }>("SELECT host, report FROM images")) {
      const report = ImageReport.safeParse(JSON.parse(r.report));
      if (report.success) this.#put(r.host, report.data);
    }
  }

  /** true: more than the counters is new. */
  heard(host: string, report: ImageReport): boolean {
    const old = this.#byName.get(report.name)?.get(host);
    this.#put(host, report);
    const lasting = (r: ImageReport) => JSON.stringify({ ...r, warm: r.warm.want });
    return !old || lasting(old) !== lasting(report);
  }

  /** A host has removed it: nothing is placed there on the strength of an older report. */
  removed(host: string, name: string): void {
    const old = this.on(host, name);
    if (old)
      this.#put(host, {
        ...old,
        state: "absent",
        size: null,
        builtAt: null,
        layers: [],
        warm: { ...old.warm, have: 0 },
      });
  }

  /** The host is not one of ours any more. */
  forgetHost(host: string): void {
    for (const hosts of this.#byName.values()) hosts.delete(host);
  }

  write(c: Change, host: string, report: ImageReport): void {
    c.tx.run(
      "INSERT INTO images (host, name, report) VALUES ($host, $name, $report) ON CONFLICT (host, name) DO UPDATE SET report = $report",
      { host, name: report.name, report: JSON.stringify(report) },
    );
  }

  get names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  on(host: string, name: string): ImageReport | null {
    return this.#byName.get(name)?.get(host) ?? null;
  }

  hosts(name: string): [string, ImageReport][] {
    return [...(this.#byName.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Those of which nodes can be made on a host. */
  heldBy(host: string): string[] {
    return this.names.filter((n) => this.on(host, n)?.state === "ready");
  }

  /** The newest build of an image on any host, of those that say what it is made of. */
  newest(name: string): ImageReport | null {
    const built = this.hosts(name).flatMap(([, r]) => (r.state === "ready" && r.layers.length > 0 ? [r] : []));
    return built.reduce<ImageReport | null>((a, b) => (a && (a.builtAt ?? 0) >= (b.builtAt ?? 0) ? a : b), null);
  }

  recipe(name: string): Recipe | null {
    return this.#byName.get(name)?.values().next().value?.recipe ?? null;
  }

  readiness(name: string): Recipe["ready"] {
    return this.recipe(name)?.ready ?? "init";
  }

  isReady(name: string): boolean {
    return !this.leaving.has(name) && this.hosts(name).some(([, r]) => r.state === "ready");
  }

  /** For placement: can nodes of this image be made on a host, and how many wait there warm? */
  locality(name: string): Locality {
    return {
      here: (host) => this.on(host, name)?.state === "ready",
      unfit: (host) => (this.on(host, name)?.state === "ready" ? null : `does not have the image ${name}`),
      warm: (host) => this.on(host, name)?.warm.have ?? 0,
    };
  }

  /** Images that are built on this one. */
  children(name: string): string[] {
    return this.names.filter((n) => this.hosts(n).some(([, r]) => r.recipe.parent === name && r.state !== "absent"));
  }

  list(db: Reader): Image[] {
    return this.names.flatMap((n) => this.one(db, n) ?? []);
  }

  /** Several hosts' words as one: ready where it is ready anywhere. null: unknown, or a person's and removed. */
  one(db: Reader, name: string): Image | null {
    const reports = this.hosts(name).map(([, r]) => r);
    const first = reports[0];
    if (!first) return null;
    const best = (["building", "ready", "failed", "absent"] as const).find((s) => reports.some((r) => r.state === s))!;
    const shown = reports.find((r) => r.state === best)!;
    const builtin = db.get("SELECT 1 FROM recipes WHERE name = $name", { name }) === null;
    const operation = db.get<{ id: string }>("SELECT id FROM operations WHERE image = $name AND ended_at IS NULL", {
      name,
    });
    if (!builtin && best === "absent" && !operation) return null;
    return {
      name,
      description: shown.recipe.description,
      parent: shown.recipe.parent ?? null,
      state: best,
      reason: shown.reason,
      builtin,
      ready: shown.recipe.ready,
      size: shown.size,
      warm: {
        want: reports.reduce((n, r) => n + r.warm.want, 0),
        have: reports.reduce((n, r) => n + r.warm.have, 0),
      },
      operation: operation?.id ?? null,
      builtAt: shown.builtAt,
    };
  }

  #put(host: string, report: ImageReport): void {
    let hosts = this.#byName.get(report.name);
    if (!hosts) {
      hosts = new Map();
      this.#byName.set(report.name, hosts);
    }
    hosts.set(host, report);
  }
}
