export interface JoinWay {
  title: string;
  /** To be run on the new machine, as they are. */
  lines: string[];
}

/** The port that every installation uses unless it was told otherwise. */
const USUAL_PORT = "9000";

/**
 * What to run on a machine that shall join. `master`: this docklet's address as the new machine reaches it;
 * `port`: its MASTER_PORT.
 */
export function joinWays(token: string, master: string, port = USUAL_PORT): JoinWay[] {
  const own = port !== USUAL_PORT;
  // In a file, and written by the shell itself: what is on a command line everybody on the machine can read.
  const write = `(umask 077; echo ${token} > join-token)`;
  return [
    {
      title: "In a clone of docklet",
      lines: [
        write,
        `sudo DOCKLET_MASTER_IP=${master} ${own ? `DOCKLET_MASTER_PORT=${port} ` : ""}DOCKLET_JOIN_FILE=join-token ./install.sh`,
        "rm join-token",
      ],
    },
    {
      title: "With nothing but the docklet program, until it is stopped",
      lines: [
        write,
        `sudo docklet serve --role=worker --master-ip ${master} ${own ? `--master-port ${port} ` : ""}--join-file join-token`,
      ],
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
