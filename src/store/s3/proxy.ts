import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import type { ProxySettings } from '../http/access.ts'

/** Never asked for through a proxy. */
const THIS_MACHINE = 'localhost,::1,[::1],127.0.0.1-127.255.255.255'

/** Node's own agents go through a proxy since 22.21 and 24.5; older ones ask the service itself. */
export function proxyAgents(
  { http: forHttp, https: forHttps, no = '' }: ProxySettings,
  connectMs: number,
): { httpAgent: http.Agent; httpsAgent: https.Agent } {
  const proxyEnv = { HTTP_PROXY: forHttp, HTTPS_PROXY: forHttps, NO_PROXY: `${no},${THIS_MACHINE}` }
  const options = { proxyEnv, keepAlive: true, timeout: connectMs }
  return { httpAgent: new http.Agent(options), httpsAgent: new TunnelAgent(options) }
}

/** Node's agent does not know a connection before its tunnel is established: a silent proxy would keep Node alive. */
class TunnelAgent extends https.Agent {
  readonly #sockets = new Set<Duplex>()

  override createConnection(...how: Parameters<https.Agent['createConnection']>): Duplex | null | undefined {
    const socket = super.createConnection(...how)
    if (socket) {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    return socket
  }

  override destroy(): void {
    super.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }
}
