import { Button, type ButtonProps } from "@mantine/core";
import { IconNotebook, IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Vcluster } from "../../contracts/public/index.ts";
import { imagesQuery } from "../app/queries.ts";
import { useAsOwner } from "./useVclusterActions.ts";

/** A new tab that waits until the workspace answers, and then becomes it. A real link: middle clicks work. */
export function JupyterButton({ vc, ...props }: { vc: Vcluster } & ButtonProps) {
  const owner = useAsOwner(vc.owner);
  const images = useQuery(imagesQuery);
  const image = images.data?.find((i) => i.name === vc.image);
  if (image && image.ready !== "jupyter") return null;
  return (
    <Button
      leftSection={<IconNotebook size={19} aria-hidden />}
      {...props}
      renderRoot={(root) => (
        <Link to="/open" search={{ vcluster: vc.name, owner }} target="_blank" rel="noopener" {...root} />
      )}
    >
      Open Jupyter
    </Button>
  );
}

export function TerminalButton({
  vc,
  node,
  children = "Terminal",
  ...props
}: { vc: Vcluster; node?: string; children?: ReactNode } & ButtonProps) {
  const owner = useAsOwner(vc.owner);
  return (
    <Button
      variant="default"
      leftSection={<IconTerminal2 size={19} aria-hidden />}
      {...props}
      renderRoot={(root) => (
        <Link to="/vclusters/$name/terminal" params={{ name: vc.name }} search={{ owner, node }} {...root} />
      )}
    >
      {children}
    </Button>
  );
}
