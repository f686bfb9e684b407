import type { Role, User } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";

/** Somebody with an account. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly group: string;
  readonly fullName: string;
  readonly disabled: boolean;
  readonly mustChangePassword: boolean;
  readonly createdAt: number;
  readonly lastLoginAt: number | null;
}

export interface PersonRow {
  id: string;
  name: string;
  role: Role;
  group_name: string;
  full_name: string;
  disabled: number;
  must_change_password: number;
  created_at: number;
  last_login_at: number | null;
}

export const PERSON_COLUMNS =
  "u.id, u.name, u.role, u.group_name, u.full_name, u.disabled, u.must_change_password, u.created_at, u.last_login_at";

/** The account that every installation has: an admin who can be neither disabled, demoted nor deleted. */
export const ROOT = "root";

export const toPerson = (r: PersonRow): Person => ({
  id: r.id,
  name: r.name,
  role: r.role,
  group: r.group_name,
  fullName: r.full_name,
  disabled: r.disabled === 1,
  mustChangePassword: r.must_change_password === 1,
  createdAt: r.created_at,
  lastLoginAt: r.last_login_at,
});

/** What the API shows of a person: everything but the id. */
export function toUser({ id: _, ...shown }: Person): User {
  return shown;
}

export function personByName(db: Reader, name: string): Person | null {
  const row = db.get<PersonRow>(`SELECT ${PERSON_COLUMNS} FROM users u WHERE u.name = ?`, [name]);
  return row && toPerson(row);
}

export function personById(db: Reader, id: string): Person | null {
  const row = db.get<PersonRow>(`SELECT ${PERSON_COLUMNS} FROM users u WHERE u.id = ?`, [id]);
  return row && toPerson(row);
}
