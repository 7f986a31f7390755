import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { PromisedNetSockets } from 'telegram/extensions/PromisedNetSockets.js'
import { clientOptions } from '../../src/clients/gramjs/client-options.ts'
import { QuietLogger } from '../../src/telegram/client/quiet-logger.ts'
import { cleanUp, clientFor, sessionFor } from '../support/telegram/clients.ts'
import { CLOSED_PORT } from '../support/free-port.ts'

describe('clientOptions', () => {
  afterEach(async () => {
    mock.restoreAll()
    await cleanUp()
  })

  it('dials the session’s own port at its own address, and leaves other data centres alone', async () => {
    const session = await sessionFor({ host: '127.0.0.1', port: 50_000, dcId: 2 })
    const { connection } = clientOptions(session)
    assert.ok(connection)
    const portOf = (ip: string, port: number, dcId: number): number => {
      const rest = {
        loggers: new QuietLogger(() => undefined),
        testServers: false,
        socket: PromisedNetSockets,
      }
      return Number(/:(\d+)\//.exec(String(new connection({ ip, port, dcId, ...rest })))?.[1])
    }
    assert.equal(portOf('127.0.0.1', 80, 2), 50_000)
    assert.equal(portOf('149.154.167.91', 443, 4), 443)
    assert.equal(portOf('127.0.0.1', 443, 4), 443)
    session.setDC(4, '149.154.167.91', 443)
    assert.equal(portOf('149.154.167.91', 80, 4), 443)
  })

  it('keeps what the user sets, and never gives up the connection class', async () => {
    const session = await sessionFor({ host: '127.0.0.1', port: 1 })
    const options = clientOptions(session, { deviceModel: 'my bot', floodSleepThreshold: 5 })
    assert.equal(options.deviceModel, 'my bot')
    assert.equal(options.floodSleepThreshold, 5)
    assert.ok(Number.isFinite(options.connectionRetries))
    assert.equal(typeof options.connection, 'function')
  })

  it('says nothing on the console when a connection fails, and warns the sink', async () => {
    const printed: unknown[] = []
    for (const method of ['log', 'warn', 'error', 'info', 'debug'] as const)
      mock.method(console, method, (...args: unknown[]) => printed.push(args))
    const heard: string[] = []
    const session = await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT })
    const client = clientFor(session, { log: (level, message) => heard.push(`${level} ${message}`) })
    assert.equal(await client.connect(), false)
    await client.destroy()
    assert.deepEqual(printed, [])
    assert.equal(heard.filter((line) => line.startsWith('error ')).length, 2)
    assert.ok(!heard.some((line) => line.includes('Disconnecting')))
  })

  it('lets no level through but warnings and errors', () => {
    const heard: string[] = []
    const logger = new QuietLogger((level) => heard.push(level))
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]('x')
    assert.deepEqual(heard, ['warn', 'error'])
  })
})
