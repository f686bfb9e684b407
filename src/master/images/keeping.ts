import type { Cause } from "../../contracts/master.ts";
import type { Image } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Wing } from "../wing.ts";

function known(wing: Wing, name: string): Image {
  const image = wing.images.one(wing.store, name);
  if (image) return image;
  throw new DockletError("not_found", `There is no image named ${name.slice(0, 40)}.`, "See the list of images.");
}

/** How many warm nodes of an image each host keeps. Written down, so that hosts that are away learn of it later. */
export async function patchImage(wing: Wing, r: Cause & { name: string; warm: number }): Promise<Image> {
  if (!Number.isInteger(r.warm) || r.warm < 0 || r.warm > 200) {
    throw new DockletError("invalid", "A warm pool has 0 to 200 nodes.", "Ask for a number in this range.");
  }
  known(wing, r.name);
  wing.commit((c) => {
    c.tx.run(
      "INSERT INTO warm_wants (image, warm) VALUES ($name, $warm) ON CONFLICT (image) DO UPDATE SET warm = $warm",
      { name: r.name, warm: r.warm },
    );
    c.event({
      actor: r.actor,
      action: "image.warm",
      object: r.name,
      owner: null,
      result: "ok",
      message: `${r.warm} warm nodes on each host`,
      requestId: r.requestId,
    });
  });
  await Promise.all(wing.hosts.connected().map(([, worker]) => worker.setWarm(r.name, r.warm)));
  const image = known(wing, r.name);
  const hosts = wing.images.hosts(r.name).length;
  return { ...image, warm: { ...image.warm, want: r.warm * hosts } };
}

/** Removes the layer from every host that has it; refused while anything stands on it. */
export async function deleteImage(wing: Wing, r: Cause & { name: string }): Promise<void> {
  const image = known(wing, r.name);
  if (image.operation !== null) {
    throw new DockletError("conflict", `${r.name} is being built.`, "Cancel the build first, or wait.");
  }
  const users = wing.store.all<{ name: string; owner: string }>(
    "SELECT v.name, o.name AS owner FROM vclusters v JOIN owners o ON o.id = v.owner_id WHERE v.image = $name ORDER BY v.seq LIMIT 6",
    { name: r.name },
  );
  const children = wing.images.children(r.name);
  if (users.length > 0 || children.length > 0) {
    const who = [...users.map((u) => `${u.owner}/${u.name}`), ...children.map((c) => `image ${c}`)].join(", ");
    throw new DockletError("conflict", `${r.name} is used by ${who}.`, "Delete these first.");
  }
  const hosts = wing.images.hosts(r.name).filter(([, report]) => report.state !== "absent");
  for (const [host] of hosts) wing.hosts.needed(host);
  wing.images.leaving.add(r.name);
  try {
    await wing.fetches.cancelAll(r.name);
    for (const [host] of hosts) {
      await wing.hosts.needed(host).deleteImage(r.name);
      wing.images.removed(host, r.name);
    }
  } finally {
    wing.images.leaving.delete(r.name);
  }
  wing.commit((c) => {
    c.event({
      actor: r.actor,
      action: "image.delete",
      object: r.name,
      owner: null,
      result: "ok",
      message: hosts.length > 0 ? `removed from ${hosts.map(([h]) => h).join(", ")}` : "was on no host",
      requestId: r.requestId,
    });
    c.images.add(r.name);
  });
}
