import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import bigInt from 'big-integer'
import type { TelegramClient } from 'telegram'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Api, gramjs } from '../support/dc/gramjs.ts'
import { APP, givePassword, keyOf, loggedIn, loginToken } from '../support/dc/logins.ts'

const ANN = { phone: '15550001', code: '12345', userId: 71n, firstName: 'Ann' }
const BOB = {
  phone: '15550002',
  code: '54321',
  password: 'hunter2',
  userId: 72n,
  withoutFutureAuthTokens: true,
}
const BOT = { token: '4242:secret' }
const DAY = 86_400
const rpc = (code: number, errorMessage: string) => ({ code, errorMessage })

const tokenOf = async (client: TelegramClient): Promise<Buffer> => {
  const answer = await loginToken(client)
  assert.ok(answer instanceof Api.auth.LoginToken)
  return answer.token
}
const accept = (client: TelegramClient, token: Buffer) =>
  client.invoke(new Api.auth.AcceptLoginToken({ token }))
const reset = (client: TelegramClient, hash: bigInt.BigInteger) =>
  client.invoke(new Api.account.ResetAuthorization({ hash }))
const list = async (client: TelegramClient) =>
  (await client.invoke(new Api.account.GetAuthorizations())).authorizations

describe('the logins of an account', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let home: FakeDc
  let other: FakeDc
  let open: TelegramClient[]

  beforeEach(async () => {
    open = []
    home = await FakeDc.start({ dcId: 2, accounts: [ANN, BOB], bots: [BOT], privateKey })
    other = await FakeDc.start({ dcId: 4, privateKey })
    home.introduce(other)
  })
  afterEach(async () => {
    for (const client of open) await client.destroy()
    await home.close()
    await other.close()
  })

  const keep = async (client: TelegramClient | Promise<TelegramClient>): Promise<TelegramClient> => {
    open.push(await client)
    return client
  }
  const fresh = async (dc: FakeDc): Promise<TelegramClient> => {
    const client = await keep(gramjs(dc))
    await client.connect()
    return client
  }

  it('begin with a token that another login accepts, and are told to it', async () => {
    const stored = await keep(loggedIn(home, ANN))
    const news = new Promise<Api.UpdateNewAuthorization>((resolve) => {
      stored.addEventHandler(
        (update: unknown) => update instanceof Api.UpdateNewAuthorization && resolve(update),
      )
    })
    await stored.invoke(new Api.updates.GetState())
    const fork = await fresh(home)
    const { hash, unconfirmed, passwordPending } = await accept(stored, await tokenOf(fork))
    assert.deepEqual([unconfirmed, passwordPending, hash.isZero()], [true, false, false])
    assert.ok((await loginToken(fork)) instanceof Api.auth.LoginTokenSuccess)
    assert.equal((await fork.getMe()).id.toString(), '71')
    const { unconfirmed: asked, hash: told } = await news
    assert.deepEqual([asked, String(told)], [true, String(hash)])

    const [mine, theirs] = await list(stored)
    assert.deepEqual([mine?.current, String(mine?.hash), mine?.unconfirmed], [true, '0', false])
    assert.deepEqual([theirs?.current, String(theirs?.hash), theirs?.apiId], [false, String(hash), APP.apiId])
    await stored.invoke(new Api.account.ChangeAuthorizationSettings({ hash, confirmed: true }))
    assert.deepEqual(
      (await list(stored)).map((each) => each.unconfirmed),
      [false, false],
    )
  })

  it('end others after 24 hours only, and themselves at any time', async () => {
    const stored = await keep(loggedIn(home, ANN))
    const fork = await fresh(home)
    const { hash } = await accept(stored, await tokenOf(fork))
    await loginToken(fork)
    const forbidden = rpc(406, 'FRESH_RESET_AUTHORISATION_FORBIDDEN')
    await assert.rejects(reset(stored, hash), forbidden)
    await assert.rejects(stored.invoke(new Api.auth.ResetAuthorizations()), forbidden)
    home.backdate(keyOf(stored), DAY)
    await assert.rejects(reset(stored, bigInt(5)), rpc(400, 'HASH_INVALID'))
    assert.equal(await reset(stored, hash), true)
    await assert.rejects(fork.invoke(new Api.updates.GetState()), rpc(401, 'SESSION_REVOKED'))
    assert.equal((await list(stored)).length, 1)
  })

  it('are taken back before the client has noticed them', async () => {
    const stored = await keep(loggedIn(home, ANN))
    home.backdate(keyOf(stored), DAY)
    const fork = await fresh(home)
    const { hash } = await accept(stored, await tokenOf(fork))
    await reset(stored, hash)
    assert.ok((await loginToken(fork)) instanceof Api.auth.LoginToken)
    const far = await fresh(other)
    const accepted = await accept(stored, await tokenOf(far))
    await reset(stored, accepted.hash)
    const moved = await loginToken(far)
    assert.ok(moved instanceof Api.auth.LoginTokenMigrateTo)
    const { token } = moved
    await assert.rejects(
      fork.invoke(new Api.auth.ImportLoginToken({ token })),
      rpc(400, 'AUTH_TOKEN_INVALID'),
    )
  })

  it('are refused to tokens that are used up or unknown, and to bots', async () => {
    const stored = await keep(loggedIn(home, ANN))
    const fork = await fresh(home)
    const token = await tokenOf(fork)
    await assert.rejects(accept(fork, token), rpc(401, 'AUTH_KEY_UNREGISTERED'))
    await assert.rejects(accept(stored, Buffer.alloc(32)), rpc(400, 'AUTH_TOKEN_INVALID'))
    await accept(stored, token)
    await assert.rejects(accept(stored, token), rpc(400, 'AUTH_TOKEN_ALREADY_ACCEPTED'))
    await fork.invoke(new Api.auth.ImportBotAuthorization({ ...APP, flags: 0, botAuthToken: BOT.token }))
    await assert.rejects(list(fork), rpc(400, 'BOT_METHOD_INVALID'))
  })

  it('go on at the data centre of the account, where the password is asked', async () => {
    const stored = await keep(loggedIn(home, BOB))
    const far = await fresh(other)
    const { passwordPending } = await accept(stored, await tokenOf(far))
    assert.equal(passwordPending, true)
    const moved = await loginToken(far)
    assert.ok(moved instanceof Api.auth.LoginTokenMigrateTo)
    assert.equal(moved.dcId, 2)
    const near = await fresh(home)
    const { token } = moved
    await assert.rejects(
      near.invoke(new Api.auth.ImportLoginToken({ token })),
      rpc(401, 'SESSION_PASSWORD_NEEDED'),
    )
    assert.deepEqual(
      (await list(stored)).map((each) => each.passwordPending),
      [false, true],
    )
    await givePassword(near, BOB.password)
    assert.equal((await near.getMe()).id.toString(), '72')
  })

  it('are carried to another data centre, and end there too', async () => {
    const stored = await keep(loggedIn(home, ANN))
    await assert.rejects(
      stored.invoke(new Api.auth.ExportAuthorization({ dcId: 2 })),
      rpc(400, 'DC_ID_INVALID'),
    )
    const { id, bytes } = await stored.invoke(new Api.auth.ExportAuthorization({ dcId: 4 }))
    const far = await fresh(other)
    await far.invoke(new Api.auth.ImportAuthorization({ id, bytes }))
    assert.equal((await far.getMe()).id.toString(), '71')
    await assert.rejects(
      far.invoke(new Api.auth.ImportAuthorization({ id, bytes })),
      rpc(400, 'AUTH_BYTES_INVALID'),
    )
    const second = await keep(loggedIn(home, ANN))
    home.backdate(keyOf(second), DAY)
    await second.invoke(new Api.auth.ResetAuthorizations())
    await assert.rejects(far.invoke(new Api.updates.GetState()), rpc(401, 'SESSION_REVOKED'))
  })

  it('end when they are not used for as long as the account says', async () => {
    const stored = await keep(loggedIn(home, ANN))
    const idle = await keep(loggedIn(home, ANN))
    const setTtl = (authorizationTtlDays: number) =>
      stored.invoke(new Api.account.SetAuthorizationTTL({ authorizationTtlDays }))
    await assert.rejects(setTtl(7), rpc(406, 'FRESH_RESET_AUTHORISATION_FORBIDDEN'))
    home.backdate(keyOf(stored), DAY)
    await assert.rejects(setTtl(367), rpc(400, 'TTL_DAYS_INVALID'))
    await setTtl(7)
    assert.equal((await stored.invoke(new Api.account.GetAuthorizations())).authorizationTtlDays, 7)
    home.backdate(keyOf(idle), 7 * DAY + 10)
    await assert.rejects(idle.invoke(new Api.updates.GetState()), rpc(401, 'SESSION_EXPIRED'))
    await stored.invoke(new Api.updates.GetState())
  })

  it('leave a token that spares the next code, once', async () => {
    const stored = await keep(loggedIn(home, ANN))
    const { futureAuthToken: token } = await stored.invoke(new Api.auth.LogOut())
    assert.ok(token)
    const settings = new Api.CodeSettings({ logoutTokens: [Buffer.alloc(32), token] })
    const { phone: phoneNumber } = ANN
    const again = await fresh(home)
    const send = () => again.invoke(new Api.auth.SendCode({ phoneNumber, ...APP, settings }))
    assert.ok((await send()) instanceof Api.auth.SentCodeSuccess)
    assert.equal((await again.getMe()).id.toString(), '71')
    assert.ok((await send()) instanceof Api.auth.SentCode)
    const without = await keep(loggedIn(home, BOB))
    assert.ok(!(await without.invoke(new Api.auth.LogOut())).futureAuthToken)
  })
})

describe('the standing of an account', () => {
  let dc: FakeDc
  let client: TelegramClient
  before(async () => {
    dc = await FakeDc.start({ accounts: [ANN], channels: [{ channelId: 5n, title: 'News' }] })
    client = await loggedIn(dc, ANN)
  })
  after(async () => {
    await client.destroy()
    await dc.close()
  })
  const getState = () => client.invoke(new Api.updates.GetState())

  it('frozen: reads, but does not write', async () => {
    dc.setStanding(ANN.userId, 'frozen')
    await getState()
    await assert.rejects(client.sendMessage('me', { message: 'hi' }), rpc(420, 'FROZEN_METHOD_INVALID'))
    const channel = new Api.InputChannel({ channelId: bigInt(5), accessHash: bigInt(0) })
    await assert.rejects(
      client.invoke(new Api.channels.GetChannels({ id: [channel] })),
      rpc(400, 'FROZEN_PARTICIPANT_MISSING'),
    )
    const answer = await client.invoke(new Api.help.GetAppConfig({ hash: 0 }))
    assert.ok(answer instanceof Api.help.AppConfig && answer.config instanceof Api.JsonObject)
    assert.deepEqual(
      answer.config.value.map((each) => each instanceof Api.JsonObjectValue && each.key),
      ['freeze_since_date', 'freeze_until_date', 'freeze_appeal_url'],
    )
  })

  it('banned or deleted: is let in no more', async () => {
    dc.setStanding(ANN.userId, 'deleted')
    await assert.rejects(getState(), rpc(401, 'USER_DEACTIVATED'))
    dc.setStanding(ANN.userId, 'banned')
    await assert.rejects(getState(), rpc(401, 'USER_DEACTIVATED_BAN'))
    await assert.rejects(client.sendCode(APP, ANN.phone), rpc(400, 'PHONE_NUMBER_BANNED'))
    dc.setStanding(ANN.userId, 'good')
    await getState()
  })
})
