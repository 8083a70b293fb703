import type { DatabaseCommand } from './on-database.ts'

/** `migrate`: every command finds its database migrated, so there is nothing left to do. */
export const runMigrate: DatabaseCommand = async (_database, _flags, { stdout }) => {
  stdout.write('The schema is up to date.\n')
  return 0
}
