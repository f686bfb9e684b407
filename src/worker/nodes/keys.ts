import { utils } from "ssh2";
import { randomName, randomSecret, shortId } from "../../lib/ids.ts";

/** What an instance is born with. None of it says whose it will be, so all of it can be made ahead. */
export interface Birth {
  id: string;
  slug: string;
  jupyterToken: string;
  hostKey: string;
  hostKeyPub: string;
}

export function birth(): Birth {
  const pair = utils.generateKeyPairSync("ed25519", { comment: "docklet node" });
  return {
    id: shortId(),
    slug: randomName(16),
    jupyterToken: randomSecret(),
    hostKey: pair.private,
    hostKeyPub: pair.public,
  };
}
