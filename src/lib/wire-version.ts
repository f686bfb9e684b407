/** The two ends of a connection, named as in the sentence that a person will read. */
interface Side {
  name: string;
  wire: number;
}

/**
 * Messages of one version older are understood, older ones are not. null: the two can talk. Otherwise what to upgrade,
 * in the same words on both ends.
 */
export function wireTrouble(a: Side, b: Side): { message: string; hint: string } | null {
  if (Math.abs(a.wire - b.wire) <= 1) return null;
  const [older, newer] = a.wire < b.wire ? [a, b] : [b, a];
  return {
    message: `${older.name} is too old for ${newer.name}: it speaks version ${older.wire} of the protocol, the other one ${newer.wire} and ${newer.wire - 1}.`,
    hint: `Upgrade docklet on ${older.name}.`,
  };
}
