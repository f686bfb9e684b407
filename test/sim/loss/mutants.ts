/** Ways to get it wrong. Each must be found by the simulation. */
export const MUTANTS = [
  "start after send",
  "no margin",
  "thaw without word",
  "ignores generations",
  "restart forgets the lease",
  "master forgets whom it answered",
  "copy is not ordered gone",
  "monotonic clock",
  "no keeper",
  "old words count",
  "a wish counts that the host has not heard",
  "deletes what it does not know",
] as const;
export type Mutant = (typeof MUTANTS)[number];
