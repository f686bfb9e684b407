import type { Report } from "../contracts/worker.ts";
import type { Change } from "./change.ts";
import type { News } from "./hosts/inbox.ts";
import { isKept } from "./losses/anew.ts";
import { place, rejoin } from "./networks/underlay.ts";
import { observe } from "./vclusters/observe.ts";
import type { Wing } from "./wing.ts";

/** Takes in what hosts report: what lasts in one write, what passes only to those who watch. */
export class Hearing {
  constructor(
    private readonly wing: Wing,
    private readonly parts: {
      /** Host that is the gateway of all nodes; null: each its own. */
      gateway: string | null;
      /** An image came to be, or is gone: hosts may lack it now. */
      equip: () => void;
    },
  ) {}

  take(batch: News[]): void {
    if (!this.wing.running) return;
    const stuck: { vcluster: string; host: string }[] = [];
    const lasting = batch.filter((n) => !("report" in n) || !this.#passing(n.host, n.report));
    if (lasting.length > 0) {
      this.wing.commit((c) => {
        for (const news of lasting) {
          if ("vcluster" in news) c.looked.add(news.vcluster);
          else this.#hear(c, news.host, news.report, stuck);
        }
      });
    }
    for (const s of stuck) this.wing.delivery.later(s.vcluster, s.host);
    if (batch.some((n) => "report" in n && (n.report.type === "image" || n.report.type === "build")))
      this.parts.equip();
  }

  /** What is shown but not kept. true: nothing is left to write down. */
  #passing(host: string, r: Report): boolean {
    if (r.type === "sample") {
      const node = this.wing.directory.node(r.node);
      if (node && node.vcluster === r.vcluster) {
        this.wing.frames.emit({
          type: "metrics",
          data: { vcluster: node.vcluster, node: node.name, sample: r.sample },
        });
      }
      return true;
    }
    if (r.type === "host") {
      const lasting = this.wing.hosts.heard(host, r);
      this.wing.history.heard(host, r.used, this.wing.deps.clock.now());
      // Who has nothing shared neither shows nor makes it so that all have the same.
      if (r.shared.type !== null) this.wing.homes.shared.heard();
      this.wing.showHost(host);
      return !lasting;
    }
    if (r.type === "image") {
      const lasting = this.wing.images.heard(host, r);
      if (lasting) this.wing.showHost(host);
      this.wing.frames.pulse(`image/${r.name}`, () => {
        const data = this.wing.images.one(this.wing.store, r.name);
        return data && { type: "image", data };
      });
      return !lasting;
    }
    return false;
  }

  #hear(c: Change, host: string, r: Report, stuck: { vcluster: string; host: string }[]): void {
    // What is left on a host that was removed is only gone when the host is back and says so.
    if (r.type === "node" && this.wing.hosts.isRemoved(host) && isKept(c.tx, r.id, host)) return;
    if (r.type === "node" && observe(c, host, r, this.wing.log) === "stuck") stuck.push({ vcluster: r.vcluster, host });
    else if (r.type === "host") {
      const before = place(c.tx, host);
      this.wing.hosts.write(c, host);
      rejoin(c, host, before, this.parts.gateway);
    } else if (r.type === "image") this.wing.images.write(c, host, r);
    else if (r.type === "build") this.wing.builds.heard(c, host, r);
    else if (r.type === "loss") this.wing.losses.heard(c, host, r);
  }
}
