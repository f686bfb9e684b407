import { Groups } from "./accounts/groups.ts";
import { Identity } from "./accounts/identity.ts";
import { Keys } from "./accounts/keys.ts";
import { Owners } from "./accounts/owners.ts";
import { Passwords } from "./accounts/passwords.ts";
import { People } from "./accounts/people.ts";
import { Sessions } from "./accounts/sessions.ts";
import { Throttle } from "./accounts/throttle.ts";
import { Tokens } from "./accounts/tokens.ts";
import { Denials } from "./audit/audit.ts";
import type { Base } from "./base.ts";
import { Vclusters } from "./datacenters/vclusters.ts";
import { WorkspaceGate } from "./workspaces/gateway-api.ts";
import { GrantEnds } from "./workspaces/grants.ts";
import { Opening } from "./workspaces/opening.ts";
import { Tickets } from "./workspaces/tickets.ts";

/** The parts of the wing, put together once. */
export type Wing = ReturnType<typeof buildWing>;

export function buildWing(base: Base) {
  const ends = new GrantEnds();
  const identity = new Identity(base);
  const passwords = new Passwords();
  const throttle = new Throttle(base.clock);
  const owners = new Owners(base);
  const tickets = new Tickets(base.clock);
  const vclusters = new Vclusters(base, owners, ends);
  return {
    base,
    ends,
    identity,
    owners,
    vclusters,
    denials: new Denials(base),
    sessions: new Sessions(base, passwords, throttle, ends),
    tokens: new Tokens(base, ends),
    keys: new Keys(base, owners),
    groups: new Groups(base, owners),
    people: new People(base, passwords, throttle, owners, ends),
    opening: new Opening(base, vclusters, tickets),
    gate: new WorkspaceGate(base, identity, tickets, ends),
  };
}
