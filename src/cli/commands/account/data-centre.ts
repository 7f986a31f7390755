import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ConfigurationError, UsageError } from '../../../base/errors.ts'
import type { DataCentre } from '../../../login/login.ts'

export interface DcFlags {
  dc?: string
  dcKey?: string
}

export function withDcOptions(command: Command): Command {
  return command
    .option('--dc <host:port>', "a data centre that is not Telegram's own, for rehearsals")
    .option('--dc-key <file>', 'its public RSA key (PEM)')
}

/** @throws UsageError login.dc, ConfigurationError login.dc_key */
export async function dataCentre({ dc, dcKey }: DcFlags): Promise<DataCentre | undefined> {
  if (dc === undefined && dcKey === undefined) return undefined
  const match = /^(.+):(\d{1,5})$/.exec(dc ?? '')
  if (!match || dcKey === undefined)
    throw new UsageError('login.dc', '--dc takes HOST:PORT and needs --dc-key FILE', {
      hint: 'For example: tgsession login --dc 127.0.0.1:8443 --dc-key dc.pem',
    })
  return { host: match[1] ?? '', port: Number(match[2]), publicKeyPem: await serverKey(dcKey) }
}

/** @throws ConfigurationError login.dc_key */
export async function serverKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new ConfigurationError('login.dc_key', `cannot read ${file}`, {
      hint: 'It is the public key of the data centre, as PEM.',
    })
  }
}
