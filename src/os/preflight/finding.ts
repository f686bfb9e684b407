/** What one check of the host found. `need` and `remedy` are written for the person who has to act. */
export interface Finding {
  name: string;
  status: "ok" | "info" | "warn" | "fail";
  found: string;
  need: string;
  remedy: string;
  /** What `docklet doctor --fix` can do about it. */
  fix?: Fix;
}

/** A repair as data, so that checks stay pure and a plan can be shown before it is carried out. */
export type Fix = { kind: "sysctl"; key: string; value: number } | { kind: "module"; module: string };

export const ok = (name: string, found: string, need = ""): Finding => ({
  name,
  status: "ok",
  found,
  need,
  remedy: "",
});

export const info = (name: string, found: string): Finding => ({ name, status: "info", found, need: "", remedy: "" });

export const bad = (
  status: "warn" | "fail",
  name: string,
  found: string,
  need: string,
  remedy: string,
  fix?: Fix,
): Finding => ({ name, status, found, need, remedy, ...(fix ? { fix } : {}) });

/** The worst status decides the exit code. */
export const failed = (findings: Finding[]): boolean => findings.some((f) => f.status === "fail");
