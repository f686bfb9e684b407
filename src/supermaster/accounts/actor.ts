import type { Scope } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Person } from "./person.ts";

/** How somebody proved who they are. */
export type Via = { kind: "session"; id: string; csrf: string } | { kind: "token"; id: string } | { kind: "socket" };

/** Who asks: nobody known, or a person with what their credentials allow. */
export type Actor = Anonymous | PersonActor;
export interface Anonymous {
  readonly kind: "anonymous";
  /** Credentials came but were no good, and why. */
  readonly why: { message: string; hint: string } | null;
}
export interface PersonActor {
  readonly kind: "person";
  readonly person: Person;
  readonly via: Via;
  readonly scopes: readonly Scope[];
}

export const ALL_SCOPES: readonly Scope[] = ["read", "write", "admin"];

export const anonymous = (why: Anonymous["why"] = null): Anonymous => ({ kind: "anonymous", why });

/** For logs and the history. */
export const actorName = (actor: Actor): string => (actor.kind === "person" ? actor.person.name : "anonymous");

/** The person who asks. Routes behind the policy always have one. */
export function theirs(actor: Actor): PersonActor {
  if (actor.kind === "person") return actor;
  throw new DockletError("unauthenticated", "You are not logged in.", "Log in, or send an API token.");
}
