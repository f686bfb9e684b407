import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runBeside, runInside } from "../../os/cell.ts";
import type { Site } from "./build.ts";
import { type Advance, aptAdvance, bootstrapAdvance } from "./progress.ts";
import { bootstrapPackages, type Stage } from "./stages.ts";

interface Work {
  run(site: Site): Promise<void>;
  /** Reads progress out of a line of output. */
  advance(line: string): Advance | null;
}

const ENV = {
  HOME: "/root",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  DEBIAN_FRONTEND: "noninteractive",
  DEBCONF_NONINTERACTIVE_SEEN: "true",
};

/** Files that are there during a build only. */
const POLICY = "/usr/sbin/policy-rc.d";
const BUILD_SETTINGS = "/etc/apt/apt.conf.d/99docklet-build";

/** Only for the build: no sandbox user, as the pool is closed to it. */
const BUILD_OPTIONS = [
  'APT::Sandbox::User "root";',
  'Acquire::GzipIndexes "true";',
  'Acquire::Languages "none";',
  "",
].join("\n");

/** No fsync per file, as a snapshot ends the stage; and what docklet has put there is kept. */
const DPKG_OPTIONS = 'DPkg::Options { "--force-unsafe-io"; "--force-confold"; };\n';

const silent = () => null;

export const STAGE_WORK: Record<Exclude<Stage, "snapshot">, Work> = {
  bootstrap: { run: bootstrap, advance: bootstrapAdvance },
  packages: { run: install, advance: aptAdvance },
  files: { run: files, advance: silent },
  run: { run: commands, advance: silent },
  clean: { run: clean, advance: silent },
};

/** An image without a parent: a bare system out of the host's own apt sources. */
async function bootstrap({ inputs, apt, cell, signal, onLine }: Site): Promise<void> {
  const { recipe } = inputs;
  if (recipe.variant === undefined) return;
  const scratch = mkdtempSync(`${cell.base}/apt-`);
  try {
    writeFileSync(join(scratch, "apt.conf"), BUILD_OPTIONS + apt.buildSettings, { mode: 0o600 });
    const mirrors: string[] = [];
    for (const [path, text] of apt.sources) {
      const file = join(scratch, path.replaceAll("/", "_"));
      writeFileSync(file, text);
      mirrors.push(file);
    }
    const include = bootstrapPackages(inputs).flatMap((p) => ["--include", p]);
    await runBeside(
      cell,
      [
        ...[
          "mmdebstrap",
          "--mode=root",
          `--variant=${recipe.variant}`,
          "--format=directory",
          `--aptopt=${scratch}/apt.conf`,
          "--dpkgopt=force-unsafe-io",
        ],
        ...[...include, "", `${cell.base}/root`, ...mirrors],
      ],
      { env: ENV, signal, onLine },
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function install({ inputs, apt, cell, archives, tree, signal, onLine }: Site): Promise<void> {
  if (inputs.packages.length === 0 || bootstrapPackages(inputs).length > 0) return;
  tree.remove("/etc/apt/sources.list");
  tree.remove("/etc/apt/sources.list.d");
  for (const [path, text] of apt.sources) tree.write(path, text);
  for (const [path, content] of apt.rest) tree.write(path, content);
  tree.remove("/etc/apt/apt.conf.d/99mmdebstrap");
  tree.write(BUILD_SETTINGS, BUILD_OPTIONS + DPKG_OPTIONS + apt.buildSettings, 0o600);
  // Nothing that is installed may start on the host that builds.
  tree.write(POLICY, "#!/bin/sh\nexit 101\n", 0o755);
  tree.write("/etc/resolv.conf", await Bun.file("/etc/resolv.conf").text());
  const inside = (argv: string[]) => runInside({ ...cell, archives }, argv, { env: ENV, signal, onLine });
  await inside(["apt-get", "-q", "update"]);
  // Status on an fd of its own: apt marks it close-on-exec, and dpkg without stdout writes into its own lock file.
  await inside([
    ...[
      "apt-get",
      "-q",
      "-y",
      "--no-install-recommends",
      "-o",
      "APT::Status-Fd=3",
      "-o",
      "APT::Keep-Downloaded-Packages=true",
    ],
    ...["-o", "Dpkg::Use-Pty=0", "install", "--", ...inputs.packages],
  ]);
}

async function files({ inputs, tree }: Site): Promise<void> {
  for (const [path, file] of Object.entries(inputs.recipe.files ?? {})) {
    if (file.link !== undefined) tree.link(path, file.link);
    else tree.write(path, file.content ?? "", Number.parseInt(file.mode ?? "0644", 8));
  }
}

async function commands({ inputs, cell, signal, onLine }: Site): Promise<void> {
  for (const argv of inputs.recipe.run ?? []) {
    onLine(`+ ${argv.join(" ")}`);
    await runInside(cell, argv, { env: ENV, signal, onLine });
  }
}

/** What must not be the same in every node, belongs to the host, or was there for the build only. */
const LEFTOVERS = [
  ...[POLICY, BUILD_SETTINGS, "/etc/apt/apt.conf.d/99mmdebstrap", "/etc/dpkg/dpkg.cfg.d/99mmdebstrap"],
  ...[
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/var/lib/systemd/random-seed",
    "/etc/hostname",
    "/etc/resolv.conf",
  ],
  ...["ecdsa", "ed25519", "rsa", "dsa"].flatMap((k) => [
    `/etc/ssh/ssh_host_${k}_key`,
    `/etc/ssh/ssh_host_${k}_key.pub`,
  ]),
  ...[
    "/var/log/apt",
    "/var/log/dpkg.log",
    "/var/log/alternatives.log",
    "/var/log/bootstrap.log",
    "/var/log/fontconfig.log",
  ],
  ...[
    "/var/cache/apt/pkgcache.bin",
    "/var/cache/apt/srcpkgcache.bin",
    "/var/lib/apt/lists/lock",
    "/var/lib/apt/lists/partial",
  ],
  ...[
    "/var/cache/debconf/config.dat-old",
    "/var/cache/debconf/templates.dat-old",
    "/var/lib/dpkg/status-old",
    "/root/.cache",
  ],
];

async function clean({ tree }: Site): Promise<void> {
  for (const path of LEFTOVERS) tree.remove(path);
  // Device nodes: a node gets its few from LXC, and the image has none that it could fall back on.
  tree.remove("/dev");
  tree.folder("/dev");
  tree.remove("/tmp");
  tree.folder("/tmp", 0o1777);
  if (tree.has("/usr/bin/apt-get")) tree.folder("/var/log/apt");
  // Empty and there: a node that lacks it would call itself an unfinished first boot.
  tree.write("/etc/machine-id", "", 0o444);
}
