import { utils } from "ssh2";

/** The pair with which the nodes of one vcluster log into each other, in OpenSSH's format. */
export interface KeyPair {
  private: string;
  public: string;
}

const STOCK = 8;

/** A few pairs made ahead, so that making one is never part of a click. */
export class PeerKeys {
  readonly #stock: KeyPair[] = [];
  #refill: ReturnType<typeof setTimeout> | null = null;

  /** Fills the stock in the background. */
  start(): void {
    if (this.#refill || this.#stock.length >= STOCK) return;
    this.#refill = setTimeout(() => {
      this.#refill = null;
      this.#stock.push(make());
      this.start();
    }, 5);
    this.#refill.unref();
  }

  take(): KeyPair {
    const pair = this.#stock.pop() ?? make();
    this.start();
    return pair;
  }

  stop(): void {
    if (this.#refill) clearTimeout(this.#refill);
    this.#refill = null;
  }
}

function make(): KeyPair {
  const pair = utils.generateKeyPairSync("ed25519", { comment: "vcluster" });
  return { private: pair.private, public: pair.public };
}
