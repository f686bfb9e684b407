export interface JoinWay {
  title: string;
  /** To be run on the new machine, as they are. */
  lines: string[];
}

/** Settings that must be the same on all hosts. */
const SHARED = ["MASTER_PORT", "CLUSTER_NET"];

interface Entry {
  key: string;
  value: string;
  default: string;
}

/** Those of the shared settings that a new machine would not have by itself. */
export function sharedSettings(config: readonly Entry[]): Record<string, string> {
  const own = config.filter((e) => SHARED.includes(e.key) && e.value !== e.default);
  return Object.fromEntries(own.map((e) => [e.key, e.value]));
}

/**
 * What to run on a machine that shall join. `master`: this docklet's address as the new machine reaches it;
 * `settings`: what it must have in common with this one.
 */
export function joinWays(token: string, master: string, settings: Record<string, string> = {}): JoinWay[] {
  const all = Object.entries({ MASTER_IP: master, ...settings });
  const variables = all.map(([key, value]) => `DOCKLET_${key}=${value}`).join(" ");
  const flags = all.map(([key, value]) => `--${key.toLowerCase().replaceAll("_", "-")} ${value}`).join(" ");
  // In a file, and written by the shell itself: what is on a command line everybody on the machine can read.
  const write = `(umask 077; echo ${token} > join-token)`;
  return [
    {
      title: "In a clone of docklet",
      lines: [write, `sudo ${variables} DOCKLET_JOIN_FILE=join-token ./install.sh`, "rm join-token"],
    },
    {
      title: "With nothing but the docklet program, until it is stopped",
      lines: [write, `sudo docklet serve --role=worker ${flags} --join-file join-token`],
    },
  ];
}

/** An address that could be typed into a shell and a settings file without harm. */
export function checkAddress(address: string): string | null {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/.test(address)
    ? null
    : "Give an IP address or a host name that the new machine can reach.";
}

/** Where people reach the portal is mostly where the master is, unless they sit at the machine itself. */
export function likelyAddress(hostname: string, masterIp: string | undefined, hosts: { address: string }[]): string {
  if (masterIp) return masterIp;
  const here = hostname.replace(/^\[|\]$/g, "");
  const loopback = here === "localhost" || here === "::1" || here.startsWith("127.");
  return loopback ? (hosts[0]?.address ?? "") : here;
}
