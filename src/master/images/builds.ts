import type { Cause } from "../../contracts/master.ts";
import { Recipe } from "../../contracts/public/index.ts";
import type { BuildReport, WorkerApi } from "../../contracts/worker.ts";
import { asDocklet, DockletError, isDocklet } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Reader } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import { begin, end, type OperationRow, operationRow, setSteps, turn } from "../operations/operations.ts";
import { countSteps } from "../operations/steps.ts";
import type { Images } from "./images.ts";

/** Builds of images: an operation here, the work on one host. */
export class Builds {
  constructor(
    readonly deps: {
      db: Reader;
      commit: Commit;
      images: Images;
      worker: (host: string) => WorkerApi | null;
      log: Logger;
    },
  ) {}

  /** Begins a build, or answers the one that is running. Returns the operation's id. */
  begin(a: Cause & { name: string; recipe?: Recipe | undefined; operation: string; host: string }): string {
    const { db, commit, images } = this.deps;
    const running = db.get<{ id: string }>("SELECT id FROM operations WHERE image = $name AND ended_at IS NULL", {
      name: a.name,
    });
    if (running) return running.id;
    const recipe = a.recipe ?? this.#known(a.name);
    if (recipe.name !== a.name) {
      throw new DockletError(
        "invalid",
        `The recipe is named ${recipe.name}, not ${a.name}.`,
        "Make both names the same.",
      );
    }
    const own = db.get("SELECT 1 FROM recipes WHERE name = $name", { name: a.name }) !== null;
    if (a.recipe && !own && images.recipe(a.name)) {
      throw new DockletError("conflict", `${a.name} is one of docklet's own images.`, "Give your recipe another name.");
    }
    if (recipe.parent !== undefined && !images.isReady(recipe.parent)) {
      throw new DockletError(
        "conflict",
        `${a.name} is built on ${recipe.parent}, which is not there yet.`,
        `Build ${recipe.parent} first.`,
      );
    }
    commit((c) => {
      if (a.recipe) {
        c.tx.run(
          "INSERT INTO recipes (name, recipe, actor, created_at) VALUES ($name, $recipe, $actor, $now) ON CONFLICT (name) DO UPDATE SET recipe = $recipe, actor = $actor",
          { name: a.name, recipe: JSON.stringify(recipe), actor: a.actor, now: c.now },
        );
      }
      begin(
        c,
        {
          id: a.operation,
          kind: "image.build",
          owner: a.actor,
          object: a.name,
          image: a.name,
          host: a.host,
          plan: "build",
          total: 1,
          cancellable: true,
          steps: countSteps("build", 1, 0),
          actor: a.actor,
          requestId: a.requestId,
        },
        `on ${a.host}`,
      );
      c.images.add(a.name);
    });
    void this.#send(a.operation);
    return a.operation;
  }

  /** Is an operation under way that builds it, on whatever host? */
  isBuilding(name: string): boolean {
    return this.deps.db.get("SELECT 1 FROM operations WHERE image = $name AND ended_at IS NULL", { name }) !== null;
  }

  cancel(c: Change, op: OperationRow, cause: Cause): void {
    if (op.ended_at !== null || op.outcome !== null) return;
    const why = { code: "cancelled", message: `cancelled by ${cause.actor}`, hint: "" };
    turn(c, op, "cancelled", why, JSON.parse(op.steps));
    c.tx.afterCommit(() => void this.#stop(op.id));
  }

  /** Unfinished builds of a host that has come (back): the worker goes on with them, or begins anew. */
  resume(host: string): void {
    const rows = this.deps.db.all<{ id: string; outcome: string | null }>(
      "SELECT id, outcome FROM operations WHERE ended_at IS NULL AND image IS NOT NULL AND host = $host ORDER BY seq",
      { host },
    );
    for (const { id, outcome } of rows) void (outcome === null ? this.#send(id) : this.#stop(id));
  }

  heard(c: Change, host: string, r: BuildReport): void {
    const op = operationRow(c.tx, r.operation);
    if (!op || op.ended_at !== null || op.host !== host) return;
    if (r.steps.length > 0) setSteps(c, op, r.steps);
    if (!r.done) return;
    const how =
      r.error === null ? "done" : op.outcome === "cancelled" || r.error.code === "cancelled" ? "cancelled" : "failed";
    end(c, op, how, r.error, r.error?.message ?? "built");
    c.images.add(op.object);
  }

  #known(name: string): Recipe {
    const own = this.deps.db.get<{ recipe: string }>("SELECT recipe FROM recipes WHERE name = $name", { name });
    const recipe = own ? Recipe.parse(JSON.parse(own.recipe)) : this.deps.images.recipe(name);
    if (recipe) return recipe;
    throw new DockletError(
      "not_found",
      `There is no recipe named ${name}.`,
      "See the list of images, or bring a recipe.",
    );
  }

  async #send(id: string): Promise<void> {
    const op = operationRow(this.deps.db, id);
    const worker = op?.host ? this.deps.worker(op.host) : null;
    // Not connected: it is sent when the host is there.
    if (!op || !worker) return;
    try {
      await worker.buildImage({ operation: id, recipe: this.#known(op.object) });
    } catch (e) {
      // The connection was lost meanwhile: perhaps the host builds already. It is asked again when it is back.
      if (!isDocklet(e, "unavailable")) this.#fail(id, e);
    }
  }

  async #stop(id: string): Promise<void> {
    const op = operationRow(this.deps.db, id);
    const worker = op?.host ? this.deps.worker(op.host) : null;
    if (!worker) return;
    try {
      await worker.cancelBuild(id);
    } catch (e) {
      // A build that the worker doesn't know has nothing left to cancel.
      if (isDocklet(e, "not_found")) this.#fail(id, new DockletError("cancelled", "The build was cancelled."));
      else this.deps.log.warn({ err: e, operation: id }, "a build could not be cancelled yet");
    }
  }

  #fail(id: string, e: unknown): void {
    const error = asDocklet(e);
    this.deps.log.warn({ err: e, operation: id }, "an image was not built");
    this.deps.commit((c) => {
      const op = operationRow(c.tx, id);
      if (!op || op.ended_at !== null) return;
      const how = op.outcome === "cancelled" || error.code === "cancelled" ? "cancelled" : "failed";
      end(c, op, how, { code: error.code, message: error.message, hint: error.hint }, error.message);
      c.images.add(op.object);
    });
  }
}
