import { createHash, X509Certificate } from "node:crypto";
import { CaAnswer, JOIN_TOKEN, JoinAnswer, type JoinRequest, TO_MASTER } from "../../contracts/uplink.ts";
import { WIRE_VERSION } from "../../contracts/worker.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { channelOver } from "../../lib/channel/socket-channel.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Identity, IdentityFiles } from "./identity.ts";
import { connectTo, type MasterAddress, type Trust } from "./master-connection.ts";

const ANSWER_MS = 20_000;

export interface JoinToken {
  /** sha256 of the CA's certificate. */
  fingerprint: string;
  id: string;
  secret: string;
}

/** Throws `invalid` for what is no join token, or only a part of one. */
export function parseToken(text: string): JoinToken {
  const m = JOIN_TOKEN.exec(text.trim());
  if (m) return { fingerprint: m[1]!, id: m[2]!, secret: m[3]! };
  const part = text.trim().startsWith("DK1.");
  throw new DockletError(
    "invalid",
    part ? "This join token is not whole: a part is missing, or something was added." : "That is no join token.",
    "Copy the whole line that `docklet join-token create --role worker` printed on the master.",
  );
}

/**
 * Joins a cluster. The master is known by the hash in the token before anything is sent to it: first its CA is asked
 * for and compared, then a new connection is made that trusts exactly that CA, and only then the token is shown.
 */
export async function join(
  files: IdentityFiles,
  address: MasterAddress,
  token: JoinToken,
  about: { name: string; version: string; role?: string; wire?: number },
  signal?: AbortSignal,
): Promise<Identity> {
  const ca = await askCa(address, token, signal);
  const { key, csr } = await files.pending(token.id);
  const request: JoinRequest = {
    wire: about.wire ?? WIRE_VERSION,
    version: about.version,
    role: about.role ?? "worker",
    name: about.name,
    token: { id: token.id, secret: token.secret },
    csr,
  };
  const answer = await asking(address, { kind: "master", ca }, signal, (c) =>
    c.call(TO_MASTER.join, request, timeout(signal)),
  );
  const { host, cluster, certificate } = JoinAnswer.parse(answer);
  const identity = { host, cluster, ca, certificate, key };
  files.write(identity);
  return identity;
}

async function askCa(address: MasterAddress, token: JoinToken, signal?: AbortSignal): Promise<string> {
  const answer = await asking(address, { kind: "anybody" }, signal, (c) => c.call(TO_MASTER.ca, null, timeout(signal)));
  const parsed = CaAnswer.safeParse(answer);
  const raw = parsed.success ? Buffer.from(parsed.data.certificate, "base64") : Buffer.alloc(0);
  if (createHash("sha256").update(raw).digest("hex") !== token.fingerprint) {
    throw new DockletError(
      "forbidden",
      `The master at ${address.host}:${address.port} is not the one that this join token is from. Nothing was sent to it.`,
      "Check MASTER_IP and MASTER_PORT, and that the token was made by this very master.",
    );
  }
  return new X509Certificate(raw).toString();
}

async function asking(
  address: MasterAddress,
  trust: Trust,
  signal: AbortSignal | undefined,
  ask: (channel: Channel) => Promise<unknown>,
): Promise<unknown> {
  const channel = channelOver(await connectTo(address, trust, signal), {});
  try {
    return await ask(channel);
  } finally {
    channel.close("asked and answered");
  }
}

function timeout(signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(ANSWER_MS);
  return signal ? AbortSignal.any([signal, late]) : late;
}

/** Throws unless this token was made by the cluster that this host belongs to. `file` holds the identity. */
export function belongsTo(identity: Identity, token: JoinToken, file: string): void {
  const raw = new X509Certificate(identity.ca).raw;
  if (createHash("sha256").update(raw).digest("hex") === token.fingerprint) return;
  throw new DockletError(
    "conflict",
    `This host belongs to the cluster ${identity.cluster}, and the join token is of another one.`,
    `Leave the token out to stay. To move it, remove its nodes, then ${file}, and join again.`,
  );
}
