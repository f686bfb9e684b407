import { z } from "zod";
import { Page, Time } from "./names.ts";

export const Step = z.object({
  name: z.string(),
  state: z.enum(["waiting", "running", "done", "failed", "cancelled"]),
  /** 0 to 1, or null when it cannot be told. */
  progress: z.number().nullable(),
  message: z.string().nullable(),
});
export type Step = z.infer<typeof Step>;

export const Operation = z.object({
  id: z.string(),
  kind: z.enum([
    "vcluster.create",
    "vcluster.start",
    "vcluster.stop",
    "vcluster.delete",
    "vcluster.scale",
    "vcluster.move",
    "host.drain",
    "image.build",
    "image.delete",
  ]),
  owner: z.string(),
  /** Name of the vcluster, image or host. */
  object: z.string(),
  state: z.enum(["running", "done", "failed", "cancelling", "cancelled"]),
  steps: z.array(Step),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  cancellable: z.boolean(),
  startedAt: Time,
  endedAt: Time.nullable(),
});
export type Operation = z.infer<typeof Operation>;
export const OperationList = z.object({ items: z.array(Operation), next: z.string().nullable() });
export const OperationQuery = Page.extend({
  object: z.string().max(64).optional(),
  /** Not z.coerce.boolean: that takes the text "false" for true. */
  active: z
    .preprocess((v) => (v === "true" || v === "1" ? true : v === "false" || v === "0" ? false : v), z.boolean())
    .optional(),
});

/** One line of history: who did what to what, and what came of it. */
export const Event = z.object({
  id: z.string().describe("cursor"),
  at: Time,
  actor: z.string(),
  action: z.string().describe("for example vcluster.create"),
  object: z.string(),
  owner: z.string().nullable(),
  result: z.enum(["ok", "failed", "denied", "info"]),
  message: z.string(),
  requestId: z.string().nullable(),
});
export type Event = z.infer<typeof Event>;
export const EventList = z.object({ items: z.array(Event), next: z.string().nullable() });
export const EventQuery = Page.extend({ object: z.string().max(64).optional(), owner: z.string().max(64).optional() });
