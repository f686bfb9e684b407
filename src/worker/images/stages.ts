import { createHash } from "node:crypto";
import type { Recipe } from "../../contracts/public/system.ts";

/** The stages of a build, in order. All but the last leave a snapshot from which an interrupted build goes on. */
export const STAGES = ["bootstrap", "packages", "files", "run", "clean", "snapshot"] as const;
export type Stage = (typeof STAGES)[number];

/** Raised when a stage does something else for the same inputs. */
const BUILDER = 3;

export interface Inputs {
  recipe: Recipe;
  /** The recipe's packages as this host calls them. */
  packages: string[];
  /** Digest of the apt sources. */
  sources: string;
  /** Ids of the layers below, topmost first. */
  parents: string[];
}

/** A hash per stage over everything that went into it and into the stages before. */
export function stageHashes(inputs: Inputs): Record<Stage, string> {
  const { recipe, packages, sources, parents } = inputs;
  const own: Record<Stage, unknown> = {
    bootstrap: [BUILDER, recipe.name, recipe.variant ?? null, parents, sources, bootstrapPackages(inputs)],
    packages: packages,
    files: recipe.files ?? {},
    run: recipe.run ?? [],
    clean: [recipe.init],
    snapshot: [],
  };
  let before = "";
  const out = {} as Record<Stage, string>;
  for (const stage of STAGES) {
    before = createHash("sha256")
      .update(`${before}\0${stage}\0${JSON.stringify(own[stage])}`)
      .digest("hex")
      .slice(0, 16);
    out[stage] = before;
  }
  return out;
}

/** An image that has no apt of its own gets its packages at once, from outside. */
export function bootstrapPackages({ recipe, packages }: Pick<Inputs, "recipe" | "packages">): string[] {
  return recipe.variant === "custom" || recipe.variant === "extract" ? packages : [];
}
