import type { z } from "zod";
import type { Version } from "../contracts/public/index.ts";

export type VersionInfo = z.infer<typeof Version>;
