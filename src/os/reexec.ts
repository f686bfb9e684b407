import { isCompiled } from "./assets.ts";

const MAX_REQUESTS = "65535";
/** Missing in the type declarations. */
const { execve } = process as unknown as { execve(file: string, argv: string[], env: Record<string, string>): never };
/** Variables with which whoever starts us could change what the runtime itself does. */
const UNWANTED = ["BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT", "BUN_INSPECT_PRELOAD", "NODE_OPTIONS", "LD_PRELOAD"];

/**
 * The runtime allows 256 outgoing requests at a time unless this variable says more before the process starts;
 * a gateway with 257 open event streams would hang for ever. So the process replaces itself once: same pid,
 * so that whoever supervises it notices nothing. Returns when the environment is right already.
 */
export function reexecForServing(env: NodeJS.ProcessEnv = process.env): void {
  if (env.BUN_CONFIG_MAX_HTTP_REQUESTS !== undefined && UNWANTED.every((k) => env[k] === undefined)) return;
  const clean = Object.fromEntries(
    Object.entries(env).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && !UNWANTED.includes(pair[0]),
    ),
  );
  clean.BUN_CONFIG_MAX_HTTP_REQUESTS ??= MAX_REQUESTS;
  const script = isCompiled ? [] : [process.argv[1]!];
  execve.call(process, process.execPath, ["docklet", ...script, ...process.argv.slice(2)], clean);
}
