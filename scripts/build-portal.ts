import { cp, mkdir, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const HEAD = "<!--portal:head-->";

/**
 * Bundles the browser app into `outDir`: index.html, icons, fonts, and under assets/ files whose names carry a hash of
 * their content, so that they may be cached for ever. Nothing in it names another host and no script is inline.
 */
export async function buildPortal(outDir: string): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const result = await Bun.build({
    entrypoints: [join(ROOT, "src/portal/main.tsx"), join(ROOT, "src/portal/boot.ts")],
    outdir: outDir,
    root: join(ROOT, "src/portal"),
    target: "browser",
    splitting: true,
    minify: true,
    publicPath: "/",
    // Bun would put the fonts into the style sheet as data: addresses, which the content security policy forbids.
    external: ["/fonts/*"],
    naming: {
      entry: "assets/[name]-[hash].[ext]",
      chunk: "assets/[name]-[hash].[ext]",
      asset: "assets/[name]-[hash].[ext]",
    },
    define: { "process.env.NODE_ENV": '"production"', "import.meta.env": "undefined" },
  });
  if (!result.success) throw new AggregateError(result.logs, "The portal could not be bundled.");

  const path = (name: string, ext: string) => {
    // Shared chunks may bear the name of an entry, so the kind is asked as well.
    const found = result.outputs.find(
      (o) =>
        (o.kind === "entry-point" || ext === "css") &&
        relative(outDir, o.path).match(`^assets/${name}-[^/]*\\.${ext}$`),
    );
    if (!found) throw new Error(`The bundle has no ${name}.${ext}.`);
    return `/${relative(outDir, found.path)}`;
  };
  const head = [
    `<script src="${path("boot", "js")}"></script>`,
    `<link rel="stylesheet" href="${path("main", "css")}">`,
    `<script type="module" src="${path("main", "js")}"></script>`,
  ].join("\n    ");
  const page = await Bun.file(join(ROOT, "static/index.html")).text();
  if (!page.includes(HEAD)) throw new Error(`static/index.html has no ${HEAD}.`);
  await Bun.write(
    join(outDir, "index.html"),
    page.replace(HEAD, () => head),
  );
  for (const folder of ["icons", "fonts"]) {
    await cp(join(ROOT, "static", folder), join(outDir, folder), { recursive: true });
  }
}

if (import.meta.main) {
  const outDir = resolve(process.argv[2] ?? join(ROOT, "dist/portal"));
  const start = performance.now();
  await buildPortal(outDir);
  console.error(`portal → ${relative(process.cwd(), outDir) || "."} in ${Math.round(performance.now() - start)} ms`);
}
