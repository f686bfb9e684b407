import { hostname } from "node:os";
import { ApiError, createClient } from "../../contracts/public/client.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { type Context, command, UsageError } from "../command.ts";
import { isExposed, portalOrigin } from "../connection/address.ts";
import { connectTo, unreachable } from "../connection/connection.ts";
import { credentialsPath, readCredentials, writeCredentials } from "../connection/credentials.ts";
import { ask, canAsk, readStdin } from "../prompt.ts";

export const login = command({
  name: "login",
  summary: "Log in at a portal and remember it",
  details:
    "Makes an API token called cli@HOST and stores it, readable by you alone, in $XDG_CONFIG_HOME/docklet/credentials.json.\nThe password itself is not kept.",
  args: [{ name: "URL", doc: "address of the portal", optional: true }],
  flags: {
    user: { type: "string", short: "u", value: "NAME", doc: "user name; asked for otherwise" },
    "password-stdin": { type: "boolean", doc: "read the password from stdin" },
    days: { type: "integer", value: "N", doc: "days until the token expires; default 90" },
  },
  examples: ["docklet login http://192.0.2.10:8080", "docklet login -u root --password-stdin URL < file"],
  run: async (ctx) => {
    const path = credentialsPath(ctx.env);
    const stored = readCredentials(path, (text) => ctx.out.warn(text));
    const origin = portalOrigin(await addressOf(ctx, stored.current));
    if (isExposed(origin)) ctx.out.warn(`${origin} is not encrypted: others on the way can read the password.`);
    const fromStdin = ctx.flags["password-stdin"];
    const user = ctx.flags.user ?? (fromStdin ? null : await askFor(ctx, "User: "));
    if (!user) throw new UsageError("Whose password is it?", "Add --user NAME.", "login");
    const password = fromStdin ? readStdin(4096) : await askFor(ctx, "Password: ", true);
    const { secret, id, name } = await makeToken(origin, user, password, ctx.flags.days);
    const before = stored.servers[origin];
    stored.servers[origin] = { user: name, token: secret, tokenId: id };
    stored.current = origin;
    writeCredentials(path, stored);
    if (before) {
      // The old one is not needed any more; should it not go away, it still expires.
      const old = connectTo({ address: origin, origin, unix: null, token: secret, source: "login" });
      await old.api.revokeToken({ params: { id: before.tokenId } }).catch(() => {});
    }
    ctx.out.data({ url: origin, user: name, credentials: path }, () =>
      ctx.out.note(`Logged in at ${origin} as ${name}.`),
    );
    return 0;
  },
});

async function addressOf(ctx: Context, current: string | null): Promise<string> {
  const known = ctx.args.URL ?? (ctx.flags as { url?: string }).url ?? (ctx.env.DOCKLET_URL || null) ?? current;
  return known ?? (await askFor(ctx, "Address of the portal: "));
}

async function askFor(ctx: Context, question: string, hidden = false): Promise<string> {
  if (!canAsk())
    throw new UsageError(
      "There is no terminal to ask on.",
      "docklet login URL --user NAME --password-stdin < FILE",
      "login",
    );
  return ask(ctx.out, question, hidden);
}

/** Password → session → token → no session. */
async function makeToken(origin: string, username: string, password: string, days: number | undefined) {
  let cookie = "";
  let csrf = "";
  const target = { address: origin, origin, unix: null, token: null, source: "login" };
  const api = createClient(async (path, init) => {
    const headers: Record<string, string> = { ...init.headers, origin };
    if (cookie !== "") headers.cookie = cookie;
    if (csrf !== "") headers["x-csrf-token"] = csrf;
    const res = await fetch(origin + path, { ...init, headers, redirect: "manual" }).catch((e) => {
      throw unreachable(target, e);
    });
    const set = res.headers.getSetCookie().map((c) => c.split(";")[0]!);
    if (set.length > 0) cookie = set.join("; ");
    if (res.ok && res.status !== 204 && !res.headers.get("content-type")?.includes("json"))
      throw new DockletError("unavailable", `${origin} answers, but it is not a docklet portal.`, "Check the address.");
    return res;
  });
  const me = await api.login({ body: { username, password } });
  csrf = me.csrf ?? "";
  try {
    const made = await api.createToken({
      body: {
        name: `cli@${hostname()}`.slice(0, 60),
        scopes: me.user.role === "admin" ? ["read", "write", "admin"] : ["read", "write"],
        ...(days === undefined ? {} : { days }),
      },
    });
    return { secret: made.secret, id: made.token.id, name: me.user.name };
  } catch (e) {
    if (e instanceof ApiError && me.user.mustChangePassword)
      throw new DockletError(
        "forbidden",
        `${messageOf(e)}`,
        `The password has to be changed first: log in at ${origin} with a browser.`,
      );
    throw e;
  } finally {
    await api.logout().catch(() => {});
  }
}
