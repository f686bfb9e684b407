import type { PersonActor } from "../accounts/actor.ts";
import type { Audience } from "../audit/hub.ts";

/** Somebody with an event stream open. */
export interface Reader {
  actor: PersonActor;
  send(data: Uint8Array): void;
  close(): void;
}

/**
 * Who reads, by person: what is told of one person's nodes every few seconds must not cost a question for everybody
 * else's page.
 */
export class Readers {
  readonly #all = new Set<Reader>();
  readonly #people = new Map<string, Set<Reader>>();
  readonly #admins = new Set<Reader>();

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<Reader> {
    return [...this.#all].values();
  }

  of(person: string): number {
    return this.#people.get(person)?.size ?? 0;
  }

  add(reader: Reader): void {
    const { id, role } = reader.actor.person;
    this.#all.add(reader);
    let own = this.#people.get(id);
    if (!own) {
      own = new Set();
      this.#people.set(id, own);
    }
    own.add(reader);
    if (role === "admin") this.#admins.add(reader);
  }

  /** false: it was not there. */
  delete(reader: Reader): boolean {
    const { id } = reader.actor.person;
    const own = this.#people.get(id);
    own?.delete(reader);
    if (own?.size === 0) this.#people.delete(id);
    this.#admins.delete(reader);
    return this.#all.delete(reader);
  }

  /** The same reader, with what the account says now. */
  update(reader: Reader, actor: PersonActor): void {
    this.delete(reader);
    reader.actor = actor;
    this.add(reader);
  }

  /** Who may have a right to see it: all others have none. */
  near(audience: Audience): Reader[] {
    if (audience === "everyone") return [...this.#all];
    const { owner } = audience;
    const own = owner === null ? [] : [...(this.#people.get(owner) ?? [])];
    return [...own, ...[...this.#admins].filter((r) => r.actor.person.id !== owner)];
  }
}
