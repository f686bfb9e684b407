import { timeline } from "../../audit/timeline.ts";
import type { Wing } from "../../wing.ts";
import type { Handlers } from "../handler.ts";

type Names =
  | "vclusters"
  | "createVcluster"
  | "vcluster"
  | "renameVcluster"
  | "deleteVcluster"
  | "startVcluster"
  | "stopVcluster"
  | "scaleVcluster"
  | "moveVcluster"
  | "vclusterEvents"
  | "vclusterMetrics"
  | "openVcluster"
  | "openSlug";

export function vclusterHandlers({ base, vclusters, opening }: Wing): Handlers<Names> {
  return {
    vclusters: (ask, { query }) => vclusters.list(ask, query),
    createVcluster: (ask, { body }) => vclusters.create(ask, body),
    vcluster: (ask, { params, query }) =>
      vclusters.show(vclusters.find(ask, "vcluster.read", params.name, query.owner)),
    renameVcluster: (ask, { params, query, body }) =>
      vclusters.change(ask, vclusters.find(ask, "vcluster.write", params.name, query.owner), body),
    deleteVcluster: (ask, { params, query }) =>
      vclusters.remove(ask, vclusters.find(ask, "vcluster.write", params.name, query.owner)),
    startVcluster: (ask, { params, query }) =>
      vclusters.start(ask, vclusters.find(ask, "vcluster.write", params.name, query.owner)),
    stopVcluster: (ask, { params, query }) =>
      vclusters.stop(ask, vclusters.find(ask, "vcluster.write", params.name, query.owner)),
    scaleVcluster: (ask, { params, query, body }) =>
      vclusters.scale(ask, vclusters.find(ask, "vcluster.write", params.name, query.owner), body),
    moveVcluster: (ask, { params, query, body }) =>
      vclusters.move(ask, vclusters.find(ask, "vcluster.move", params.name, query.owner), body),
    vclusterEvents: (ask, { params, query }) => {
      const { row, owner } = vclusters.find(ask, "vcluster.read", params.name, query.owner);
      // Its history starts with its making: an older vcluster may have had its name.
      return timeline(base, {
        owner: owner.name,
        object: row.name,
        since: row.created_at,
        cursor: query.cursor,
        limit: query.limit ?? 100,
      });
    },
    vclusterMetrics: async (ask, { params, query }) => {
      const { row } = vclusters.find(ask, "vcluster.read", params.name, query.owner);
      return { items: await base.master.metrics(row.id) };
    },
    openVcluster: (ask, { params, query, body }) =>
      opening.open(ask, vclusters.find(ask, "vcluster.use", params.name, query.owner), body),
    openSlug: (ask, { body }) => opening.openSlug(ask, body),
  };
}
