import { useSuspenseQuery } from "@tanstack/react-query";
import type { Me } from "../../contracts/public/index.ts";
import { meQuery } from "./queries.ts";

/** Who is logged in. Only below the layout that has made sure of it. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}
