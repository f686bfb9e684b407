import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Node, SETUP_MS, Stage, TEST_MS } from "./stage.ts";
import { type Call, runProgram } from "./syscall-program.ts";

/** System calls that a node's root may not make, whichever way it makes them. Numbers are those of x86. */
const EPERM = 1;
const EBADF = 9;
const EFAULT = 14;
const EINVAL = 22;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

let stage: Stage;
let red: Node;

beforeAll(async () => {
  stage = await Stage.set();
  red = await stage.node(stage.alice, "red");
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

/** The errno of each. */
async function errnos<K extends string>(programs: Record<K, Call[]>, data = ""): Promise<Record<K, number>> {
  const scripts = Object.fromEntries(
    Object.entries<Call[]>(programs).map(([name, calls]) => [name, runProgram(calls, data)]),
  ) as Record<K, string>;
  const r = await stage.tries(red, scripts);
  return Object.fromEntries(Object.entries<{ code: number }>(r).map(([k, x]) => [k, x.code])) as Record<K, number>;
}

test(
  "programs of this kind do run: getpid works, close of a wrong descriptor does not, both ways",
  async () => {
    expect(
      await errnos(
        {
          getpid: [{ nr: 39 }],
          getpid32: [{ nr: 20, compat: true }],
          close: [{ nr: 3, args: [99] }],
          close32: [{ nr: 6, args: [99], compat: true }],
          openClose: [
            { nr: 2, args: ["data"] },
            { nr: 3, args: ["last"] },
          ],
          missing: [{ nr: 2, args: [0] }],
        },
        "/etc/passwd",
      ),
    ).toEqual({ getpid: 0, getpid32: 0, close: EBADF, close32: EBADF, openClose: 0, missing: EFAULT });
  },
  TEST_MS,
);

test(
  "keyrings, bpf, io_uring, perf and userfaultfd do not exist",
  async () => {
    const all = {
      keyctl: [{ nr: 250, args: [0, -3n] }],
      add_key: [{ nr: 248 }],
      request_key: [{ nr: 249 }],
      bpf: [{ nr: 321 }],
      io_uring_setup: [{ nr: 425, args: [1, "data"] }],
      io_uring_enter: [{ nr: 426 }],
      io_uring_register: [{ nr: 427 }],
      perf_event_open: [{ nr: 298 }],
      userfaultfd: [{ nr: 323, args: [1] }],
      keyctl32: [{ nr: 288, args: [0, -3n], compat: true }],
      bpf32: [{ nr: 357, compat: true }],
      io_uring32: [{ nr: 425, args: [1, "data"], compat: true }],
      perf32: [{ nr: 336, compat: true }],
      userfaultfd32: [{ nr: 374, args: [1], compat: true }],
    } satisfies Record<string, Call[]>;
    const r = await errnos(all, "x".repeat(200));
    expect(Object.entries(r).filter(([, errno]) => errno !== ENOSYS)).toEqual([]);
  },
  TEST_MS,
);

test(
  "no kernel is loaded, no module, no file opened by its handle, no log of the kernel read, no swap set",
  async () => {
    const r = await errnos(
      {
        init_module: [{ nr: 175, args: ["data", 4, "data"] }],
        finit_module: [{ nr: 313, args: [0, "data"] }],
        delete_module: [{ nr: 176, args: ["data"] }],
        kexec_load: [{ nr: 246 }],
        kexec_file_load: [{ nr: 320 }],
        open_by_handle_at: [{ nr: 304, args: [-100, "data"] }],
        syslog_read: [{ nr: 103, args: [3, "data", 100] }],
        syslog_size: [{ nr: 103, args: [10] }],
        syslog32: [{ nr: 103, args: [10], compat: true }],
        swapon: [{ nr: 167, args: ["data"] }],
        acct: [{ nr: 163, args: ["data"] }],
        iopl: [{ nr: 172, args: [3] }],
        quotactl: [{ nr: 179, args: [0x80000200n, "data"] }],
        init_module32: [{ nr: 128, args: ["data", 4, "data"], compat: true }],
        open_by_handle32: [{ nr: 342, args: [-100], compat: true }],
      },
      "/etc/passwd",
    );
    // With arguments that make no sense the kernel may find another reason first; never may it work.
    expect(Object.entries(r).filter(([, errno]) => errno === 0)).toEqual([]);
    for (const call of ["init_module", "finit_module", "delete_module", "kexec_load", "open_by_handle_at"] as const)
      expect([call, r[call]]).toEqual([call, EPERM]);
    for (const call of ["syslog_read", "syslog_size", "syslog32"] as const)
      expect([call, r[call]]).toEqual([call, EPERM]);
    expect([r.init_module32, r.open_by_handle32]).toEqual([EPERM, EPERM]);
  },
  TEST_MS,
);

test(
  "sockets that know no network namespace are not to be had, also with a number that only looks different",
  async () => {
    const VSOCK = 40;
    const r = await errnos({
      vsock: [{ nr: 41, args: [VSOCK, 1] }],
      vsockHigh: [{ nr: 41, args: [0x1_0000_0000n + BigInt(VSOCK), 1] }],
      inet: [{ nr: 41, args: [2, 1] }],
      inet32: [{ nr: 359, args: [2, 1], compat: true }],
      packet: [{ nr: 41, args: [17, 3] }],
    });
    expect(r).toEqual({
      vsock: EAFNOSUPPORT,
      vsockHigh: EAFNOSUPPORT,
      inet: 0,
      inet32: 0,
      // tcpdump and ping are a cluster user's tools; spoofing is stopped on the host's side.
      packet: 0,
    });
  },
  TEST_MS,
);

test(
  "no subvolume can be made in ~/nfs: it would have no quota",
  async () => {
    const SUBVOL_CREATE = 0x5000940e;
    const SNAP_CREATE = 0x50009401;
    const SUBVOL_CREATE_V2 = 0x50009418;
    const SNAP_CREATE_V2 = 0x50009417;
    // struct btrfs_ioctl_vol_args: fd of the source, then the new name. The path to open lies at the same place.
    const make = (request: number | bigint, compat = false): Call[] => [
      { nr: compat ? 5 : 2, args: ["data"], compat },
      { nr: compat ? 54 : 16, args: ["last", request, "data"], compat },
    ];
    const programs = {
      create: make(SUBVOL_CREATE),
      createHigh: make(0xabc_0000_0000n + BigInt(SUBVOL_CREATE)),
      snapshot: make(SNAP_CREATE),
      createV2: make(SUBVOL_CREATE_V2),
      snapshotV2: make(SNAP_CREATE_V2),
    };
    const r = await errnos(programs, "/root/nfs");
    expect(Object.entries(r).filter(([, errno]) => errno !== EPERM)).toEqual([]);
    // The same calls go through to btrfs with a request that is not filtered.
    expect((await errnos({ info: make(0x8400941fn) }, "/root/nfs")).info).not.toBe(EPERM);
    // By the 32-bit way the descriptor goes in ebx, so it is given by number: no file at all is open there.
    const compat = await errnos({
      create32: [{ nr: 54, args: [0, SUBVOL_CREATE, 0], compat: true }],
      other32: [{ nr: 54, args: [99, 0x5401, 0], compat: true }],
    });
    expect(compat).toEqual({ create32: EPERM, other32: EBADF });
    expect((await stage.sh(red, "ls -A /root/nfs")).out).toBe(".docklet\n");
  },
  TEST_MS,
);

test(
  "the filter stays on over a new namespace, a new program and a new listener of one's own",
  async () => {
    const r = await stage.tries(red, {
      userns: `unshare -U -r sh -c '${runProgram([{ nr: 250, args: [0, -3n] }])}'`,
      mounts: `unshare -m sh -c '${runProgram([{ nr: 321 }])}'`,
      status: "grep Seccomp: /proc/self/status | tr -d '\\t'",
    });
    expect(r.userns.code).toBe(ENOSYS);
    expect(r.mounts.code).toBe(ENOSYS);
    expect(r.status.out).toBe("Seccomp:2");
    expect(await errnos({ badSeccomp: [{ nr: 317, args: [99] }] })).toEqual({ badSeccomp: EINVAL });
  },
  TEST_MS,
);
