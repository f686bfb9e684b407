import { createHash } from "node:crypto";
import { DockletError } from "../../lib/errors.ts";

export interface SshPublicKey {
  type: string;
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  fingerprint: string;
  /** `type base64`: what reaches authorized_keys. The comment stays out of it. */
  line: string;
  comment: string;
}

const bad = (message: string) =>
  new DockletError("invalid", message, "Paste one line of a .pub file, for example ~/.ssh/id_ed25519.pub.");

const POINT: Record<string, number> = { nistp256: 65, nistp384: 97, nistp521: 133 };

/**
 * Reads one OpenSSH public key. Strict, because what comes out is written into authorized_keys of nodes:
 * no options before the type, one line, and a blob that is exactly a key of the type that the line names.
 */
export function parseSshKey(text: string): SshPublicKey {
  const line = text.trim();
  if (/[\u0000-\u001f\u007f]/.test(line)) throw bad("A key is one line without control characters.");
  if (/PRIVATE KEY/.test(line)) throw bad("This is a private key. Keep it to yourself; the public one is needed.");
  const [type = "", blob64 = "", ...rest] = line.split(/ +/);
  const check = TYPES[type];
  if (!check) {
    throw bad(`"${type.slice(0, 40)}" is no key type that docklet takes: ${Object.keys(TYPES).join(", ")}.`);
  }
  const blob = Buffer.from(blob64, "base64");
  if (blob.length === 0 || blob.toString("base64").replace(/=+$/, "") !== blob64.replace(/=+$/, "")) {
    throw bad("The middle part of the key is not base64.");
  }
  const reader = new Blob(blob);
  if (reader.text() !== type) throw bad("The key says one type and contains another.");
  check(reader);
  if (!reader.done) throw bad("The key has more in it than a key of its type.");
  return {
    type,
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    line: `${type} ${blob.toString("base64")}`,
    comment: rest.join(" ").slice(0, 60),
  };
}

/** The wire format of RFC 4253: strings with a length of four bytes before them. */
class Blob {
  #at = 0;
  constructor(readonly bytes: Buffer) {}

  string(): Buffer {
    if (this.#at + 4 > this.bytes.length) throw bad("The key is cut short.");
    const length = this.bytes.readUInt32BE(this.#at);
    const start = this.#at + 4;
    if (start + length > this.bytes.length) throw bad("The key is cut short.");
    this.#at = start + length;
    return this.bytes.subarray(start, this.#at);
  }

  text(): string {
    return this.string().toString("latin1");
  }

  get done(): boolean {
    return this.#at === this.bytes.length;
  }
}

function ed25519(b: Blob): void {
  if (b.string().length !== 32) throw bad("An ed25519 key has 32 bytes; this one has not.");
}

function ecdsa(curve: string): (b: Blob) => void {
  return (b) => {
    if (b.text() !== curve) throw bad("The key says one curve and contains another.");
    const point = b.string();
    if (point.length !== POINT[curve] || point[0] !== 4) throw bad("The key's point is not one of its curve.");
  };
}

function rsa(b: Blob): void {
  const e = b.string();
  const n = b.string();
  // Positive, without needless zeros, odd: what ssh-keygen makes.
  for (const part of [e, n]) {
    const padded = part[0] === 0;
    if (part.length === 0 || part[0]! >= 0x80 || (padded && (part[1] ?? 0) < 0x80) || part.at(-1)! % 2 === 0) {
      throw bad("The key's numbers are not those of an RSA key.");
    }
  }
  const skip = n[0] === 0 ? 1 : 0;
  const bits = (n.length - skip) * 8 - Math.clz32(n[skip]!) + 24;
  if (bits < 2048) throw bad(`This RSA key has ${bits} bits; 2048 are the least. An ed25519 key is best.`);
  if (bits > 16_384 || e.length > 8) throw bad("This RSA key is larger than any program uses.");
}

function application(b: Blob): void {
  const text = b.text();
  if (!/^ssh:[\u0020-\u007e]{0,128}$/.test(text)) throw bad("The key's application does not start with ssh:.");
}

const TYPES: Record<string, (b: Blob) => void> = {
  "ssh-ed25519": ed25519,
  "ecdsa-sha2-nistp256": ecdsa("nistp256"),
  "ecdsa-sha2-nistp384": ecdsa("nistp384"),
  "ecdsa-sha2-nistp521": ecdsa("nistp521"),
  "ssh-rsa": rsa,
  "sk-ssh-ed25519@openssh.com": (b) => {
    ed25519(b);
    application(b);
  },
  "sk-ecdsa-sha2-nistp256@openssh.com": (b) => {
    ecdsa("nistp256")(b);
    application(b);
  },
};
