import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Vcluster } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { useMe } from "../../app/useMe.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";
import { putVcluster } from "../../live/reducer.ts";
import { LossFields } from "../../vcluster/LossFields.tsx";
import { useAsOwner } from "../../vcluster/useVclusterActions.ts";

/** What happens when a host is lost, changed on a cluster that is there. */
export function LossSettings({ vc }: { vc: Vcluster }) {
  const cache = useQueryClient();
  const me = useMe();
  const owner = useAsOwner(vc.owner);
  const [wanted, setWanted] = useState(vc.onHostLoss);
  const same = wanted.nodes === vc.onHostLoss.nodes && wanted.recover === vc.onHostLoss.recover;
  const save = useAction({
    run: () => api.renameVcluster({ params: { name: vc.name }, query: { owner }, body: { onHostLoss: wanted } }),
    failed: "The setting stays as it was",
    done: "The setting is saved",
    quiet: true,
    onDone: (now) => putVcluster(cache, now, me.user.name),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!same) save.mutate();
  };
  return (
    <section className="dk-panel" aria-labelledby="loss-title">
      <h2 id="loss-title">When a host is lost</h2>
      <form onSubmit={submit} className="dk-stack">
        <LossFields value={wanted} onChange={setWanted} />
        {save.error ? <TroubleAlert title="The setting stays as it was" error={save.error} /> : null}
        <div>
          <Button type="submit" variant="default" disabled={same} loading={save.isPending}>
            Save this setting
          </Button>
        </div>
      </form>
    </section>
  );
}
