import type { TestDocklet } from "../kit/docklet.ts";

/** Somebody's way into a workspace: the cookie that a ticket was traded for. */
export class Visit {
  private constructor(
    /** `http://host:port/slug`, without a slash at the end. */
    readonly base: string,
    readonly cookie: string,
  ) {}

  /** Follows a link of `openVcluster`, as a browser does. */
  static async by(link: string): Promise<Visit> {
    const answer = await fetch(link, { redirect: "manual" });
    const cookie = answer.headers.getSetCookie()[0]?.split(";")[0];
    if (answer.status !== 303 || !cookie) throw new Error(`the ticket was not taken: ${answer.status}`);
    const url = new URL(link);
    return new Visit(`${url.origin}/${url.pathname.split("/")[1]}`, cookie);
  }

  /** Enters root's vcluster. */
  static async root(d: TestDocklet, name: string, port?: number): Promise<Visit> {
    return Visit.by((await d.root.openVcluster({ params: { name }, body: port ? { port } : {} })).url);
  }

  get slug(): string {
    return new URL(this.base).pathname.slice(1);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string> | undefined), cookie: this.cookie };
    return fetch(this.base + path, { redirect: "manual", ...init, headers });
  }

  socket(path: string): WebSocket {
    const url = this.base.replace(/^http/, "ws") + path;
    // Bun's own extension of the constructor.
    return new WebSocket(url, { headers: { cookie: this.cookie } } as unknown as string[]);
  }
}

/** Resolves when it is open, rejects when it never will be. */
export function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("close", (e) => reject(new Error(`closed: ${e.code} ${e.reason}`)), { once: true });
  });
}

export function closed(socket: WebSocket): Promise<number> {
  if (socket.readyState === WebSocket.CLOSED) return Promise.resolve(-1);
  return new Promise((resolve) => socket.addEventListener("close", (e) => resolve(e.code), { once: true }));
}
