import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { kindNumber } from './kinds.ts'

/** Which users are meant: a flag left out takes both. */
export type UserClasses = {
  readonly isActive?: boolean | undefined
  readonly isAdmin?: boolean | undefined
}

/** The four classes: what `flags` of a pending signup says, and the columns that an index of users begins with. */
const classes = [
  { flags: 0, isActive: true, isAdmin: false },
  { flags: 1, isActive: false, isAdmin: false },
  { flags: 2, isActive: true, isAdmin: true },
  { flags: 3, isActive: false, isAdmin: true },
] as const
export type UserClass = (typeof classes)[number]

/** The one, two or four classes that these users are of. */
export const classesOf = ({ isActive, isAdmin }: UserClasses): readonly UserClass[] =>
  classes.filter(
    (one) =>
      one.isActive === (isActive ?? one.isActive) && one.isAdmin === (isAdmin ?? one.isAdmin),
  )

/** How many of them signed up in a bucket, from its columns in `foldedBuckets` or `currentBuckets`. */
export function signupsOf({ isActive, isAdmin }: UserClasses): SQL {
  const all = ofAdmins(isAdmin, 'signups', 'admins')
  const inactive = ofAdmins(isAdmin, 'inactive', 'inactive_admins')
  if (isActive === undefined) return sql.raw(`(${all})`)
  return sql.raw(isActive ? `(${all} - ${inactive})` : `(${inactive})`)
}

const ofAdmins = (isAdmin: boolean | undefined, all: string, admins: string): string => {
  if (isAdmin === undefined) return all
  return isAdmin ? admins : `(${all} - ${admins})`
}

/** Stands for them among the kinds of crowds, as `rollup.user_crowd` numbers them. */
export function crowdNumber({ isActive, isAdmin }: UserClasses): number {
  const numberOf = (flag: boolean | undefined) => (flag === undefined ? 0 : flag ? 1 : 2)
  const number = 3 + 3 * numberOf(isActive) + numberOf(isAdmin)
  return number === 3 ? kindNumber('signup') : number
}

/** Whether a pending signup is of them, by its flags in `pendingCounts`. */
export const isSignupOf = (users: UserClasses, flags: SQLWrapper): SQL =>
  sql`${flags} in (${sql.raw(
    classesOf(users)
      .map((one) => one.flags)
      .join(', '),
  )})`
