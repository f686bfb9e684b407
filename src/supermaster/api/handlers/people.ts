import type { Wing } from "../../wing.ts";
import type { Handlers } from "../handler.ts";

type Names =
  | "users"
  | "createUser"
  | "user"
  | "patchUser"
  | "resetPassword"
  | "deleteUser"
  | "groups"
  | "createGroup"
  | "patchGroup"
  | "deleteGroup";

export function peopleHandlers({ people, groups }: Wing): Handlers<Names> {
  return {
    users: (_, { query }) => people.list(query),
    createUser: (ask, { body }) => people.create(ask, body),
    user: (_, { params }) => people.one(params.name),
    patchUser: (ask, { params, body }) => people.patch(ask, params.name, body),
    resetPassword: (ask, { params }) => people.resetPassword(ask, params.name),
    deleteUser: (ask, { params, query }) => people.remove(ask, params.name, query.confirm),
    groups: () => ({ items: groups.list() }),
    createGroup: (ask, { body }) => groups.create(ask, body),
    patchGroup: (ask, { params, body }) => groups.patch(ask, params.name, body),
    deleteGroup: (ask, { params }) => groups.remove(ask, params.name),
  };
}
