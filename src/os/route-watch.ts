/** Routes and addresses that come and go make several lines each; one look after the last of them is enough. */
const SETTLE_MS = 300;

export interface RouteWatch {
  stop(): void;
}

/**
 * Calls `changed` after routes or addresses of this host have changed: a VPN came up, another container bridge was
 * made. One `ip monitor` for as long as docklet lives; it dies with us, however we end. `lost` tells that it ended.
 */
export function watchRoutes(changed: () => void, lost: (why: string) => void): RouteWatch {
  const child = Bun.spawn(["setpriv", "--pdeathsig", "KILL", "ip", "-4", "monitor", "route", "address"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  let timer: Timer | null = null;
  let stopped = false;
  void (async () => {
    for await (const _ of child.stdout) {
      if (timer) clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    }
    const code = await child.exited;
    if (!stopped) lost(`ip monitor ended with ${code}`);
  })();
  return {
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      child.kill();
    },
  };
}
