/** The least a Hono server does: the body it is given, as JSON. */
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { announce } from './contender.ts'

const body = JSON.parse(process.env.BODY ?? '{}')
const app = new Hono().get('*', (c) => c.json(body))

announce(createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1'))
