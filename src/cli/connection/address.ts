import { DockletError } from "../../lib/errors.ts";

/** `cloud.example.org:8080` or a whole URL → the origin of a portal. */
export function portalOrigin(text: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (!url || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new DockletError(
      "invalid",
      `"${text.slice(0, 120)}" is not the address of a portal.`,
      "Write for example http://192.0.2.10:8080.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new DockletError(
      "invalid",
      "The address contains a password.",
      "Leave it out: `docklet login` asks for it, or takes it with --password-stdin.",
    );
  }
  return url.origin;
}

/** Does what is sent to this address leave the machine unencrypted? */
export function isExposed(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "http:" && hostname !== "localhost" && hostname !== "[::1]" && !/^127\./.test(hostname);
}
