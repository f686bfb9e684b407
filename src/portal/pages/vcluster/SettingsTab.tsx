import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Vcluster } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { useMe } from "../../app/useMe.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";
import { formatMiB, plural } from "../../format/amounts.ts";
import { putVcluster } from "../../live/reducer.ts";
import { DeleteModal } from "../../vcluster/DeleteModal.tsx";
import { checkName } from "../../vcluster/plan.ts";
import { totals } from "../../vcluster/summary.ts";
import { useAsOwner } from "../../vcluster/useVclusterActions.ts";
import { LossSettings } from "./LossSettings.tsx";

export function SettingsTab({ vc }: { vc: Vcluster }) {
  return (
    <div className="dk-stack">
      <Rename key={vc.name} vc={vc} />
      <LossSettings key={`${vc.onHostLoss.nodes} ${vc.onHostLoss.recover}`} vc={vc} />
      <DangerZone vc={vc} />
    </div>
  );
}

function Rename({ vc }: { vc: Vcluster }) {
  const cache = useQueryClient();
  const me = useMe();
  const owner = useAsOwner(vc.owner);
  const [name, setName] = useState(vc.name);
  const error = name === "" ? "A cluster needs a name." : checkName(name);
  const rename = useAction({
    run: () => api.renameVcluster({ params: { name: vc.name }, query: { owner }, body: { name } }),
    failed: "It keeps its name",
    quiet: true,
    // The page notices the new name and follows it.
    onDone: (now) => putVcluster(cache, now, me.user.name),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!error && name !== vc.name) rename.mutate();
  };
  return (
    <section className="dk-panel" aria-labelledby="rename-title">
      <h2 id="rename-title">Name</h2>
      <form onSubmit={submit} className="dk-inline-form">
        <TextInput
          label="Name of this cluster"
          description="Nodes, addresses and open terminals stay as they are."
          value={name}
          error={error}
          onChange={(e) => setName(e.currentTarget.value.trim())}
          autoComplete="off"
          spellCheck={false}
        />
        <Button
          type="submit"
          variant="default"
          disabled={error !== null || name === vc.name}
          loading={rename.isPending}
        >
          Rename
        </Button>
      </form>
      {rename.error ? <TroubleAlert title="It keeps its name" error={rename.error} /> : null}
    </section>
  );
}

function DangerZone({ vc }: { vc: Vcluster }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="dk-panel dk-danger" aria-labelledby="danger-title">
      <h2 id="danger-title">Delete this cluster</h2>
      <p>
        <strong>Lost:</strong> the {vc.nodes.length === 1 ? "disk" : "disks"} of {plural(vc.nodes.length, "node")} (
        {formatMiB(totals(vc).disk)}): installed software, files outside <code>~/nfs</code>, running notebooks.
      </p>
      <p>
        <strong>Stays:</strong> your data folder <code>~/nfs</code>, and your other clusters.
      </p>
      <Button color="red" variant="outline" onClick={() => setAsking(true)} disabled={vc.state === "deleting"}>
        Delete…
      </Button>
      {asking && <DeleteModal vc={vc} onClose={() => setAsking(false)} />}
    </section>
  );
}
