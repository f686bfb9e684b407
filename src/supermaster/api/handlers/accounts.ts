import type { Me, Scope } from "../../../contracts/public/index.ts";
import { theirs } from "../../accounts/actor.ts";
import { quotaOf } from "../../accounts/groups.ts";
import { toUser } from "../../accounts/person.ts";
import { usageOf } from "../../quotas/usage.ts";
import type { Wing } from "../../wing.ts";
import type { Ask } from "../ask.ts";
import { sessionCookie } from "../authenticate.ts";
import type { Handlers } from "../handler.ts";

type Names =
  | "login"
  | "session"
  | "logout"
  | "me"
  | "changePassword"
  | "sessions"
  | "revokeSession"
  | "revokeOtherSessions"
  | "keys"
  | "addKey"
  | "removeKey"
  | "tokens"
  | "createToken"
  | "revokeToken";

export function accountHandlers(wing: Wing): Handlers<Names> {
  const { base, identity, sessions, keys, tokens, people } = wing;

  const me = (ask: Ask): Me => {
    const { person, via, scopes } = theirs(ask.actor);
    return {
      user: toUser(person),
      quota: quotaOf(base.store, person.group),
      used: usageOf(base.store, person.id),
      csrf: via.kind === "session" ? via.csrf : null,
      // A session carries every scope; what an ordinary person can do with it ends at "write".
      scopes: scopes.filter((s) => s !== "admin" || person.role === "admin") as Scope[],
      version: base.version.version,
    };
  };

  return {
    login: async (ask, { body }) => {
      const secret = await sessions.login(ask, body.username, body.password);
      const seconds = Math.round(base.config.SESSION_HOURS * 3600);
      ask.answerHeaders.append("set-cookie", sessionCookie(secret, seconds, ask.secure));
      ask.actor = identity.bySessionCookies([secret]);
      return me(ask);
    },
    session: me,
    logout: (ask) => {
      sessions.logout(ask);
      ask.answerHeaders.append("set-cookie", sessionCookie("", 0, ask.secure));
    },
    me,
    changePassword: (ask, { body }) => people.changePassword(ask, body),
    sessions: (ask) => ({ items: sessions.list(ask) }),
    revokeSession: (ask, { params }) => sessions.revoke(ask, params.id),
    revokeOtherSessions: (ask) => sessions.revokeOthers(ask),
    keys: (ask) => ({ items: keys.list(ask) }),
    addKey: (ask, { body }) => keys.add(ask, body),
    removeKey: (ask, { params }) => keys.remove(ask, params.id),
    tokens: (ask) => ({ items: tokens.list(ask) }),
    createToken: (ask, { body }) => tokens.create(ask, body),
    revokeToken: (ask, { params }) => tokens.revoke(ask, params.id),
  };
}
