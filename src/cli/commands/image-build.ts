import { readFileSync } from "node:fs";
import { z } from "zod";
import { Recipe } from "../../contracts/public/system.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { command } from "../command.ts";
import { detachFlag, settle } from "../settle.ts";

export const imageBuild = command({
  name: "image build",
  summary: "Build an image: one of docklet's own by name, or from a recipe file",
  details: "Ctrl-C cancels. Building again after a failure or a cancel takes up what is there.",
  args: [{ name: "NAME|RECIPE.json", doc: "an image that docklet has a recipe for, or a file" }],
  flags: detachFlag,
  examples: ["docklet image build base", "docklet image build ./gpu.json"],
  run: async (ctx) => {
    const what = ctx.args["NAME|RECIPE.json"]!;
    const recipe = what.includes("/") || what.endsWith(".json") ? readRecipe(what) : undefined;
    const name = recipe?.name ?? what;
    const operation = await ctx
      .connect()
      .api.buildImage({ params: { name }, body: recipe === undefined ? {} : { recipe } });
    return settle(ctx, operation, `Image ${name} is ready.`);
  },
});

function readRecipe(path: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (e) {
    throw new DockletError(
      "invalid",
      `${path} can't be read as a recipe: ${messageOf(e)}.`,
      "A recipe is a JSON file.",
    );
  }
  const parsed = Recipe.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new DockletError(
    "invalid",
    `${path} is not a recipe:\n${z.prettifyError(parsed.error)}`,
    "Compare it with the recipe of an image that docklet has.",
  );
}
