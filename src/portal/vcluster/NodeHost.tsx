import { ActionIcon, Tooltip } from "@mantine/core";
import { IconHelpCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Node } from "../../contracts/public/index.ts";
import { useMe } from "../app/useMe.ts";

/** The machine that a node is on, and why it is there. Admins get to its page. */
export function NodeHost({ node }: { node: Node }) {
  const me = useMe();
  if (node.host === null) return <span className="dk-dim">none yet</span>;
  return (
    <span className="dk-node-host">
      {me.user.role === "admin" ? (
        <Link to="/admin/hosts/$host" params={{ host: node.host }} className="dk-link">
          {node.host}
        </Link>
      ) : (
        <span>{node.host}</span>
      )}
      {node.why && <WhyHere node={node.name} host={node.host} why={node.why} />}
    </span>
  );
}

/** A tooltip for the mouse and for fingers; its whole text is the name of the button, so that it is read out. */
function WhyHere({ node, host, why }: { node: string; host: string; why: string }) {
  return (
    <Tooltip
      label={`Why here: ${why}`}
      multiline
      maw={300}
      withinPortal={false}
      events={{ hover: true, focus: true, touch: true }}
    >
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Why ${node} is on ${host}: ${why}`}>
        <IconHelpCircle size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
