import { startGateway } from "../src/gateway/http/gateway.ts";
import { silentLogger } from "../src/lib/log.ts";

/**
 * The gateway as a process of its own, for benches and tests: everybody may go to one upstream. Prints its port, and
 * ends when its standard input does, so that it never outlives who started it.
 */
const upstreamPort = Number(process.argv[2]);
const gateway = await startGateway(
  {
    redeem: async () => null,
    onRevoke: () => () => {},
    resolve: async () => ({
      kind: "allow",
      grant: "bench",
      maxAgeMs: 60_000,
      upstream: { host: "127.0.0.1", port: upstreamPort },
      authorization: "token of-the-node",
      stripPrefix: false,
    }),
  },
  {
    hostname: "127.0.0.1",
    port: 0,
    portalUrl: () => "http://127.0.0.1",
    wildcardDomain: null,
    origins: [],
  },
  silentLogger,
);
console.log(gateway.port);
for await (const _ of Bun.stdin.stream());
process.exit();
