import type { Flags } from "./command.ts";

export const ownerFlag = {
  owner: { type: "string", value: "NAME", doc: "whose it is, if not mine (admins)" },
} as const satisfies Flags;

export function ownerQuery(flags: { owner: string | undefined }): { owner?: string } {
  return flags.owner === undefined ? {} : { owner: flags.owner };
}
