import { Socket } from 'node:net'
import type { Connections } from '../../src/db/database.ts'
import { type ConnectionOptions, openConnections } from '../../src/db/pool/pool.ts'

/** A pool as the server has one, with limits a test can wait for. */
export const openTestConnections = (
  url: string,
  options: Partial<ConnectionOptions> = {},
): Connections =>
  openConnections(url, {
    size: 3,
    acquireTimeout: 1_000,
    queueLimit: 100,
    connectTimeout: 2_000,
    statementTimeout: 10_000,
    lockTimeout: 5_000,
    idleInTransactionTimeout: 10_000,
    applicationName: 'shopboard-test',
    socket: () => new Socket().setNoDelay(),
    on: () => {},
    ...options,
  })
