import type { Action, Scope } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Actor, PersonActor } from "./actor.ts";

interface Rule {
  /** anyone: also without an account. signedIn: every person. owner: the owner, and admins. admin: admins. */
  who: "anyone" | "signedIn" | "owner" | "admin";
  /** What an API token must carry. Sessions carry all. */
  scope: Scope;
  /** Still allowed while the person has to change a password that somebody else knows. */
  whilePasswordIsDue?: true;
}

/** Who may do what: the whole of it. */
export const RULES: Record<Action, Rule> = {
  public: { who: "anyone", scope: "read", whilePasswordIsDue: true },
  "session.own": { who: "signedIn", scope: "read", whilePasswordIsDue: true },
  "account.own": { who: "signedIn", scope: "read", whilePasswordIsDue: true },
  "account.own.write": { who: "signedIn", scope: "write" },
  "account.password": { who: "signedIn", scope: "write", whilePasswordIsDue: true },
  "user.read": { who: "admin", scope: "admin" },
  "user.write": { who: "admin", scope: "admin" },
  "group.read": { who: "admin", scope: "admin" },
  "group.write": { who: "admin", scope: "admin" },
  "vcluster.read": { who: "owner", scope: "read" },
  "vcluster.write": { who: "owner", scope: "write" },
  "vcluster.use": { who: "owner", scope: "write" },
  "vcluster.move": { who: "admin", scope: "admin" },
  "image.read": { who: "signedIn", scope: "read" },
  "image.write": { who: "admin", scope: "admin" },
  "host.read": { who: "signedIn", scope: "read" },
  "host.write": { who: "admin", scope: "admin" },
  "join.read": { who: "admin", scope: "admin" },
  "join.write": { who: "admin", scope: "admin" },
  "operation.read": { who: "owner", scope: "read" },
  "operation.write": { who: "owner", scope: "write" },
  "event.read": { who: "owner", scope: "read" },
  "config.read": { who: "admin", scope: "admin" },
};

/** The thing itself. `owner` is a person's id; null: it belongs to the system, or to nobody who is known. */
export interface Resource {
  owner: string | null;
}

/**
 * May this actor do this? null: yes. Otherwise the refusal, ready to be thrown.
 * API, event stream, WebSockets and gateway all ask here and nowhere else. Without a resource the question
 * is whether the actor may try at all; whoever then finds the resource asks again with it.
 */
export function refusal(actor: Actor, action: Action, resource?: Resource): DockletError | null {
  const rule = RULES[action];
  if (rule.who === "anyone") return null;
  if (actor.kind === "anonymous") {
    return actor.why
      ? new DockletError("unauthenticated", actor.why.message, actor.why.hint)
      : new DockletError("unauthenticated", "You are not logged in.", "Log in, or send an API token.");
  }
  const { person } = actor;
  if (person.disabled) {
    return new DockletError("unauthenticated", "This account is disabled.", "Ask an administrator to enable it.");
  }
  if (person.mustChangePassword && actor.via.kind === "session" && !rule.whilePasswordIsDue) {
    return new DockletError("forbidden", "Choose a new password first.", "Change it with PUT /api/v1/me/password.", {
      reason: "password_due",
    });
  }
  const foreign = rule.who === "owner" && resource !== undefined && resource.owner !== person.id;
  const asAdmin = rule.who === "admin" || foreign;
  if (asAdmin && person.role !== "admin") {
    return foreign
      ? new DockletError("forbidden", "This belongs to somebody else.", "You only see and change what is yours.")
      : new DockletError("forbidden", "Only administrators may do this.", "Ask an administrator.");
  }
  const scope = asAdmin ? "admin" : rule.scope;
  if (!carries(actor, rule.scope) || !carries(actor, scope)) {
    return new DockletError(
      "forbidden",
      `This API token lacks the scope "${carries(actor, rule.scope) ? scope : rule.scope}".`,
      "Make a token with that scope, or log in.",
    );
  }
  return null;
}

/** admin includes write, write includes read. */
function carries(actor: PersonActor, scope: Scope): boolean {
  if (actor.scopes.includes(scope) || actor.scopes.includes("admin")) return true;
  return scope === "read" && actor.scopes.includes("write");
}

export const can = (actor: Actor, action: Action, resource?: Resource): boolean =>
  refusal(actor, action, resource) === null;

export function demand(actor: Actor, action: Action, resource?: Resource): void {
  const no = refusal(actor, action, resource);
  if (no) throw no;
}
