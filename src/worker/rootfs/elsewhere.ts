import type { OrderOwner } from "../../contracts/worker.ts";

/** What a person reads in ~/nfs of a node that can't have their data folder. */
export function elsewhere(vcluster: string, at: OrderOwner["at"]): string {
  const host = at?.host ?? "another host";
  const where = at?.moving
    ? `Your data folder (~/nfs) is on its way to the host ${host}. Nodes there have it as soon as it has arrived; this\nfolder shows it by itself then, if this node is one of them.`
    : `Your data folder (~/nfs) lies on the host ${host}, and this node runs on another one.`;
  const nodes = at?.nodes ?? [];
  const have =
    nodes.length > 0
      ? `Nodes of ${vcluster} on ${host}: ${nodes.join(", ")}.`
      : `No node of ${vcluster} is on ${host} now: \`docklet vcluster ls\` shows where your others are.`;
  const help = [
    ...(nodes.length > 0 ? [`work with your files there, or copy what you need: scp ${nodes[0]}:nfs/FILE .`] : []),
    `ask an administrator to move this vcluster there: docklet vcluster move ${vcluster} --to ${host}`,
    "delete what you have on that host: the folder follows to where your other nodes are",
    "ask an administrator for a shared file system: then all of your nodes have the folder",
  ];
  return [
    "Your files are safe, but this node can't reach them.",
    "",
    where,
    have,
    "",
    "What helps:",
    ...help.map((h) => `  - ${h}`),
    "",
    "Nothing can be written in this folder, so nothing gets lost here.",
    "",
  ].join("\n");
}
