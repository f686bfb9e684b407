import { Button, NumberInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Image } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys } from "../../app/queries.ts";
import { useAction } from "../../components/useAction.ts";

/** How many booted nodes wait for the next click. */
export function WarmCount({ image }: { image: Image }) {
  const [want, setWant] = useState<number | string>(image.warm.want);
  const save = useAction({
    run: () => api.patchImage({ params: { name: image.name }, body: { warm: Number(want) } }),
    failed: "The number of warm nodes is unchanged",
    refresh: [keys.images],
  });
  const ok = Number.isInteger(want) && Number(want) >= 0 && Number(want) <= 200;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ok) save.mutate();
  };
  return (
    <form onSubmit={submit} className="dk-warm">
      <NumberInput
        label={`Warm nodes of ${image.name}`}
        description={`${image.warm.have} of ${image.warm.want} are waiting now.`}
        min={0}
        max={200}
        allowDecimal={false}
        clampBehavior="none"
        value={want}
        onChange={setWant}
        error={ok ? null : "0 to 200."}
      />
      <Button type="submit" variant="default" disabled={!ok || want === image.warm.want} loading={save.isPending}>
        Keep
      </Button>
    </form>
  );
}
