export * from "./accounts.ts";
export * from "./client.ts";
export * from "./hosts.ts";
export * from "./names.ts";
export * from "./operations.ts";
export * from "./routes.ts";
export * from "./system.ts";
export * from "./vclusters.ts";
