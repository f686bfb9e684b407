import type { Cause } from "../../contracts/master.ts";
import { Labels } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { describeLabels } from "../placement/labels.ts";

export interface HostSetting {
  cordoned: boolean;
  labels: Labels;
}

const NONE: HostSetting = { cordoned: false, labels: {} };

/** What admins set for hosts: rows, and a copy of them in memory that is as new as the last commit. */
export class HostSettings {
  readonly #all = new Map<string, HostSetting>();

  load(db: Reader): void {
    for (const r of db.all<{ name: string; cordoned: number; labels: string }>("SELECT * FROM host_settings")) {
      const labels = Labels.safeParse(JSON.parse(r.labels));
      this.#all.set(r.name, { cordoned: r.cordoned !== 0, labels: labels.success ? labels.data : {} });
    }
  }

  of(name: string): HostSetting {
    return this.#all.get(name) ?? NONE;
  }

  /** Writes what is given and tells it in the history. What is so already is no news. */
  set(c: Change, name: string, more: { cordoned?: boolean | undefined; labels?: Labels | undefined }, by: Cause): void {
    const old = this.of(name);
    const now = { cordoned: more.cordoned ?? old.cordoned, labels: more.labels ?? old.labels };
    c.tx.run(
      "INSERT INTO host_settings (name, cordoned, labels) VALUES ($name, $cordoned, $labels) ON CONFLICT (name) DO UPDATE SET cordoned = $cordoned, labels = $labels",
      { name, cordoned: now.cordoned ? 1 : 0, labels: JSON.stringify(now.labels) },
    );
    c.tx.afterCommit(() => this.#all.set(name, now));
    const tell = (action: string, message: string) =>
      c.event({
        actor: by.actor,
        action,
        object: name,
        owner: null,
        result: "ok",
        message,
        requestId: by.requestId,
      });
    if (now.cordoned !== old.cordoned) {
      tell(now.cordoned ? "host.cordon" : "host.uncordon", now.cordoned ? "nothing new is placed on it" : "");
    }
    const [before, after] = [describeLabels(old.labels), describeLabels(now.labels)];
    if (before !== after) tell("host.label", after === "" ? "no labels" : after);
  }

  /** They end with the host. */
  drop(c: Change, name: string): void {
    c.tx.run("DELETE FROM host_settings WHERE name = $name", { name });
    c.tx.afterCommit(() => this.#all.delete(name));
  }
}
