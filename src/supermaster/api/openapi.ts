import { z } from "zod";
import * as contracts from "../../contracts/public/index.ts";
import { type Action, Problem, type Route } from "../../contracts/public/index.ts";
import { RULES } from "../accounts/policy.ts";
import { API, ROUTES } from "./route-match.ts";

type Json = Record<string, unknown>;

export interface OpenApi {
  openapi: string;
  info: Json;
  servers: Json[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Json[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: Json }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
}

/** Schemas that the contracts export get a name, and stand once in the document. */
const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(contracts)) {
  if (schema instanceof z.ZodType) named.add(schema, { id });
}

const schemas: Record<string, Json> = {};

function schemaOf(type: z.ZodType): Json {
  const made = z.toJSONSchema(type, { io: "input", unrepresentable: "any", metadata: named }) as Json;
  const { $schema: _, $defs, ...schema } = made;
  for (const [id, def] of Object.entries(($defs ?? {}) as Record<string, Json>)) schemas[id] = relink(def) as Json;
  const linked = relink(schema) as Json;
  const id = named.get(type)?.id;
  if (id === undefined) return linked;
  schemas[id] = linked;
  return { $ref: `#/components/schemas/${id}` };
}

/** `#/$defs/X` becomes a reference into the document. */
function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([k]) => k !== "id")
      .map(([k, v]) => [k, k === "$ref" ? String(v).replace("#/$defs/", "#/components/schemas/") : relink(v)]),
  );
}

function parameters(where: "path" | "query", type: z.ZodType | undefined): Operation["parameters"] {
  if (!type) return [];
  const schema = z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, s]) => ({
    name,
    in: where,
    required: where === "path" || (schema.required ?? []).includes(name),
    ...(typeof s.description === "string" ? { description: s.description } : {}),
    schema: relink(s) as Json,
  }));
}

const WHO = {
  anyone: "Anyone.",
  signedIn: "Everyone who is logged in.",
  owner: "The owner, and admins.",
  admin: "Admins.",
} as const;

function whoMay(action: Action): string {
  const rule = RULES[action];
  const scope = rule.who === "anyone" ? "" : ` API tokens need the scope \`${rule.scope}\`.`;
  return `${WHO[rule.who]}${scope}`;
}

function operation(name: string, route: Route): Operation {
  const problem = (description: string) => ({
    description,
    content: { "application/problem+json": { schema: schemaOf(Problem) } },
  });
  const status = String(
    route.stream === "websocket" ? 101 : (route.status ?? (route.response ? 200 : route.stream ? 200 : 204)),
  );
  const json = route.response && { content: { "application/json": { schema: schemaOf(route.response) } } };
  const stream = route.stream === "sse" && { content: { "text/event-stream": { schema: { type: "string" } } } };
  return {
    operationId: name,
    summary: route.summary,
    description: whoMay(route.action),
    tags: [route.path.split("/")[1]!],
    security: route.action === "public" ? [] : [{ session: [] }, { token: [] }],
    parameters: [
      ...parameters("path", route.params),
      ...parameters("query", route.query),
      ...(route.method === "POST" && route.action !== "public"
        ? [{ name: "Idempotency-Key", in: "header", required: false, schema: { type: "string", maxLength: 200 } }]
        : []),
    ],
    ...(route.body
      ? { requestBody: { required: true, content: { "application/json": { schema: schemaOf(route.body) } } } }
      : {}),
    responses: {
      [status]: { description: route.summary, ...(json || {}), ...(stream || {}) },
      "4XX": problem("What was wrong with the request, and what to do"),
      "5XX": problem("What went wrong here"),
    },
  };
}

let made: OpenApi | null = null;

/** The whole API as OpenAPI 3.1, from the same table that is served. */
export function openApi(version: string): OpenApi {
  if (made) return made;
  const paths: OpenApi["paths"] = {};
  for (const [name, route] of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  made = {
    openapi: "3.1.0",
    info: {
      title: "docklet",
      version,
      description:
        "Private virtual clusters of real Linux nodes. Log in with a session cookie (writes then need the header X-CSRF-Token) or with an API token as Bearer.",
    },
    servers: [{ url: API }],
    tags: [...new Set(ROUTES.map(([, r]) => r.path.split("/")[1]!))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "dk_session" },
        token: { type: "http", scheme: "bearer" },
      },
    },
  };
  return made;
}
