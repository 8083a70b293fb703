/** As much of node-postgres as the twin and the naive server use. */
declare module 'pg' {
  type Query = string | { name?: string; text: string; values?: readonly unknown[] }
  type Result<Row> = { readonly rows: Row[] }
  export class Client {
    constructor(options: { connectionString: string })
    connect(): Promise<void>
    query<Row>(query: Query, values?: readonly unknown[]): Promise<Result<Row>>
    end(): Promise<void>
  }
  export class Pool {
    constructor(options: { connectionString: string; max: number; options?: string })
    connect(): Promise<Client & { release(error?: boolean): void }>
    query<Row>(query: Query): Promise<Result<Row>>
  }
  export const types: { setTypeParser(oid: number, parse: (text: string) => unknown): void }
}
