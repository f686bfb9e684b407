import type { Socket } from "bun";

/** Heads are put together here: the kernel copies them at once, so that most need no buffer of their own. */
const scratch = Buffer.allocUnsafeSlow(96 * 1024);
const NOTHING = Buffer.alloc(0);

/**
 * The sending side of a socket with an ordered queue of what the kernel did not take yet. Whoever feeds it
 * stops reading from its own source when `send` says false and goes on when `drained` is called.
 */
export class Wire<Data> {
  readonly #queue: Buffer[] = [];
  #ending: "open" | "end" | "shutdown" | "reset" = "open";
  /** Called when the queue has become empty again. */
  drained: () => void = nothing;

  constructor(readonly socket: Socket<Data>) {}

  /** True: all of it is with the kernel. The bytes must not change afterwards. */
  send(bytes: Buffer): boolean {
    if (this.#ending !== "open") return true;
    if (this.#queue.length > 0) {
      this.#queue.push(bytes);
      return false;
    }
    const taken = this.socket.write(bytes);
    // -1: closed. The close event tells the owner.
    if (taken < 0 || taken === bytes.length) return true;
    this.#queue.push(bytes.subarray(taken));
    return false;
  }

  /** `text` as latin1 with the first `length` bytes of `body` behind it, in one write. */
  sendHead(text: string, body: Buffer = NOTHING, length = body.length): boolean {
    const total = text.length + length;
    if (this.#queue.length > 0 || this.#ending !== "open" || total > scratch.length) {
      return this.send(Buffer.concat([Buffer.from(text, "latin1"), body.subarray(0, length)]));
    }
    scratch.write(text, 0, "latin1");
    if (length > 0) body.copy(scratch, text.length, 0, length);
    const taken = this.socket.write(scratch, 0, total);
    if (taken < 0 || taken === total) return true;
    this.#queue.push(Buffer.from(scratch.subarray(taken, total)));
    return false;
  }

  get blocked(): boolean {
    return this.#queue.length > 0;
  }

  /** The socket's drain event. */
  flush(): void {
    if (this.#queue.length === 0) return;
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const taken = this.socket.write(first);
      if (taken < 0) {
        this.#queue.length = 0;
        return;
      }
      if (taken < first.length) {
        this.#queue[0] = first.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
    if (this.#ending === "open") this.drained();
    else this.#end();
  }

  /**
   * Closes after everything queued is out. "end": both directions. "shutdown": only ours, the peer may still
   * talk. "reset": with RST, for an answer whose only end mark is the close and that must not look complete.
   */
  finish(how: "end" | "shutdown" | "reset"): void {
    this.#ending = how;
    if (this.#queue.length === 0) this.#end();
  }

  /** Now, whatever is queued. */
  destroy(): void {
    this.#ending = "reset";
    this.#queue.length = 0;
    this.socket.terminate();
  }

  #end(): void {
    if (this.#ending === "shutdown") this.socket.shutdown();
    else if (this.#ending === "reset") this.socket.terminate();
    else this.socket.end();
  }
}

function nothing(): void {}
