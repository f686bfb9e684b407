import { DockletError } from "../../lib/errors.ts";

/** No JSON that this API takes is larger; recipes of images come nearest. */
export const BODY_LIMIT = 1024 * 1024;

const tooLarge = () =>
  new DockletError("too_large", "The body of the request is larger than 1 MiB.", "Send less at once.");

/** The body as text, never reading more than the limit. */
export async function readBody(request: Request): Promise<string> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > BODY_LIMIT) throw tooLarge();
  if (!request.body) return "";
  if (declared !== null) return await request.text();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > BODY_LIMIT) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** An empty body is an empty object: where everything has a default, nothing has to be sent. */
export function parseJson(text: string, contentType: string | null): unknown {
  if (text === "") return {};
  const type = (contentType ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json" && !/^application\/[a-z0-9.-]+\+json$/.test(type)) {
    throw new DockletError(
      "bad_request",
      "The body must be JSON.",
      "Send it with the header Content-Type: application/json.",
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DockletError("bad_request", "The body is not valid JSON.", "Check quotes, commas and brackets.");
  }
}
