import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, describe, it, type TestContext } from 'node:test'
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

/** The page in a browser window of its own, with a data centre and a store: tests may run together. */
class Visit {
  readonly dc: FakeDc
  readonly rig: PageRig
  readonly page: Page
  readonly #errors: string[] = []

  private constructor(dc: FakeDc, rig: PageRig, page: Page) {
    this.dc = dc
    this.rig = rig
    this.page = page
    page.on('pageerror', (error) => this.#errors.push(error.message))
    page.on('console', (message) => {
      // Refusals and lost connections are what some tests are about.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        this.#errors.push(message.text())
    })
  }

  static async to(
    browser: Browser,
    options: PageRigOptions = {},
    look: BrowserContextOptions = {},
    fragment = `#t=${TOKEN}`,
  ): Promise<Visit> {
    const dc = await FakeDc.start({ accounts: [{ ...ANN, userId: ANN_ID }, BOB], bots: [BOT] })
    const rig = await servePageFor(dc, options)
    // The page's own policy forbids what axe is put in with; all else here is judged with it in force.
    const context = await browser.newContext({ reducedMotion: 'reduce', ...look })
    context.setDefaultTimeout(120_000)
    const visit = new Visit(dc, rig, await context.newPage())
    await visit.page.goto(`${rig.server.url}/${fragment}`)
    return visit
  }

  async end(): Promise<void> {
    await this.page.context().close()
    await this.rig.close()
    await this.dc.close()
    assert.deepEqual(this.#errors, [])
  }

  /** axe-core over what stands there now, and a picture. */
  async judge(name: string): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page)
    // As a debugger evaluates it, past the page's policy.
    await session.send('Runtime.evaluate', { expression: AXE })
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' '))))`,
      awaitPromise: true,
      returnByValue: true,
    })
    assert.equal(result.value, '[]', name)
    if (PICTURES) await this.page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true })
  }

  async heading(text: string): Promise<void> {
    await this.page.getByRole('heading', { name: text }).waitFor()
  }

  async answer(label: string | RegExp, text: string): Promise<void> {
    await this.page.getByLabel(label).fill(text)
    await this.page.getByRole('button', { name: 'Continue' }).click()
  }

  async byPhone(phone: string): Promise<void> {
    await this.page.getByRole('radio', { name: /Phone number/ }).check()
    await this.page.getByLabel('Phone number, with').fill(phone)
    await this.page.getByRole('button', { name: 'Log in' }).click()
  }

  async assertStored(userName: string): Promise<void> {
    await this.page.getByText(`As ${userName}`).waitFor()
    const { bytes, revision } = await this.rig.replica.restore()
    assert.equal((await verifySession(bytes)).keyFingerprint, revision.keyFingerprint)
    await this.page.getByText(`Revision ${revision.revision},`).waitFor()
    const text = await this.page.content()
    for (const secret of [TOKEN, ANN.code, BOB.password, BOT.token]) assert.ok(!text.includes(secret))
  }
}

describe('the page in a browser', { skip: missing.chromium(), concurrency: 3 }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  /** Ends the visit when the test has ended. */
  const open = async (
    t: TestContext,
    options?: PageRigOptions,
    look?: BrowserContextOptions,
    fragment?: string,
  ): Promise<Visit> => {
    const visit = await Visit.to(browser, options, look, fragment)
    t.after(() => visit.end())
    return visit
  }

  it('shows nothing but an empty shell before the token; takes it by hand, forgets a wrong one', async (t) => {
    const at = await open(t, {}, {}, '')
    const { page } = at
    await at.heading('Unlock this page')
    assert.equal(await page.getByRole('region', { name: 'State' }).count(), 0)
    assert.match(await page.locator('#where').innerText(), /it stands <b>where<\/b> the test put it/)
    await at.judge('locked')
    await page.getByLabel('Token').fill('wrong'.repeat(10))
    await page.keyboard.press('Enter')
    await page.getByText('That token is not right.').waitFor()
    await page.getByLabel('Token').fill(TOKEN)
    await page.keyboard.press('Enter')
    await at.heading('Log in to Telegram')
    await at.judge('choose')
  })

  it('takes the token out of the address, and keeps it for this tab', async (t) => {
    const at = await open(t)
    const { page, rig } = at
    await at.heading('Log in to Telegram')
    assert.equal(page.url(), `${rig.server.url}/`)
    await page.reload()
    await at.heading('Log in to Telegram')
    assert.equal(await page.evaluate('document.cookie + localStorage.length'), '0')
  })

  it('logs in by phone and code, on a phone', async (t) => {
    const at = await open(t, {}, { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true })
    const { page } = at
    await at.byPhone(ANN.phone)
    await at.heading('Enter the code')
    const field = page.getByLabel(/^Code/)
    assert.equal(await field.getAttribute('autocomplete'), 'one-time-code')
    assert.ok(await field.evaluate((node) => node === node.ownerDocument.activeElement))
    await at.judge('code-phone')
    await at.answer(/^Code/, '00000')
    await page.getByText('That code was not right.').waitFor()
    await at.answer(/^Code/, ANN.code)
    await at.heading('Logged in')
    await at.judge('done-phone')
    await at.assertStored('Ann (@ann)')
  })

  it('logs in with a password, in the dark, and sends another code on request', async (t) => {
    const at = await open(t, {}, { colorScheme: 'dark' })
    const { page } = at
    await at.byPhone(BOB.phone)
    await page.getByText('the Telegram app').waitFor()
    await page.getByRole('button', { name: 'Send another as an SMS' }).click()
    await page.getByText('Telegram sent it to your phone, as an SMS').waitFor()
    await at.answer(/^Code/, BOB.code)
    await at.heading('Two-step verification')
    await at.judge('password-dark')
    await at.answer('Password', 'wrong')
    await page.getByText('That password was not right.').waitFor()
    await at.answer('Password', BOB.password)
    await at.heading('Logged in')
    await at.judge('done-dark')
    await at.assertStored('Bob')
  })

  it('logs in by a QR code, which a camera can read and which is drawn anew', async (t) => {
    const at = await open(t)
    const { page, dc } = at
    await page.getByRole('radio', { name: /QR code/ }).check()
    await page.getByRole('button', { name: 'Log in' }).click()
    const picture = page.getByRole('img', { name: 'QR code for Telegram' })
    await picture.waitFor()
    await at.judge('qr')
    const url = await scan(page)
    assert.match(url, /^tg:\/\/login\?token=/)
    assert.ok(!(await page.content()).includes(url), 'it stands there as a picture only')
    dc.acceptLoginToken(Buffer.from(url.slice('tg://login?token='.length), 'base64url'), ANN_ID)
    await at.heading('Logged in')
    await at.assertStored('Ann (@ann)')
  })

  it('logs a bot in', async (t) => {
    const at = await open(t)
    const { page } = at
    await page.getByRole('radio', { name: /Bot token/ }).check()
    await page.getByLabel('Bot token', { exact: true }).last().fill(BOT.token)
    await page.getByRole('button', { name: 'Log in' }).click()
    await at.heading('Logged in')
    await at.assertStored('Robot (@robot)')
  })

  it('says what Telegram said, takes a login back, and starts again', async (t) => {
    const at = await open(t)
    const { page, dc } = at
    dc.fail('auth.sendCode', { code: 400, message: 'PHONE_NUMBER_BANNED' })
    await at.byPhone(ANN.phone)
    await page.getByText('Telegram has banned this account.').waitFor()
    await at.judge('failed')
    await page.getByRole('button', { name: 'Start again' }).click()
    await at.byPhone('not a number')
    await page.getByText('not a phone number in international form').waitFor()
    await page.getByRole('button', { name: 'Start again' }).click()
    await at.byPhone(ANN.phone)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('The login was ended.').waitFor()
    await page.getByRole('button', { name: 'Start again' }).click()
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_3600' })
    await at.byPhone(ANN.phone)
    await page.getByText(/Telegram wants no login for 1 hour/).waitFor()
    await page.getByText('No login before').waitFor()
  })

  it('keeps the questions from another page, and tells it that somebody is at it', async (t) => {
    const at = await open(t)
    const { page, rig } = at
    await at.byPhone(ANN.phone)
    await at.heading('Enter the code')
    const other = await page.context().newPage()
    await other.goto(`${rig.server.url}/#t=${TOKEN}`)
    await other.getByRole('heading', { name: 'A login goes on' }).waitFor()
    assert.equal(await other.getByRole('textbox').count(), 0)
    await page.reload()
    await at.answer(/^Code/, ANN.code)
    await at.heading('Logged in')
    await other.getByText('Stored').first().waitFor()
  })

  it('shows a stored session, offers no login, and with --replace one that says what it replaces', async (t) => {
    const at = await open(t, { waitingFor: () => 'the session is in use by worker.2' })
    const { page, rig } = at
    await at.byPhone(ANN.phone)
    await at.answer(/^Code/, ANN.code)
    await at.assertStored('Ann (@ann)')
    const other = await page.context().newPage()
    await other.goto(`${rig.server.url}/#t=${TOKEN}`)
    await other.getByText('The session is in use by worker.2.').waitFor()
    assert.equal(await other.getByRole('button', { name: 'Log in' }).count(), 0)
  })

  it('stores the session as soon as the store is back', async (t) => {
    let away = true
    const at = await open(t, {
      wrap: (replica) => ({
        name: replica.name,
        status: (how) => replica.status(how),
        attempt: (how) => {
          const attempt = replica.attempt(how)
          return {
            begin: () => attempt.begin(),
            sending: (phone) => attempt.sending(phone),
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
    const { page } = at
    await at.byPhone(ANN.phone)
    await at.answer(/^Code/, ANN.code)
    await page.getByText('The store is away. It is tried again').waitFor()
    await at.judge('storing')
    away = false
    await at.assertStored('Ann (@ann)')
  })

  it('is put into no frame', async (t) => {
    const at = await open(t)
    const { page, rig } = at
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
