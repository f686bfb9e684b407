import { z } from "zod";
import { Recipe } from "../../contracts/public/system.ts";
import { DockletError } from "../../lib/errors.ts";
import { listAssets, readAsset } from "../../os/assets.ts";

const FOLDER = "static/recipes";

/** Layers of this name are docklet's own; no image may take it. */
export const DOCKLET_LAYER = "docklet";

/** Checks what a person or a file offers as a recipe. */
export function parseRecipe(value: unknown, origin: string): Recipe {
  const parsed = Recipe.safeParse(value);
  if (!parsed.success) throw invalid(origin, z.prettifyError(parsed.error));
  const recipe = parsed.data;
  if (recipe.name === DOCKLET_LAYER)
    throw invalid(origin, `The name ${DOCKLET_LAYER} is taken by docklet's own layer.`);
  if (recipe.parent === recipe.name) throw invalid(origin, "An image cannot be its own parent.");
  if (recipe.parent === undefined && recipe.variant === undefined)
    throw invalid(origin, "It needs either a parent, or a variant to bootstrap from.");
  if (recipe.parent !== undefined && recipe.variant !== undefined)
    throw invalid(origin, "It has a parent and a variant; only one of the two makes sense.");
  for (const path of Object.keys(recipe.files ?? {}))
    if (path.split("/").some((part) => part === ".." || part === "."))
      throw invalid(origin, `The file path ${path} is not absolute and plain.`);
  return recipe;
}

function invalid(origin: string, why: string): DockletError {
  return new DockletError(
    "invalid",
    `The recipe ${origin} is not valid: ${why}`,
    "See static/recipes for recipes that work.",
  );
}

/** The recipes that travel inside the executable, by name. */
export function builtinRecipes(): Map<string, Recipe> {
  const out = new Map<string, Recipe>();
  for (const file of listAssets(FOLDER)) {
    if (!file.endsWith(".json")) continue;
    const recipe = parseRecipe(JSON.parse(readAsset(`${FOLDER}/${file}`)), file);
    out.set(recipe.name, recipe);
  }
  return out;
}
