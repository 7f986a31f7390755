import type { DcAddress } from './portable-session.ts'

/**
 * Telegram's data centres as the libraries know them when a session does not say where to connect: Pyrogram's strings
 * hold only a number. Sources: pyrogram/session/internals/data_center.py, telethon/client/telegrambaseclient.py.
 */
const PRODUCTION: Readonly<Record<number, string>> = {
  1: '149.154.175.53',
  2: '149.154.167.51',
  3: '149.154.175.100',
  4: '149.154.167.91',
  5: '91.108.56.130',
  203: '91.105.192.100',
}

const TEST: Readonly<Record<number, string>> = {
  1: '149.154.175.10',
  2: '149.154.167.40',
  3: '149.154.175.117',
}

const TEST_IPV6: readonly string[] = [
  '2001:b28:f23d:f001::e',
  '2001:67c:4e8:f002::e',
  '2001:b28:f23d:f003::e',
]

export function knownAddress(dcId: number, testMode: boolean): DcAddress | undefined {
  const serverAddress = (testMode ? TEST : PRODUCTION)[dcId]
  return serverAddress === undefined ? undefined : { dcId, serverAddress, port: 443 }
}

export function isTestAddress(address: string): boolean {
  return Object.values(TEST).includes(address) || TEST_IPV6.includes(address)
}
