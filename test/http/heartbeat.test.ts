import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { beat } from '../../src/http/heartbeat.ts'
import { SimTime } from '../support/sim-clock.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('the heartbeat', () => {
  const folder = temporaryFolder()
  let server: Server
  let url: string
  let ca: string
  const asked: string[] = []
  before(async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name))
    const subject = '/CN=localhost -addext subjectAltName=DNS:localhost'.split(' ')
    const options = `req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ${key} -out ${cert} -subj`.split(' ')
    execFileSync('openssl', [...options, ...subject], { stdio: 'ignore' })
    ca = readFileSync(cert!, 'utf8')
    server = createServer({ key: readFileSync(key!), cert: ca }, (request, response) => {
      asked.push(`${request.method} ${request.url}`)
      // A redirect is an answer like any other, and nobody follows it.
      response.writeHead(302, { Location: '/elsewhere' }).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    url = `https://localhost:${typeof bound === 'object' && bound ? bound.port : 0}/ping/secret`
  })
  after(() => {
    server.close()
  })

  /** The other side has heard it when nothing is open any more. */
  const answered = async (): Promise<void> => {
    await until(
      () => new Promise<boolean>((resolve) => server.getConnections((_, open) => resolve(open === 0))),
    )
    await new Promise(setImmediate)
  }

  it('asks once a minute while all is well, and not sooner when it is well again', async () => {
    const time = new SimTime()
    let well = false
    const over = new AbortController()
    const beating = beat({ url, isWell: () => well, clock: time.clock(), signal: over.signal, tls: { ca } })
    await time.run(90_000)
    assert.deepEqual(asked, [])
    well = true
    await time.run(92_000)
    await until(() => asked.length === 1)
    await answered()
    well = false
    await time.run(120_000)
    well = true
    await time.run(140_000)
    assert.equal(asked.length, 1)
    await time.run(160_000)
    await until(() => asked.length === 2)
    assert.deepEqual(asked, ['GET /ping/secret', 'GET /ping/secret'])
    over.abort()
    await beating
  })

  it('is none the worse for a watcher that cannot be reached, or is somebody else', async () => {
    const time = new SimTime()
    const over = new AbortController()
    // Without the certificate's authority nobody is believed to be the watcher.
    const beating = beat({ url, isWell: () => true, clock: time.clock(), signal: over.signal })
    await Promise.all([once(server, 'tlsClientError'), time.run(1)])
    await answered()
    assert.equal(asked.length, 2)
    over.abort()
    await beating
  })
})
