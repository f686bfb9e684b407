import { DockletError } from "../../../lib/errors.ts";
import { theirs } from "../../accounts/actor.ts";
import { personByName } from "../../accounts/person.ts";
import { demand } from "../../accounts/policy.ts";
import { timeline } from "../../audit/timeline.ts";
import type { Wing } from "../../wing.ts";
import type { Ask } from "../ask.ts";
import type { Handlers } from "../handler.ts";

type Names =
  | "images"
  | "buildImage"
  | "patchImage"
  | "deleteImage"
  | "hosts"
  | "host"
  | "patchHost"
  | "hostNodes"
  | "hostMetrics"
  | "drainHost"
  | "removeHost"
  | "joinTokens"
  | "createJoinToken"
  | "revokeJoinToken"
  | "operations"
  | "operation"
  | "cancelOperation"
  | "events"
  | "config"
  | "version";

export function systemHandlers({ base, vclusters }: Wing): Handlers<Names> {
  const { master } = base;
  const cause = (ask: Ask) => ({ actor: theirs(ask.actor).person.name, requestId: ask.requestId });
  const seesAll = (ask: Ask): boolean => {
    const { person, scopes } = theirs(ask.actor);
    return person.role === "admin" && scopes.includes("admin");
  };

  const operation = async (ask: Ask, id: string, action: "operation.read" | "operation.write") => {
    const found = await master.operation(id);
    const view = found && vclusters.views.operation(found);
    if (!view) throw new DockletError("not_found", "There is no such operation.", "Old operations are forgotten.");
    demand(ask.actor, action, { owner: view.ownerId });
    return view.shown;
  };

  return {
    images: async () => ({ items: await master.images() }),
    buildImage: (ask, { params, body }) => {
      if (body.recipe && body.recipe.name !== params.name) {
        throw new DockletError(
          "invalid",
          `The recipe is for "${body.recipe.name}", the address says "${params.name}".`,
          "Make them equal.",
        );
      }
      return master.buildImage({ ...cause(ask), name: params.name, recipe: body.recipe });
    },
    patchImage: (ask, { params, body }) => master.patchImage({ ...cause(ask), name: params.name, warm: body.warm }),
    deleteImage: (ask, { params }) => master.deleteImage({ ...cause(ask), name: params.name }),
    hosts: async () => ({ items: await master.hosts() }),
    host: async (_, { params }) => {
      const host = await master.host(params.name);
      if (host) return host;
      throw new DockletError("not_found", `There is no host named ${params.name}.`, "`docklet host ls` lists them.");
    },
    patchHost: (ask, { params, body }) => master.patchHost({ ...cause(ask), name: params.name, ...body }),
    hostNodes: async (ask, { params }) => {
      const owner = seesAll(ask) ? null : theirs(ask.actor).person.name;
      return { items: await master.hostNodes({ name: params.name, owner }) };
    },
    hostMetrics: async (_, { params }) => ({ items: await master.hostMetrics(params.name) }),
    drainHost: (ask, { params, body }) => master.drainHost({ ...cause(ask), name: params.name, to: body.to }),
    removeHost: (ask, { params, query }) =>
      master.removeHost({ ...cause(ask), name: params.name, force: query.force === "true" }),
    joinTokens: async () => ({ items: await master.joinTokens() }),
    createJoinToken: (ask, { body }) =>
      master.createJoinToken({
        ...cause(ask),
        role: body.role,
        uses: body.uses,
        ttlMs: body.ttlSeconds === undefined ? undefined : body.ttlSeconds * 1000,
      }),
    revokeJoinToken: (ask, { params }) => master.revokeJoinToken({ ...cause(ask), id: params.id }),
    operations: async (ask, { query }) => {
      const owner = seesAll(ask) ? null : theirs(ask.actor).person.name;
      const page = await master.operations({ ...query, owner, limit: query.limit ?? 100 });
      const seen = page.items.map((o) => vclusters.views.operation(o));
      const { person } = theirs(ask.actor);
      return {
        items: seen.filter((o) => owner === null || o.ownerId === person.id).map((o) => o.shown),
        next: page.next,
      };
    },
    operation: (ask, { params }) => operation(ask, params.id, "operation.read"),
    cancelOperation: async (ask, { params }) => {
      await operation(ask, params.id, "operation.write");
      return await master.cancel(params.id, cause(ask));
    },
    events: (ask, { query }) => {
      const { person } = theirs(ask.actor);
      const page = { object: query.object, cursor: query.cursor, limit: query.limit ?? 100 };
      if (query.owner === undefined && seesAll(ask)) return timeline(base, { ...page, owner: null });
      const owner = query.owner === undefined ? person : personByName(base.store, query.owner);
      demand(ask.actor, "event.read", { owner: owner?.id ?? null });
      const since = owner && owner.id === person.id ? owner.createdAt : 0;
      return timeline(base, { ...page, owner: query.owner ?? person.name, since });
    },
    config: () => ({ items: base.effectiveConfig() }),
    version: () => base.version,
  };
}
