import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "../../lib/x509.ts";
import { writeFileAtomic } from "../../os/files.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Who this host is to its master: PEM texts, and the ids that they carry. */
const Identity = z.strictObject({
  host: z.string(),
  cluster: z.string(),
  ca: z.string(),
  certificate: z.string(),
  key: z.string(),
});
export type Identity = z.infer<typeof Identity>;

/** A key that was made for a join token, kept until the join is done: after a crash it is the same join. */
const Pending = z.strictObject({ token: z.string(), key: z.string(), csr: z.string() });
type Pending = z.infer<typeof Pending>;

/** The files in which a host keeps its identity. Only root reads them. */
export class IdentityFiles {
  constructor(readonly folder: string) {}

  get file(): string {
    return join(this.folder, "worker.json");
  }
  get #pendingFile(): string {
    return join(this.folder, "joining.json");
  }

  /** null: this host has not joined. */
  read(): Identity | null {
    return readJson(this.file, Identity, "this host's identity");
  }

  write(identity: Identity): void {
    this.#put(this.file, identity);
    rmSync(this.#pendingFile, { force: true });
  }

  /** The key for joining with this token: made now, or by an attempt that did not come to its end. */
  async pending(token: string): Promise<Pending> {
    const old = readJson(this.#pendingFile, Pending, "a join that was begun");
    if (old?.token === token) return old;
    const fresh = { token, ...(await newKey()) };
    this.#put(this.#pendingFile, fresh);
    return fresh;
  }

  #put(file: string, value: unknown): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** A private key and a request for a certificate of it. The key never leaves this host. */
export async function newKey(): Promise<{ key: string; csr: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=docklet",
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { key, csr: csr.toString("pem") };
}

function readJson<T extends z.ZodType>(file: string, schema: T, what: string): z.infer<T> | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (e) {
    if ((e as { code?: string }).code === "ENOENT") return null;
    throw e;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (e) {
    throw new DockletError(
      "invalid",
      `${file} should hold ${what}, but does not: ${messageOf(e).slice(0, 200)}.`,
      "Restore it from a backup, or remove it and let the host join again with a new join token.",
    );
  }
}
