import type { Decision } from "../../contracts/gateway.ts";
import { randomName } from "../../lib/ids.ts";
import type { RequestHead } from "./head-parser.ts";
import { pageHeaders, renderPage } from "./pages.ts";
import { REASONS, type Refusal } from "./refusal.ts";

/** An answer of the gateway itself, before it is known whether a person or a program reads it. */
export interface OwnAnswer {
  status: number;
  code: string;
  title: string;
  message: string;
  hint: string;
  link: { href: string; text: string } | null;
  waiting: boolean;
  /** Further header lines, each with its CRLF. */
  headers: string;
}

/** A person's browser going to a page, as opposed to a script or a program that wants data. */
export function isNavigation(head: RequestHead): boolean {
  if (head.method !== "GET" && head.method !== "HEAD") return false;
  return head.fetchMode === null ? /text\/html/i.test(head.accept) : head.fetchMode === "navigate";
}

/** The bytes of an answer, as a page or as a problem document. `head` null: the request could not be read. */
export function writeAnswer(
  answer: OwnAnswer,
  head: RequestHead | null,
  close: boolean,
): { bytes: Buffer; requestId: string } {
  const requestId = randomName(12);
  const page = head !== null && isNavigation(head);
  const { status, title, message, hint } = answer;
  const body = page
    ? renderPage({ title, message, hint, link: answer.link, waiting: answer.waiting, requestId })
    : `${JSON.stringify({ type: "about:blank", title: REASONS[status] ?? title, status, code: answer.code, message, hint, requestId })}\n`;
  const type = page ? pageHeaders() : "Content-Type: application/problem+json\r\n";
  return { bytes: frame(status, type + answer.headers, body, head, close, requestId), requestId };
}

export function writeRedirect(
  status: 303 | 308,
  location: string,
  headers: string,
  head: RequestHead,
  close: boolean,
): Buffer {
  return frame(status, `Location: ${location}\r\n${headers}`, "", head, close, randomName(12));
}

function frame(
  status: number,
  headers: string,
  body: string,
  head: RequestHead | null,
  close: boolean,
  id: string,
): Buffer {
  const bytes = Buffer.from(body);
  const top =
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\nDate: ${new Date().toUTCString()}\r\nContent-Length: ${bytes.length}\r\n` +
    `Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Request-Id: ${id}\r\n` +
    `${headers}${close ? "Connection: close\r\n" : ""}\r\n`;
  const start = Buffer.from(top, "latin1");
  return head?.method === "HEAD" ? start : Buffer.concat([start, bytes]);
}

const TITLES: Record<number, string> = {
  404: "Not here",
  403: "Not allowed",
  502: "The program in your node does not answer",
  504: "Your node takes too long",
};

export function refused(refusal: Refusal, portalUrl: string): OwnAnswer {
  const { status, code, message, hint } = refusal;
  const title = TITLES[status] ?? REASONS[status] ?? "This did not work";
  const headers = status === 502 || status === 504 ? "Retry-After: 2\r\n" : "";
  return { status, code, title, message, hint, link: toPortal(portalUrl), waiting: false, headers };
}

type Stopped = Extract<Decision, { kind: "wait" | "down" }>;

export function notReady(decision: Stopped, portalUrl: string): OwnAnswer {
  const what = `${decision.vcluster}/${decision.node}`;
  const because = decision.reason === null ? "" : `: ${decision.reason}`;
  if (decision.kind === "wait") {
    return {
      status: 503,
      code: "starting",
      title: "Your workspace is on its way",
      message: `${what} is ${decision.state}${because}`,
      hint: "This page opens it as soon as it is there.",
      link: toPortal(portalUrl),
      waiting: true,
      headers: "Retry-After: 1\r\nX-Docklet-State: wait\r\n",
    };
  }
  return {
    status: 503,
    code: "not_running",
    title: "This workspace is not running",
    message: `${what} is ${decision.state}${because}`,
    hint: "Start it in the portal, then open it again.",
    link: toPortal(portalUrl),
    waiting: false,
    headers: "Retry-After: 30\r\nX-Docklet-State: down\r\n",
  };
}

function toPortal(portalUrl: string): { href: string; text: string } {
  return { href: portalUrl, text: "Go to the portal" };
}
