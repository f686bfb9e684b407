/** Runs a command to its end and answers its stdout; throws unless it succeeds. */
export async function command(argv: string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const child = Bun.spawn(argv, {
    stdin: options.input === undefined ? "ignore" : new TextEncoder().encode(options.input),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", ...options.env },
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${argv.join(" ")} exited with ${code}: ${(stderr || stdout).trim().slice(-2000)}`);
  return stdout;
}
