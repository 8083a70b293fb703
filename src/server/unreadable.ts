import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { AppError, validationFailed } from '../errors/error.ts'
import { documentOf, refuse } from './refusal.ts'

/** Answers what Node's parser cannot read as a request, or does not get in time, and closes the connection. */
export function answerUnreadable(server: Server): void {
  const answers = new WeakMap<Socket, ServerResponse>()
  server.on('request', ({ socket }, outgoing) => answers.set(socket, outgoing))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = answers.get(socket)
    const isAnswering = answer?.headersSent === true && !answer.writableFinished
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) socket.destroy()
    else socket.end(responseTo(problemOf(error.code)))
  })
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.shouldKeepAlive = false
    refuse(incoming, outgoing, new AppError('expectation_failed'), undefined)
  })
}

const problemOf = (code: string | undefined): AppError => {
  if (code === 'HPE_HEADER_OVERFLOW') return new AppError('headers_too_large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('request_timeout')
  return validationFailed([{ path: 'request', message: 'is not HTTP/1.1' }])
}

function responseTo(error: AppError): string {
  const { body, headers } = documentOf(error, undefined)
  const lines = Object.entries({ ...headers, Connection: 'close' })
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n')
}
