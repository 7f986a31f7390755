import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { TelegramClient } from 'telegram'
import { computeCheck } from 'telegram/Password.js'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { API_HASH, API_ID, Api, gramjs } from '../support/dc/gramjs.ts'

const ANN = { phone: '+1 555 0001', code: '12345', userId: 7_000_000_001n, firstName: 'Ann', username: 'ann' }
const BOB = { phone: '15550002', code: '54321', password: 'correct horse', firstName: 'Bob' }
const BOT = { token: '4242:secret', firstName: 'Botty' }

const app = { apiId: API_ID, apiHash: API_HASH }
const sendCode = async (client: TelegramClient, phoneNumber: string): Promise<Api.auth.SentCode> => {
  const sent = await client.invoke(
    new Api.auth.SendCode({ phoneNumber, ...app, settings: new Api.CodeSettings({}) }),
  )
  assert.ok(sent instanceof Api.auth.SentCode)
  return sent
}
const signIn = async (client: TelegramClient, phoneNumber: string, phoneCode: string): Promise<unknown> => {
  const { phoneCodeHash } = await sendCode(client, phoneNumber)
  return client.invoke(new Api.auth.SignIn({ phoneNumber, phoneCodeHash, phoneCode }))
}
const rpc = (code: number, errorMessage: string) => ({ code, errorMessage })

describe('GramJS logs in', () => {
  let dc: FakeDc
  let client: TelegramClient

  beforeEach(async () => {
    dc = await FakeDc.start({ accounts: [ANN, BOB], bots: [BOT] })
    client = gramjs(dc)
    assert.equal(await client.connect(), true)
  })

  afterEach(async () => {
    await client.destroy()
    await dc.close()
  })

  it('with phone and code', async () => {
    const sent = await sendCode(client, ANN.phone)
    assert.ok(sent.type instanceof Api.auth.SentCodeTypeApp)
    assert.equal(sent.type.length, 5)
    await client.invoke(
      new Api.auth.SignIn({ phoneNumber: ANN.phone, phoneCodeHash: sent.phoneCodeHash, phoneCode: ANN.code }),
    )
    const me = await client.getMe()
    assert.deepEqual(
      [me.id.toString(), me.self, me.firstName, me.username, me.phone, me.bot],
      ['7000000001', true, 'Ann', 'ann', '15550001', false],
    )
    // The last one: one exchange in 256 is made twice (test/support/dc/keys.ts).
    const { logins, keys } = dc.stats()
    assert.equal(logins, 1)
    assert.deepEqual([keys.at(-1)?.state, keys.at(-1)?.userId], ['authorised', ANN.userId])
  })

  it('has no account before that, nor after logging out', async () => {
    const getState = () => client.invoke(new Api.updates.GetState())
    await assert.rejects(getState(), rpc(401, 'AUTH_KEY_UNREGISTERED'))
    await signIn(client, ANN.phone, ANN.code)
    await getState()
    await client.invoke(new Api.auth.LogOut())
    await assert.rejects(getState(), rpc(401, 'AUTH_KEY_UNREGISTERED'))
    assert.equal(dc.stats().keys.at(-1)?.state, 'loggedOut')
  })

  it('not with a wrong, an empty, a used or a cancelled code', async () => {
    const { phoneCodeHash } = await sendCode(client, ANN.phone)
    const attempt = (phoneCode: string) =>
      client.invoke(new Api.auth.SignIn({ phoneNumber: ANN.phone, phoneCodeHash, phoneCode }))
    await assert.rejects(attempt('99999'), rpc(400, 'PHONE_CODE_INVALID'))
    await assert.rejects(attempt(''), rpc(400, 'PHONE_CODE_EMPTY'))
    await attempt(ANN.code)
    await assert.rejects(attempt(ANN.code), rpc(400, 'PHONE_CODE_EXPIRED'))
    const second = await sendCode(client, ANN.phone)
    const cancel = { phoneNumber: ANN.phone, phoneCodeHash: second.phoneCodeHash }
    assert.equal(await client.invoke(new Api.auth.CancelCode(cancel)), true)
    await assert.rejects(
      client.invoke(new Api.auth.SignIn({ ...cancel, phoneCode: ANN.code })),
      rpc(400, 'PHONE_CODE_EXPIRED'),
    )
    assert.equal(dc.stats().logins, 1)
  })

  it('not with a number that nobody has, or that is none', async () => {
    await assert.rejects(signIn(client, '15559999', '12345'), rpc(400, 'PHONE_NUMBER_UNOCCUPIED'))
    await assert.rejects(sendCode(client, '12ab'), rpc(400, 'PHONE_NUMBER_INVALID'))
  })

  it('with a code sent again by SMS, once', async () => {
    const { phoneCodeHash } = await sendCode(client, ANN.phone)
    const again = () => client.invoke(new Api.auth.ResendCode({ phoneNumber: ANN.phone, phoneCodeHash }))
    const sent = await again()
    assert.ok(sent instanceof Api.auth.SentCode && sent.type instanceof Api.auth.SentCodeTypeSms)
    await assert.rejects(again(), rpc(406, 'SEND_CODE_UNAVAILABLE'))
  })

  it('with a password, proven by SRP', async () => {
    const check = async (password: string) => {
      const question = await client.invoke(new Api.account.GetPassword())
      return client.invoke(new Api.auth.CheckPassword({ password: await computeCheck(question, password) }))
    }
    await assert.rejects(signIn(client, BOB.phone, BOB.code), rpc(401, 'SESSION_PASSWORD_NEEDED'))
    assert.equal(dc.stats().logins, 0)
    await assert.rejects(check('wrong'), rpc(400, 'PASSWORD_HASH_INVALID'))
    await check(BOB.password)
    assert.equal((await client.getMe()).firstName, 'Bob')
    assert.equal(dc.stats().logins, 1)
  })

  it('answers an old SRP question no more', async () => {
    await assert.rejects(signIn(client, BOB.phone, BOB.code), rpc(401, 'SESSION_PASSWORD_NEEDED'))
    const old = await computeCheck(await client.invoke(new Api.account.GetPassword()), BOB.password)
    await client.invoke(new Api.account.GetPassword())
    await assert.rejects(
      client.invoke(new Api.auth.CheckPassword({ password: old })),
      rpc(400, 'SRP_ID_INVALID'),
    )
  })

  it('as a bot', async () => {
    const login = (botAuthToken: string) =>
      client.invoke(new Api.auth.ImportBotAuthorization({ ...app, botAuthToken }))
    await assert.rejects(login('4242:wrong'), rpc(400, 'ACCESS_TOKEN_INVALID'))
    await login(BOT.token)
    const me = await client.getMe()
    assert.deepEqual([me.id.toString(), me.bot, me.phone], ['4242', true, null])
  })

  it('by a QR code that another device accepts', async () => {
    const ask = () => client.invoke(new Api.auth.ExportLoginToken({ ...app, exceptIds: [] }))
    const scanned = new Promise<void>((resolve) => {
      client.addEventHandler((update: unknown) => update instanceof Api.UpdateLoginToken && resolve())
    })
    const question = await ask()
    assert.ok(question instanceof Api.auth.LoginToken)
    dc.acceptLoginToken(question.token, ANN.userId)
    await scanned
    const answer = await ask()
    assert.ok(answer instanceof Api.auth.LoginTokenSuccess)
    assert.equal((await client.getMe()).firstName, 'Ann')
  })

  it('with its own start()', async () => {
    const asked: string[] = []
    const ask = (name: string, answer: string) => () => {
      asked.push(name)
      return Promise.resolve(answer)
    }
    await client.start({
      phoneNumber: BOB.phone,
      phoneCode: ask('code', BOB.code),
      password: ask('password', BOB.password),
      onError: (error) => {
        throw error
      },
    })
    assert.deepEqual(asked, ['code', 'password'])
  })
})
