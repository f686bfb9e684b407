import { connect, createServer, type Server, type Socket } from "node:net";

/** A cable between a host and its master, on loopback, that can be cut or go dead in the middle of anything. */
export class Cable {
  /** Bytes from the host to the master, and back, since it was made. */
  up = 0;
  down = 0;
  /** Cuts every connection once so many bytes went through it, both ways counted; 0: never. */
  cutAfter = 0;
  #dead = false;
  readonly #pairs = new Set<[Socket, Socket]>();
  #server: Server | null = null;

  constructor(readonly to: { host: string; port: number }) {}

  async lay(): Promise<{ host: string; port: number }> {
    const server = createServer((near) => this.#join(near));
    this.#server = server;
    await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
    return { host: "127.0.0.1", port: (server.address() as { port: number }).port };
  }

  /** Both ends are told at once. */
  cut(): void {
    for (const pair of this.#pairs) for (const s of pair) s.destroy();
  }

  /** Nothing arrives any more, and nobody is told. */
  kill(): void {
    this.#dead = true;
    for (const pair of this.#pairs) for (const s of pair) s.pause();
  }

  /** New connections work; those that were there when it died stay dead. */
  mend(): void {
    this.#dead = false;
  }

  take(): void {
    this.cut();
    this.#server?.close();
  }

  #join(near: Socket): void {
    if (this.#dead) return void near.pause();
    const far = connect(this.to);
    const pair: [Socket, Socket] = [near, far];
    this.#pairs.add(pair);
    let sum = 0;
    const pipe = (from: Socket, to: Socket, count: (n: number) => void) => {
      from.on("data", (piece: Buffer) => {
        if (this.cutAfter > 0 && sum + piece.length > this.cutAfter) {
          to.write(piece.subarray(0, Math.max(0, this.cutAfter - sum)));
          for (const s of pair) s.destroy();
          return;
        }
        sum += piece.length;
        count(piece.length);
        if (!to.write(piece)) {
          from.pause();
          to.once("drain", () => {
            if (!this.#dead) from.resume();
          });
        }
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    };
    pipe(near, far, (n) => {
      this.up += n;
    });
    pipe(far, near, (n) => {
      this.down += n;
    });
  }
}
