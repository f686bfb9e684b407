import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { MASTER_NAME } from "../../contracts/uplink.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { randomName } from "../../lib/ids.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "../../lib/x509.ts";
import { writeFileAtomic } from "../../os/files.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;
/** Nobody can rotate the root of trust for people: it outlives the installation. */
const CA_LIFE = 20 * 365 * DAY;
/** Clocks of hosts differ: everything is valid from a day before it was made. */
const BACKDATED = DAY;
/** A worker's certificate; it is renewed after two thirds of it. */
export const HOST_LIFE = 7 * DAY;

export interface Issued {
  pem: string;
  serial: string;
  expiresAt: number;
}

/** What a certificate says of whoever holds its key. */
export interface Bearer {
  serial: string;
  host: string;
  role: string;
  cluster: string;
  expiresAt: number;
}

/** Signs the certificates of one cluster's hosts, and knows its own signature. The key stays in one file, for root. */
export class Authority {
  private constructor(
    readonly certificate: X509Certificate,
    readonly cluster: string,
    private readonly keys: CryptoKeyPair,
  ) {}

  /** Reads the authority from `file`, or makes a new one there. `now`: milliseconds. */
  static async open(file: string, now: number): Promise<Authority> {
    if (!existsSync(file)) await create(file, now);
    try {
      const [certificate, key] = readPem(readFileSync(file, "utf8"));
      const ca = new X509Certificate(certificate!);
      const keys = {
        privateKey: await crypto.subtle.importKey("pkcs8", key!, ALGORITHM, false, ["sign"]),
        publicKey: await ca.publicKey.export(),
      };
      return new Authority(ca, ca.subjectName.getField("O")[0]!, keys);
    } catch (e) {
      throw new DockletError(
        "invalid",
        `${file} does not hold this cluster's certificate authority: ${messageOf(e)}.`,
        "Restore it from a backup. Without it, remove the file and let every host join again.",
        undefined,
        e,
      );
    }
  }

  /** DER. */
  get raw(): Uint8Array {
    return new Uint8Array(this.certificate.rawData);
  }

  get pem(): string {
    return this.certificate.toString("pem");
  }

  /** What join tokens carry. */
  get fingerprint(): string {
    return createHash("sha256").update(this.raw).digest("hex");
  }

  /** Key and certificate of this master, for as long as this process lives. */
  async serverCredentials(now: number): Promise<{ key: string; cert: string }> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const { pem } = await this.#sign(
      [{ CN: [MASTER_NAME] }, { OU: ["master"] }, { O: [this.cluster] }],
      keys.publicKey,
      now,
      CA_LIFE,
      [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: "dns", value: MASTER_NAME }]),
      ],
    );
    const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { key, cert: pem };
  }

  /** A certificate for the key of a request. Nothing else of the request counts: who it is for, the caller says. */
  async issue(csr: string, host: string, role: "worker" | "master", now: number, life = HOST_LIFE): Promise<Issued> {
    const { key } = await readRequest(csr);
    return this.#sign([{ CN: [host] }, { OU: [role] }, { O: [this.cluster] }], key, now, life, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ]);
  }

  /**
   * What a certificate (DER) that came with a connection says. null: it is not of this authority. Whether it is over,
   * or revoked, the caller decides: the signature is all that is looked at here.
   */
  async read(raw: Uint8Array): Promise<Bearer | null> {
    let c: X509Certificate;
    try {
      c = new X509Certificate(new Uint8Array(raw));
      if (!(await c.verify({ publicKey: this.keys.publicKey, signatureOnly: true }))) return null;
    } catch {
      // No certificate, or one of another kind of key: not of ours in any case.
      return null;
    }
    const field = (name: string) => c.subjectName.getField(name)[0] ?? "";
    return {
      serial: c.serialNumber.toLowerCase(),
      host: field("CN"),
      role: field("OU"),
      cluster: field("O"),
      expiresAt: c.notAfter.getTime(),
    };
  }

  async #sign(
    subject: JsonName,
    publicKey: CryptoKey,
    now: number,
    life: number,
    extensions: Extension[],
  ): Promise<Issued> {
    const serial = newSerial();
    const expiresAt = now + life;
    const c = await X509CertificateGenerator.create({
      serialNumber: serial,
      subject,
      issuer: this.certificate.subject,
      notBefore: new Date(now - BACKDATED),
      notAfter: new Date(expiresAt),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: this.keys.privateKey,
      extensions: [new BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
    return { pem: c.toString("pem"), serial, expiresAt };
  }
}

/** The key of a certificate request, and a hash that names it. Throws `bad_request` when it was not signed with it. */
export async function readRequest(csr: string): Promise<{ key: CryptoKey; hash: string }> {
  try {
    const request = new Pkcs10CertificateRequest(csr);
    const key = await request.publicKey.export(ALGORITHM, ["verify"]);
    if (!(await request.verify())) throw new Error("its signature is not of its own key");
    const hash = createHash("sha256").update(new Uint8Array(request.publicKey.rawData)).digest("hex");
    return { key, hash };
  } catch (e) {
    throw new DockletError("bad_request", `That is no certificate request: ${messageOf(e)}.`, "Upgrade the host.");
  }
}

async function create(file: string, now: number): Promise<void> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: ["docklet CA"] }, { O: [randomName(12)] }],
    notBefore: new Date(now - BACKDATED),
    notAfter: new Date(now + CA_LIFE),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // One file, so that there is never one half without the other.
  writeFileAtomic(file, `${certificate.toString("pem")}\n${key}\n`);
}

function readPem(text: string): ArrayBuffer[] {
  const blocks = PemConverter.decode(text);
  if (blocks.length !== 2) throw new Error("there should be a certificate and a key");
  return blocks;
}

/** 15 random bytes behind a first one that keeps it positive and without leading zeros. */
function newSerial(): string {
  return `4${randomBytes(15).toString("hex")}0`;
}
