import { NOTICE, STREAM, TO_WORKER, type ToWorker } from "../../contracts/uplink.ts";
import type { WorkerApi } from "../../contracts/worker.ts";
import type { Answers, Channel, Method } from "../../lib/channel/channel.ts";
import { DockletError } from "../../lib/errors.ts";
import type { LeaseHolder } from "../lease/custody.ts";
import { dial } from "./dialling.ts";
import { serveNodeStream } from "./node-streams.ts";
import { servePictureSink, servePictureSource } from "./picture-streams.ts";

/** A worker, and what its master may reach beside it. */
export interface Served {
  worker: WorkerApi;
  /** Does a node with this address run here? */
  runs(address: string): boolean;
  /** What depends on hearing from the master. */
  lease?: () => LeaseHolder;
}

/**
 * What a master can ask of this host over a connection. Nothing is answered before `admitted` resolves: until then it
 * is not known whether the other side is our master, and one that we can talk to.
 */
export function answersOf(
  { worker, runs }: Served,
  connection: { channel: () => Channel; admitted: Promise<void> },
): { answers: Answers; leave: () => void } {
  let unsubscribe: (() => void) | null = null;
  const leave = () => {
    unsubscribe?.();
    unsubscribe = null;
  };
  const methods: { [M in ToWorker]: (params: never) => unknown } = {
    subscribe: () => {
      leave();
      unsubscribe = worker.subscribe((report) => connection.channel().notify(NOTICE.report, report));
    },
    apply: ({ order }: { order: Parameters<WorkerApi["apply"]>[0] }) => worker.apply(order),
    compare: (request: Parameters<WorkerApi["compare"]>[0]) => worker.compare(request),
    history: ({ nodes }: { nodes: string[] }) => worker.history(nodes),
    buildImage: (request: Parameters<WorkerApi["buildImage"]>[0]) => worker.buildImage(request),
    cancelBuild: ({ operation }: { operation: string }) => worker.cancelBuild(operation),
    deleteImage: ({ name }: { name: string }) => worker.deleteImage(name),
    setWarm: ({ image, count }: { image: string; count: number }) => worker.setWarm(image, count),
    setHomeQuota: ({ owner, mib }: { owner: string; mib: number }) => worker.setHomeQuota(owner, mib),
    deleteHome: ({ owner }: { owner: string }) => worker.deleteHome(owner),
    layersOf: ({ node }: { node: string }) => worker.layersOf(node),
    takePicture: (request: Parameters<WorkerApi["takePicture"]>[0]) => worker.takePicture(request),
    adoptPicture: ({ picture }: { picture: Parameters<WorkerApi["adoptPicture"]>[0] }) => worker.adoptPicture(picture),
    dropPictures: ({ volume }: { volume: Parameters<WorkerApi["dropPictures"]>[0] }) => worker.dropPictures(volume),
    share: ({ task }: { task: Parameters<WorkerApi["share"]>[0] }) => worker.share(task),
  };
  const checked = Object.entries(methods).map(([name, method]): [string, Method] => [
    name,
    async (params) => {
      await connection.admitted;
      return (method as (params: unknown) => unknown)(sensible(name as ToWorker, params));
    },
  ]);
  const answers: Answers = {
    methods: Object.fromEntries(checked),
    streams: {
      [STREAM.node]: (params, line) => void connection.admitted.then(() => serveNodeStream(worker, params, line)),
      [STREAM.dial]: (params, line) => void connection.admitted.then(() => dial(runs, params, line)),
      [STREAM.sendPicture]: (params, line) =>
        void connection.admitted.then(() => servePictureSource(worker, params, line)),
      [STREAM.receivePicture]: (params, line) =>
        void connection.admitted.then(() => servePictureSink(worker, params, line)),
    },
  };
  return { answers, leave };
}

function sensible(method: ToWorker, params: unknown): unknown {
  const parsed = TO_WORKER[method].safeParse(params);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DockletError(
    "bad_request",
    `${method}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "makes no sense"}`,
    "Are docklet on the master and on this host of the same version?",
  );
}
