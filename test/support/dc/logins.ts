import { computeCheck } from 'telegram/Password.js'
import type { TelegramClient } from 'telegram'
import type { FakeAccount, FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { keyIdOf } from './fingerprint.ts'
import { API_HASH, API_ID, Api, gramjs } from './gramjs.ts'

export const APP = { apiId: API_ID, apiHash: API_HASH }

/** Which of the data centre's keys the client has. */
export function keyOf(client: TelegramClient): string {
  const key = client.session.getAuthKey(client.session.dcId)?.getKey()
  if (!key) throw new Error('the client has no key')
  return keyIdOf(key).toString('hex')
}

export async function givePassword(client: TelegramClient, password: string): Promise<void> {
  const challenge = await client.invoke(new Api.account.GetPassword())
  await client.invoke(new Api.auth.CheckPassword({ password: await computeCheck(challenge, password) }))
}

/** A GramJS client that has logged in by phone. */
export async function loggedIn(dc: FakeDc, { phone, code, password }: FakeAccount): Promise<TelegramClient> {
  const client = gramjs(dc)
  await client.connect()
  const { phoneCodeHash } = await client.sendCode(APP, phone)
  const signIn = new Api.auth.SignIn({ phoneNumber: phone, phoneCodeHash, phoneCode: code })
  await client.invoke(signIn).catch((error: unknown) => {
    if (password === undefined) throw error
    return givePassword(client, password)
  })
  return client
}

/** A token for a QR code, of a client that is not logged in. */
export async function loginToken(client: TelegramClient): Promise<Api.auth.TypeLoginToken> {
  return client.invoke(new Api.auth.ExportLoginToken({ ...APP, exceptIds: [] }))
}
