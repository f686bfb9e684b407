import { messageOf } from "../../lib/errors.ts";
import { command } from "../command.ts";
import { portalOrigin } from "../connection/address.ts";
import { connectTo } from "../connection/connection.ts";
import { credentialsPath, readCredentials, writeCredentials } from "../connection/credentials.ts";

export const logout = command({
  name: "logout",
  summary: "Revoke the stored token and forget it",
  args: [{ name: "URL", doc: "address of the portal; default: where you logged in last", optional: true }],
  run: async (ctx) => {
    const path = credentialsPath(ctx.env);
    const stored = readCredentials(path, (text) => ctx.out.warn(text));
    const origin = ctx.args.URL === undefined ? stored.current : portalOrigin(ctx.args.URL);
    const login = origin === null ? undefined : stored.servers[origin];
    if (origin === null || !login) {
      ctx.out.data({ url: origin, loggedOut: false }, () => ctx.out.note("You were not logged in."));
      return 0;
    }
    let revoked = true;
    try {
      const connection = connectTo({ address: origin, origin, unix: null, token: login.token, source: "login" });
      await connection.api.revokeToken({ params: { id: login.tokenId } });
    } catch (e) {
      revoked = false;
      ctx.out.warn(`The token could not be revoked (${messageOf(e)}); it is forgotten here and expires by itself.`);
    }
    delete stored.servers[origin];
    if (stored.current === origin) stored.current = Object.keys(stored.servers)[0] ?? null;
    writeCredentials(path, stored);
    ctx.out.data({ url: origin, loggedOut: true, revoked }, () => ctx.out.note(`Logged out at ${origin}.`));
    return 0;
  },
});
