import { Button, Group, Modal, NumberInput, Select, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Vcluster } from "../../contracts/public/index.ts";
import { useAsOwner } from "./useVclusterActions.ts";

/** Any web server that runs on a node, under one's own login. */
export function OpenPortModal({ vc, onClose }: { vc: Vcluster; onClose: () => void }) {
  const owner = useAsOwner(vc.owner);
  const [node, setNode] = useState("host-0");
  const [port, setPort] = useState<number | string>(8080);
  const valid = typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535;
  return (
    <Modal opened onClose={onClose} title="Open a port">
      <Stack>
        <p className="dk-flush">
          A web page that runs on a node, for example <code>python3 -m http.server 8080</code>, opens in a new tab. Only
          you can see it.
        </p>
        <Select label="Node" data={vc.nodes.map((n) => n.name)} value={node} onChange={(v) => v && setNode(v)} />
        <NumberInput
          label="Port"
          min={1}
          max={65_535}
          allowDecimal={false}
          clampBehavior="none"
          value={port}
          onChange={setPort}
          error={valid ? null : "A port is a number from 1 to 65535."}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button
            disabled={!valid}
            onClick={onClose}
            renderRoot={(props) =>
              valid ? (
                <Link
                  to="/open"
                  search={{ vcluster: vc.name, owner, node, port: String(port) }}
                  target="_blank"
                  rel="noopener"
                  {...props}
                />
              ) : (
                <button type="button" {...props} />
              )
            }
          >
            Open in a new tab
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
