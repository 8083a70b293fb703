import { Socket } from 'node:net'
import type { Pool } from '../../src/db/database.ts'
import { openPool, type PoolOptions } from '../../src/db/pool/pool.ts'

/** A pool as the server has one, with limits a test can wait for. */
export const openTestPool = (url: string, options: Partial<PoolOptions> = {}): Pool =>
  openPool(url, {
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
