import { opened, type Visit } from "./workspace-visit.ts";

interface Message {
  channel: string;
  header: { msg_type: string };
  parent_header: { msg_id?: string };
  // biome-ignore lint/suspicious/noExplicitAny: each type of message has a content of its own
  content: any;
}

export interface Ran {
  status: "ok" | "error";
  ename: string | null;
  stdout: string;
  /** Text of the last expression. */
  result: string | null;
  /** Types of what was displayed. */
  displayed: string[];
  /** Answers to `user_expressions`. */
  expressions: Record<string, string>;
}

/** A client of one kernel, in the words of the Jupyter messaging protocol 5.3. */
export class Kernel {
  readonly #session = crypto.randomUUID();
  readonly #waiting = new Map<string, (m: Message) => void>();
  socket!: WebSocket;

  private constructor(
    private readonly visit: Visit,
    readonly id: string,
  ) {}

  static async start(visit: Visit): Promise<Kernel> {
    const answer = await visit.fetch("/api/kernels", {
      method: "POST",
      body: JSON.stringify({ name: "python3" }),
      headers: { "content-type": "application/json" },
    });
    if (answer.status !== 201) throw new Error(`no kernel: ${answer.status} ${await answer.text()}`);
    const kernel = new Kernel(visit, ((await answer.json()) as { id: string }).id);
    kernel.socket = visit.socket(`/api/kernels/${kernel.id}/channels?session_id=${kernel.#session}`);
    kernel.socket.addEventListener("message", (e) => {
      const message = JSON.parse(String(e.data)) as Message;
      kernel.#waiting.get(message.parent_header.msg_id ?? "")?.(message);
    });
    await opened(kernel.socket);
    return kernel;
  }

  /** Runs code as a notebook cell does; resolves when the kernel is idle again. */
  run(code: string, expressions: Record<string, string> = {}): Promise<Ran> {
    const id = crypto.randomUUID();
    const ran: Ran = { status: "ok", ename: null, stdout: "", result: null, displayed: [], expressions: {} };
    return new Promise((resolve, reject) => {
      let replied = false;
      let idle = false;
      this.socket.addEventListener("close", () => reject(new Error("the kernel's socket closed")), { once: true });
      this.#waiting.set(id, ({ header, content }) => {
        if (header.msg_type === "stream") ran.stdout += content.text;
        else if (header.msg_type === "execute_result") ran.result = content.data["text/plain"];
        else if (header.msg_type === "display_data") ran.displayed.push(...Object.keys(content.data));
        else if (header.msg_type === "status") idle ||= content.execution_state === "idle";
        else if (header.msg_type === "execute_reply") {
          replied = true;
          ran.status = content.status;
          ran.ename = content.ename ?? null;
          for (const [key, value] of Object.entries(content.user_expressions ?? {}))
            ran.expressions[key] = (value as { data: Record<string, string> }).data["text/plain"]!;
        }
        if (!replied || !idle) return;
        this.#waiting.delete(id);
        resolve(ran);
      });
      this.socket.send(
        JSON.stringify({
          channel: "shell",
          header: {
            msg_id: id,
            msg_type: "execute_request",
            session: this.#session,
            username: "test",
            version: "5.3",
            date: new Date().toISOString(),
          },
          parent_header: {},
          metadata: {},
          content: { code, silent: false, store_history: true, user_expressions: expressions, allow_stdin: false },
          buffers: [],
        }),
      );
    });
  }

  async interrupt(): Promise<number> {
    return (await this.visit.fetch(`/api/kernels/${this.id}/interrupt`, { method: "POST" })).status;
  }

  async end(): Promise<void> {
    this.socket.close();
    await this.visit.fetch(`/api/kernels/${this.id}`, { method: "DELETE" });
  }
}
