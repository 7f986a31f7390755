import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, afterEach, before, describe, it } from 'node:test'
import jsQr from 'jsqr'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { UnreachableError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { verifySession } from '../../src/session/inspect.ts'
import { ANN, BOB, BOT } from '../login/people.ts'
import { missing } from '../support/requires.ts'
import {
  openBrowser,
  type PageRig,
  type PageRigOptions,
  servePageFor,
  TOKEN,
} from '../support/web/page-rig.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const ANN_ID = 777_002n
/** Where pictures go that a person wants to look at. */
const PICTURES = process.env['TGSESSION_TEST_PICTURES']

describe('the page in a browser', { skip: missing.chromium() }, () => {
  let browser: Browser
  let dc: FakeDc
  let rig: PageRig
  let page: Page
  const errors: string[] = []
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())
  afterEach(async () => {
    await page.context().close()
    await rig.close()
    await dc.close()
    assert.deepEqual(errors.splice(0), [])
  })

  const open = async (
    options: PageRigOptions = {},
    look: BrowserContextOptions = {},
    fragment = `#t=${TOKEN}`,
  ): Promise<void> => {
    dc = await FakeDc.start({ accounts: [{ ...ANN, userId: ANN_ID }, BOB], bots: [BOT] })
    rig = await servePageFor(dc, options)
    // The page's own policy forbids what axe is put in with; all else here is judged with it in force.
    const context = await browser.newContext({ reducedMotion: 'reduce', ...look })
    context.setDefaultTimeout(120_000)
    page = await context.newPage()
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      // Refusals and lost connections are what some tests are about.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        errors.push(message.text())
    })
    await page.goto(`${rig.server.url}/${fragment}`)
  }
  /** axe-core over what stands there now, and a picture. */
  const judge = async (name: string): Promise<void> => {
    const session = await page.context().newCDPSession(page)
    // As a debugger evaluates it, past the page's policy.
    await session.send('Runtime.evaluate', { expression: AXE })
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' '))))`,
      awaitPromise: true,
      returnByValue: true,
    })
    assert.equal(result.value, '[]', name)
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true })
  }
  const heading = (text: string): Promise<void> => page.getByRole('heading', { name: text }).waitFor()
  const answer = async (label: string | RegExp, text: string): Promise<void> => {
    await page.getByLabel(label).fill(text)
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  const byPhone = async (phone: string): Promise<void> => {
    await page.getByRole('radio', { name: /Phone number/ }).check()
    await page.getByLabel('Phone number, with').fill(phone)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  const assertStored = async (userName: string): Promise<void> => {
    await page.getByText(`As ${userName}`).waitFor()
    const { bytes, revision } = await rig.replica.restore()
    assert.equal((await verifySession(bytes)).keyFingerprint, revision.keyFingerprint)
    await page.getByText(`Revision ${revision.revision},`).waitFor()
    const text = await page.content()
    for (const secret of [TOKEN, ANN.code, BOB.password, BOT.token]) assert.ok(!text.includes(secret))
  }

  it('shows nothing but an empty shell before the token; takes it by hand, forgets a wrong one', async () => {
    await open({}, {}, '')
    await heading('Unlock this page')
    assert.equal(await page.getByRole('region', { name: 'State' }).count(), 0)
    assert.match(await page.locator('#where').innerText(), /it stands <b>where<\/b> the test put it/)
    await judge('locked')
    await page.getByLabel('Token').fill('wrong'.repeat(10))
    await page.keyboard.press('Enter')
    await page.getByText('That token is not right.').waitFor()
    await page.getByLabel('Token').fill(TOKEN)
    await page.keyboard.press('Enter')
    await heading('Log in to Telegram')
    await judge('choose')
  })

  it('takes the token out of the address, and keeps it for this tab', async () => {
    await open()
    await heading('Log in to Telegram')
    assert.equal(page.url(), `${rig.server.url}/`)
    await page.reload()
    await heading('Log in to Telegram')
    assert.equal(await page.evaluate('document.cookie + localStorage.length'), '0')
  })

  it('logs in by phone and code, on a phone', async () => {
    await open({}, { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true })
    await byPhone(ANN.phone)
    await heading('Enter the code')
    const field = page.getByLabel(/^Code/)
    assert.equal(await field.getAttribute('autocomplete'), 'one-time-code')
    assert.ok(await field.evaluate((node) => node === node.ownerDocument.activeElement))
    await judge('code-phone')
    await answer(/^Code/, '00000')
    await page.getByText('That code was not right.').waitFor()
    await answer(/^Code/, ANN.code)
    await heading('Logged in')
    await judge('done-phone')
    await assertStored('Ann (@ann)')
  })

  it('logs in with a password, in the dark, and sends another code on request', async () => {
    await open({}, { colorScheme: 'dark' })
    await byPhone(BOB.phone)
    await page.getByText('the Telegram app').waitFor()
    await page.getByRole('button', { name: 'Send another as an SMS' }).click()
    await page.getByText('Telegram sent it to your phone, as an SMS').waitFor()
    await answer(/^Code/, BOB.code)
    await heading('Two-step verification')
    await judge('password-dark')
    await answer('Password', 'wrong')
    await page.getByText('That password was not right.').waitFor()
    await answer('Password', BOB.password)
    await heading('Logged in')
    await judge('done-dark')
    await assertStored('Bob')
  })

  it('logs in by a QR code, which a camera can read and which is drawn anew', async () => {
    await open()
    await page.getByRole('radio', { name: /QR code/ }).check()
    await page.getByRole('button', { name: 'Log in' }).click()
    const picture = page.getByRole('img', { name: 'QR code for Telegram' })
    await picture.waitFor()
    await judge('qr')
    const url = await scan(page)
    assert.match(url, /^tg:\/\/login\?token=/)
    assert.ok(!(await page.content()).includes(url), 'it stands there as a picture only')
    dc.acceptLoginToken(Buffer.from(url.slice('tg://login?token='.length), 'base64url'), ANN_ID)
    await heading('Logged in')
    await assertStored('Ann (@ann)')
  })

  it('logs a bot in', async () => {
    await open()
    await page.getByRole('radio', { name: /Bot token/ }).check()
    await page.getByLabel('Bot token', { exact: true }).last().fill(BOT.token)
    await page.getByRole('button', { name: 'Log in' }).click()
    await heading('Logged in')
    await assertStored('Robot (@robot)')
  })

  it('says what Telegram said, takes a login back, and starts again', async () => {
    await open()
    dc.fail('auth.sendCode', { code: 400, message: 'PHONE_NUMBER_BANNED' })
    await byPhone(ANN.phone)
    await page.getByText('Telegram has banned this account.').waitFor()
    await judge('failed')
    await page.getByRole('button', { name: 'Start again' }).click()
    await byPhone('not a number')
    await page.getByText('not a phone number in international form').waitFor()
    await page.getByRole('button', { name: 'Start again' }).click()
    await byPhone(ANN.phone)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('The login was ended.').waitFor()
    await page.getByRole('button', { name: 'Start again' }).click()
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_3600' })
    await byPhone(ANN.phone)
    await page.getByText(/Telegram wants no login for 1 hour/).waitFor()
    await page.getByText('No login before').waitFor()
  })

  it('keeps the questions from another page, and tells it that somebody is at it', async () => {
    await open()
    await byPhone(ANN.phone)
    await heading('Enter the code')
    const other = await page.context().newPage()
    await other.goto(`${rig.server.url}/#t=${TOKEN}`)
    await other.getByRole('heading', { name: 'A login goes on' }).waitFor()
    assert.equal(await other.getByRole('textbox').count(), 0)
    await page.reload()
    await answer(/^Code/, ANN.code)
    await heading('Logged in')
    await other.getByText('Stored').first().waitFor()
  })

  it('shows a stored session, offers no login, and with --replace one that says what it replaces', async () => {
    await open({ waitingFor: () => 'the session is in use by worker.2' })
    await byPhone(ANN.phone)
    await answer(/^Code/, ANN.code)
    await assertStored('Ann (@ann)')
    const other = await page.context().newPage()
    await other.goto(`${rig.server.url}/#t=${TOKEN}`)
    await other.getByText('The session is in use by worker.2.').waitFor()
    assert.equal(await other.getByRole('button', { name: 'Log in' }).count(), 0)
  })

  it('stores the session as soon as the store is back', async () => {
    let away = true
    await open({
      wrap: (replica) => ({
        name: replica.name,
        status: (how) => replica.status(how),
        attempt: (how) => {
          const attempt = replica.attempt(how)
          return {
            begin: () => attempt.begin(),
            blocked: (until) => attempt.blocked(until),
            failed: (code) => attempt.failed(code),
            finish: async (...stored) => {
              if (away) throw new UnreachableError('store.unreachable', 'the store is away', { hint: '' })
              return await attempt.finish(...stored)
            },
          }
        },
      }),
    })
    await byPhone(ANN.phone)
    await answer(/^Code/, ANN.code)
    await page.getByText('The store is away. It is tried again').waitFor()
    await judge('storing')
    away = false
    await assertStored('Ann (@ann)')
  })

  it('is put into no frame', async () => {
    await open()
    const outside = await page.context().newPage()
    await outside.route('http://127.0.0.2/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${rig.server.url}/"></iframe>` }),
    )
    // Chromium reports what a policy blocks as a request that failed.
    const url = `${rig.server.url}/`
    const blocked = outside.waitForEvent('requestfailed', (request) => request.url() === url)
    await outside.goto('http://127.0.0.2/')
    await blocked
    const framed = await Promise.all(outside.frames().map((frame) => frame.content().catch(() => '')))
    assert.ok(!framed.some((text) => text.includes('Unlock')))
  })
})

/** What a camera would read from the screen. */
async function scan(page: Page): Promise<string> {
  const shot = await page.locator('svg.qr').screenshot()
  const blank = await page.context().newPage()
  const read = `(async () => {
    const answer = await fetch('data:image/png;base64,${shot.toString('base64')}')
    const picture = await createImageBitmap(await answer.blob())
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
    canvas.drawImage(picture, 0, 0)
    const { data, width, height } = canvas.getImageData(0, 0, picture.width, picture.height)
    return { data: [...data], width, height }
  })()`
  const { data, width, height } = await blank.evaluate<{ data: number[]; width: number; height: number }>(
    read,
  )
  await blank.close()
  return jsQr.default(Uint8ClampedArray.from(data), width, height)?.data ?? ''
}
