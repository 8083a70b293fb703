import { Socket } from 'node:net'
import type { Pool } from '../../src/db/database.ts'
import { openPool, type PoolOptions } from '../../src/db/pool/pool.ts'

/** A pool as the server has one, with limits that a busy machine does not reach. */
export const openTestPool = (url: string, options: Partial<PoolOptions> = {}): Pool =>
  openPool(url, {
    size: 3,
    acquireTimeout: 30_000,
    queueLimit: 100,
    connectTimeout: 10_000,
    statementTimeout: 60_000,
    lockTimeout: 60_000,
    idleInTransactionTimeout: 60_000,
    applicationName: 'shopboard-test',
    socket: () => new Socket().setNoDelay(),
    on: () => {},
    ...options,
  })
