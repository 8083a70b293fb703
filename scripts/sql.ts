/** Writes the SQL of every statement to test/sql; prints that of the one it is given: `npm run sql -- activity_page`. */
import { globSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { everyStatement, sqlDirectory, sqlOf } from '../test/support/every-statement.ts'

const [asked] = process.argv.slice(2)
const statements = await everyStatement()
if (asked === undefined) {
  for (const file of globSync('*.sql', { cwd: sqlDirectory })) rmSync(join(sqlDirectory, file))
  for (const statement of statements) {
    writeFileSync(join(sqlDirectory, `${statement.name}.sql`), sqlOf(statement))
  }
  console.log(`${statements.length} statements written to ${sqlDirectory}`)
} else {
  const found = statements.find(({ name }) => name === asked)
  if (found) process.stdout.write(sqlOf(found))
  else {
    const names = statements.map(({ name }) => name).join(', ')
    console.error(`There is no statement ${asked}. There are ${names}.`)
    process.exitCode = 1
  }
}
