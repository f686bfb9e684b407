import { runCli } from "./cli/run.ts";
import { sinkOf } from "./cli/sink.ts";

const code = await runCli(process.argv.slice(2), {
  stdout: sinkOf(1),
  stderr: sinkOf(2),
  env: process.env,
  isRoot: process.getuid?.() === 0,
});
process.exit(code);
