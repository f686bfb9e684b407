import { flagName, NAMES } from "../config/load.ts";
import { type Setting, settings } from "../config/schema.ts";
import type { Flags } from "./command.ts";

/** Every setting as a flag, for commands that take the configuration. */
export const SETTING_FLAGS: Flags = {
  config: { type: "string", value: "FILE", doc: "configuration file; default: /etc/docklet/docklet.conf" },
  ...Object.fromEntries(
    NAMES.map((name) => {
      const s = (settings as Record<string, Setting>)[name];
      return [flagName(name), { type: "string" as const, value: "VALUE", doc: s?.doc ?? `same as its other name` }];
    }),
  ),
};

/** The settings among parsed flags, as loadConfig wants them. */
export function settingsAmong(flags: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    NAMES.map(flagName).flatMap((flag) => {
      const value = flags[flag];
      return typeof value === "string" ? [[flag, value]] : [];
    }),
  );
}
