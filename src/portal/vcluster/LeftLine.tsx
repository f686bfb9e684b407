import type { Me } from "../../contracts/public/index.ts";
import { formatCores, formatMiB, plural } from "../format/amounts.ts";
import { quotaLeft } from "./plan.ts";

/** What is left of the quota, in one line under a form. */
export function LeftLine({ me }: { me: Me }) {
  const left = quotaLeft(me);
  return (
    <p className="dk-left-line">
      Left of your quota: <strong>{plural(left.nodes, "node")}</strong>, <strong>{formatCores(left.cpu)}</strong>,{" "}
      <strong>{formatMiB(left.memory)}</strong> memory, <strong>{formatMiB(left.disk)}</strong> disk.
    </p>
  );
}
