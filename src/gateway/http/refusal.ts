/** A request (or an upstream's answer) that the gateway does not pass on, as status and words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = "",
  ) {
    super(message);
    this.name = "Refusal";
  }
}

export const malformed = (message: string) =>
  new Refusal(400, "bad_request", message, "Send a well-formed HTTP/1.1 request.");

/** An upstream spoke something that is not HTTP/1.1 or that two readers could understand differently. */
export const garbled = (message: string) =>
  new Refusal(
    502,
    "bad_upstream",
    `The server in the node sent an answer that cannot be passed on: ${message}`,
    "Look at what listens on that port of the node.",
  );

export const upstreamClosed = () =>
  new Refusal(
    502,
    "upstream_closed",
    "The program in the node closed the connection without an answer.",
    "Look at its log, then try again.",
  );

export const upstreamSilent = () =>
  new Refusal(
    504,
    "upstream_timeout",
    "The program in the node did not answer in time.",
    "Look at what it is doing, then try again.",
  );

export const REASONS: Record<number, string> = {
  200: "OK",
  303: "See Other",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  417: "Expectation Failed",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};
