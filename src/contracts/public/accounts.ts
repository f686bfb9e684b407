import { z } from "zod";
import { Name, Time, UserName } from "./names.ts";

export const Role = z.enum(["user", "admin"]);
export type Role = z.infer<typeof Role>;

/** What a group allows each of its members. cpu in cores, memory and disk in MiB. */
export const Quota = z.object({
  cpu: z.number().min(0).max(1_000_000),
  memory: z.int().min(0).max(1_000_000_000),
  disk: z.int().min(0).max(1_000_000_000),
  nodes: z.int().min(0).max(100_000),
  vclusters: z.int().min(0).max(10_000),
  /** MiB in the person's own data folder (~/nfs). */
  home: z.int().min(64).max(1_000_000_000),
});
export type Quota = z.infer<typeof Quota>;

export const Group = z.object({ name: Name, quota: Quota, members: z.int(), createdAt: Time });
export type Group = z.infer<typeof Group>;
export const GroupCreate = z.strictObject({ name: Name, quota: Quota.partial().optional() });
export const GroupPatch = z.strictObject({ quota: Quota.partial() });

export const User = z.object({
  name: z.string(),
  role: Role,
  group: z.string(),
  fullName: z.string(),
  disabled: z.boolean(),
  mustChangePassword: z.boolean(),
  createdAt: Time,
  lastLoginAt: Time.nullable(),
});
export type User = z.infer<typeof User>;

/** 12 to 256 characters; the server also refuses the commonest passwords. */
export const Password = z.string().min(12, "Use at least 12 characters.").max(256);
export const UserCreate = z.strictObject({
  name: UserName,
  /** Left out: the server makes one and answers it once. */
  password: Password.optional(),
  role: Role.optional(),
  group: Name.optional(),
  fullName: z.string().max(120).optional(),
});
export const UserCreated = z.object({ user: User, password: z.string().nullable() });
export const UserPatch = z.strictObject({
  role: Role.optional(),
  group: Name.optional(),
  fullName: z.string().max(120).optional(),
  disabled: z.boolean().optional(),
});

export const Usage = Quota.omit({ home: true });
export type Usage = z.infer<typeof Usage>;
export const Me = z.object({
  user: User,
  quota: Quota,
  used: Usage,
  /** To be sent as X-CSRF-Token with every write of a cookie session; null for API tokens. */
  csrf: z.string().nullable(),
  scopes: z.array(z.enum(["read", "write", "admin"])),
  version: z.string(),
});
export type Me = z.infer<typeof Me>;

export const Login = z.strictObject({ username: z.string().min(1).max(64), password: z.string().min(1).max(256) });
export const PasswordChange = z.strictObject({ current: z.string().min(1).max(256), next: Password });

export const Session = z.object({
  id: z.string(),
  createdAt: Time,
  lastSeenAt: Time,
  expiresAt: Time,
  address: z.string(),
  agent: z.string(),
  current: z.boolean(),
});
export type Session = z.infer<typeof Session>;

export const Scope = z.enum(["read", "write", "admin"]);
export type Scope = z.infer<typeof Scope>;
export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(Scope),
  createdAt: Time,
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;
export const TokenCreate = z.strictObject({
  name: z.string().min(1).max(60),
  scopes: z.array(Scope).min(1).max(3).optional().describe("default: read, write"),
  days: z.int().min(1).max(3650).optional().describe("days until it expires; default 90"),
});
export const TokenCreated = z.object({ token: ApiToken, secret: z.string().describe("shown this once") });

export const SshKey = z.object({
  id: z.string(),
  name: z.string(),
  fingerprint: z.string(),
  type: z.string(),
  createdAt: Time,
});
export type SshKey = z.infer<typeof SshKey>;
export const SshKeyCreate = z.strictObject({ name: z.string().max(60).optional(), key: z.string().min(20).max(8192) });
