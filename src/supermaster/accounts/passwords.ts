import { DockletError } from "../../lib/errors.ts";
import { randomName } from "../../lib/ids.ts";
import { Semaphore } from "../../lib/mutex.ts";
import { isCommonPassword } from "./common-passwords.ts";

/** OWASP's least for argon2id: 19 MiB, two passes. About 50 ms of one core. */
const PARAMS = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
const CURRENT = `m=${PARAMS.memoryCost},t=${PARAMS.timeCost},`;
/** Two at once; who would wait behind this many is told to come back. */
const AT_ONCE = 2;
const MAX_WAITING = 40;

/** Hashing passwords, never more than two at a time: many logins at once must not take the machine from the nodes. */
export class Passwords {
  readonly #queue = new Semaphore(AT_ONCE);
  /** Verified against when there is no such user, so that the time of an answer tells nothing. */
  readonly #dummy = this.#queue.run(() => Bun.password.hash(randomName(20), PARAMS));

  hash(password: string): Promise<string> {
    return this.#run(() => Bun.password.hash(password, PARAMS));
  }

  /** `stored` null: there is no such user; takes as long, answers false. */
  async verify(password: string, stored: string | null): Promise<boolean> {
    const against = stored ?? (await this.#dummy);
    const right = await this.#run(() => Bun.password.verify(password, against));
    return right && stored !== null;
  }

  /** Was it hashed with other parameters than those of today? */
  isStale(stored: string): boolean {
    return !stored.includes(CURRENT);
  }

  async #run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#queue.waiting >= MAX_WAITING) {
      throw new DockletError(
        "unavailable",
        "Too many people are logging in at this moment.",
        "Try again in a moment.",
        {
          retryAfterSeconds: 2,
        },
      );
    }
    return await this.#queue.run(body);
  }
}

export function demandGoodPassword(password: string, userName: string): void {
  if (isCommonPassword(password, userName)) {
    throw new DockletError(
      "invalid",
      "This password is among the first that anybody would try.",
      "Use a few unrelated words, or let your browser make one.",
    );
  }
}

/** For people to type once: 16 unmistakable characters in groups, 78 bits. */
export function generatePassword(): string {
  return Array.from({ length: 4 }, () => randomName(4)).join("-");
}
