/** Keys of classic docklet files that this one does not have, and what to do about each. */
const NOT_NEEDED = "It is not needed any more: remove the line.";
const NOT_YET = "This docklet does not have what it configures: remove the line.";

export const CLASSIC_KEYS: Readonly<Record<string, string>> = {
  CLUSTER_SIZE: "The number of nodes is chosen when a vcluster is made: remove the line.",
  CONTAINER_CPU: "Sizes are chosen when a vcluster is made, within the quota of the group: remove the line.",
  CONTAINER_MEMORY: "Sizes are chosen when a vcluster is made, within the quota of the group: remove the line.",
  CONTAINER_DISK: "Sizes are chosen when a vcluster is made, within the quota of the group: remove the line.",
  WEB_PORT: "Portal and API share NGINX_PORT now: remove the line.",
  PROXY_API_PORT: "The workspace gateway has no port of its own for control: remove the line.",
  WEB_LOG_LEVEL: "LOG_LEVEL is for all parts: remove the line.",
  NGINX_CONF: "No nginx is needed: remove the line.",
  EXTERNAL_LOGIN: NOT_YET,
  DATA_QUOTA: "Data folders always have a quota, set per group: remove the line.",
  DATA_QUOTA_CMD: "Data folders always have a quota, set per group: remove the line.",
  ALLOW_SCALE_OUT: NOT_YET,
  WARNING_DAYS: NOT_YET,
  RELEASE_DAYS: NOT_YET,
  BATCH_ON: NOT_YET,
  BATCH_MASTER_PORT: NOT_YET,
  BATCH_WORKER_PORT: NOT_YET,
  BATCH_NET: NOT_YET,
  BATCH_TASK_CIDR: NOT_YET,
  BATCH_MAX_THREAD_WORKER: NOT_NEEDED,
  BATCH_GPU_BILLING: NOT_YET,
  OPEN_REGISTRY: NOT_YET,
  APPROVAL_RBT: NOT_YET,
};
