import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Image } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys, operationsQuery } from "../../app/queries.ts";
import { ask } from "../../components/confirm.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { useAction } from "../../components/useAction.ts";
import { formatBytes } from "../../format/amounts.ts";
import { putOperation } from "../../live/reducer.ts";
import { CancelOperation, OperationBar } from "../../operations/OperationCard.tsx";
import { OperationSteps } from "../../operations/OperationSteps.tsx";
import { isActive } from "../../operations/words.ts";
import { WarmCount } from "./WarmCount.tsx";

const ANSWERS: Record<Image["ready"], string> = {
  init: "it has booted",
  ssh: "ssh answers",
  jupyter: "Jupyter answers",
};

export function ImagePanel({ image }: { image: Image }) {
  const cache = useQueryClient();
  const operations = useQuery(operationsQuery);
  const op = operations.data?.find((o) => o.id === image.operation);
  const building = op !== undefined && isActive(op);
  const build = useAction({
    run: () => api.buildImage({ params: { name: image.name }, body: {} }),
    failed: `${image.name} is not being built`,
    refresh: [keys.images],
    onDone: (started) => putOperation(cache, started),
  });
  const remove = useAction({
    run: () => api.deleteImage({ params: { name: image.name } }),
    failed: `${image.name} is still there`,
    done: `Image ${image.name} is deleted`,
    refresh: [keys.images],
  });
  const askRemove = () =>
    ask({
      title: `Delete image ${image.name}?`,
      body: image.builtin
        ? "Its files go; the recipe stays, so it can be built again. An image that a cluster uses cannot be deleted."
        : "It is gone for good. An image that a cluster uses cannot be deleted.",
      confirm: "Delete it",
      onConfirm: () => remove.mutate(),
    });
  return (
    <section className="dk-card" aria-labelledby={`image-${image.name}`}>
      <div className="dk-card-head">
        <h2 id={`image-${image.name}`}>{image.name}</h2>
        <StateBadge state={image.state} label={image.state === "absent" ? "not built" : image.state} />
      </div>
      <p className="dk-card-sum">{image.description}</p>
      {image.reason && <p className="dk-reason">{image.reason}</p>}
      {building && (
        <div className="dk-underway">
          <OperationBar op={op} />
          <OperationSteps steps={op.steps} />
        </div>
      )}
      <dl className="dk-facts">
        <div>
          <dt>Size</dt>
          <dd>{image.size === null ? "none yet" : formatBytes(image.size)}</dd>
        </div>
        <div>
          <dt>Ready when</dt>
          <dd>{ANSWERS[image.ready]}</dd>
        </div>
        <div>
          <dt>Built</dt>
          <dd>
            <TimeAgo at={image.builtAt} />
          </dd>
        </div>
        {image.parent && (
          <div>
            <dt>On top of</dt>
            <dd>{image.parent}</dd>
          </div>
        )}
      </dl>
      {image.state === "ready" && <WarmCount image={image} />}
      <div className="dk-card-actions">
        {building ? (
          <CancelOperation op={op} />
        ) : (
          <Button variant="default" loading={build.isPending} onClick={() => build.mutate()}>
            {image.state === "failed" ? "Build again" : image.state === "ready" ? "Rebuild" : "Build"}
          </Button>
        )}
        {!building && image.state !== "absent" && (
          <Button variant="subtle" color="red" loading={remove.isPending} onClick={askRemove}>
            Delete…
          </Button>
        )}
      </div>
    </section>
  );
}
