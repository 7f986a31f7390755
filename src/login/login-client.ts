import { Api, TelegramClient } from 'telegram'
import type { SQLiteSession } from '../clients/gramjs/sqlite-session.ts'
import { clientOptions } from '../clients/gramjs/client-options.ts'
import type { LogSink } from '../telegram/client/log-sink.ts'

export interface Credentials {
  apiId: number
  apiHash: string
}

/**
 * The client of one login. Where the account lives in another data centre GramJS moves there by itself, but dials
 * port 443 whatever Telegram says, and may pick an address that serves only media; this one does neither.
 */
export class LoginClient extends TelegramClient {
  constructor(session: SQLiteSession, { apiId, apiHash }: Credentials, log: LogSink, deviceModel?: string) {
    super(session, apiId, apiHash, {
      ...clientOptions(session, {
        log,
        ...(deviceModel !== undefined && { deviceModel }),
        connectionRetries: 3,
        retryDelay: 500,
        // A wait, however short, is for the attempt log to know and for the person to decide.
        floodSleepThreshold: 0,
      }),
    })
  }

  override async getDC(dcId: number): Promise<{ id: number; ipAddress: string; port: number }> {
    const { dcOptions } = await this.invoke(new Api.help.GetConfig())
    const option = dcOptions.find(
      (each) => each.id === dcId && !each.ipv6 && !each.mediaOnly && !each.cdn && !each.tcpoOnly,
    )
    if (!option) throw new Error(`no address of data centre ${dcId}`)
    return { id: dcId, ipAddress: option.ipAddress, port: option.port }
  }
}
