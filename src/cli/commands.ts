import type { Command } from "./command.ts";
import { cleanup } from "./commands/cleanup.ts";
import { completion } from "./commands/completion.ts";
import { configDocs } from "./commands/config-docs.ts";
import { configShow } from "./commands/config-show.ts";
import { configValidate } from "./commands/config-validate.ts";
import { events } from "./commands/events.ts";
import { exec } from "./commands/exec.ts";
import { groupAdd } from "./commands/group-add.ts";
import { groupLs } from "./commands/group-ls.ts";
import { groupRm } from "./commands/group-rm.ts";
import { groupSet } from "./commands/group-set.ts";
import { hostCordon } from "./commands/host-cordon.ts";
import { hostDrain } from "./commands/host-drain.ts";
import { hostLabel } from "./commands/host-label.ts";
import { hostLs } from "./commands/host-ls.ts";
import { hostRm } from "./commands/host-rm.ts";
import { hostShow } from "./commands/host-show.ts";
import { hostUncordon } from "./commands/host-uncordon.ts";
import { imageBuild } from "./commands/image-build.ts";
import { imageLs } from "./commands/image-ls.ts";
import { imageRm } from "./commands/image-rm.ts";
import { imageWarm } from "./commands/image-warm.ts";
import { join } from "./commands/join.ts";
import { joinTokenCreate } from "./commands/join-token-create.ts";
import { joinTokenLs } from "./commands/join-token-ls.ts";
import { joinTokenRevoke } from "./commands/join-token-revoke.ts";
import { keyAdd } from "./commands/key-add.ts";
import { keyLs } from "./commands/key-ls.ts";
import { keyRm } from "./commands/key-rm.ts";
import { login } from "./commands/login.ts";
import { logout } from "./commands/logout.ts";
import { open } from "./commands/open.ts";
import { operationCancel } from "./commands/operation-cancel.ts";
import { operationLs } from "./commands/operation-ls.ts";
import { operationShow } from "./commands/operation-show.ts";
import { serve } from "./commands/serve.ts";
import { shell } from "./commands/shell.ts";
import { status } from "./commands/status.ts";
import { tokenCreate } from "./commands/token-create.ts";
import { tokenLs } from "./commands/token-ls.ts";
import { tokenRm } from "./commands/token-rm.ts";
import { userAdd } from "./commands/user-add.ts";
import { userDisable } from "./commands/user-disable.ts";
import { userEnable } from "./commands/user-enable.ts";
import { userLs } from "./commands/user-ls.ts";
import { userPasswd } from "./commands/user-passwd.ts";
import { userRm } from "./commands/user-rm.ts";
import { vclusterCreate } from "./commands/vcluster-create.ts";
import { vclusterLs } from "./commands/vcluster-ls.ts";
import { vclusterMove } from "./commands/vcluster-move.ts";
import { vclusterRename } from "./commands/vcluster-rename.ts";
import { vclusterRm } from "./commands/vcluster-rm.ts";
import { vclusterScale } from "./commands/vcluster-scale.ts";
import { vclusterSet } from "./commands/vcluster-set.ts";
import { vclusterShow } from "./commands/vcluster-show.ts";
import { vclusterStart } from "./commands/vcluster-start.ts";
import { vclusterStop } from "./commands/vcluster-stop.ts";
import { version } from "./commands/version.ts";
import { doctor } from "./doctor.ts";

/** Everything that docklet can be told, in the order of --help. */
export const commands: readonly Command[] = [
  serve,
  join,
  login,
  logout,
  status,
  doctor,
  vclusterCreate,
  vclusterLs,
  vclusterShow,
  vclusterStart,
  vclusterStop,
  vclusterScale,
  vclusterMove,
  vclusterRename,
  vclusterSet,
  vclusterRm,
  exec,
  shell,
  open,
  imageLs,
  imageBuild,
  imageWarm,
  imageRm,
  userAdd,
  userLs,
  userPasswd,
  userDisable,
  userEnable,
  userRm,
  groupLs,
  groupAdd,
  groupSet,
  groupRm,
  hostLs,
  hostShow,
  hostCordon,
  hostUncordon,
  hostLabel,
  hostDrain,
  hostRm,
  joinTokenCreate,
  joinTokenLs,
  joinTokenRevoke,
  tokenLs,
  tokenCreate,
  tokenRm,
  keyLs,
  keyAdd,
  keyRm,
  events,
  operationLs,
  operationShow,
  operationCancel,
  configShow,
  configValidate,
  configDocs,
  cleanup,
  version,
  completion,
];
