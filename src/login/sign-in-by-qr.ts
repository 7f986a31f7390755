import { Api } from 'telegram'
import { RefusedError } from '../base/errors.ts'
import { rpcError } from '../telegram/client/classify.ts'
import type { QrAsker } from './asker.ts'
import type { LoginFlow } from './flow.ts'
import type { Settings } from './settings.ts'
import { enterPassword } from './sign-in.ts'

/** About five minutes. A user who has not scanned a code by then has left. */
const CODES = 10
/** Milliseconds: Telegram's codes live 30 s, and its clock need not agree with ours. */
const [SHORTEST_MS, LONGEST_MS] = [5_000, 30_000]

/** Signs a user in by a code that a logged-in device scans: https://core.telegram.org/api/qr-login */
export async function signInByQr(flow: LoginFlow, asker: QrAsker, settings: Settings): Promise<void> {
  try {
    if (await isScanned(flow, asker, settings)) return
  } catch (error) {
    if (rpcError(error)?.name !== 'SESSION_PASSWORD_NEEDED') throw error
    await enterPassword(flow, asker)
    return
  }
  throw new RefusedError('login.qr_not_scanned', `none of ${CODES} QR codes was scanned`, {
    hint: 'Start again, and scan it in Telegram on your phone: Settings > Devices > Link Desktop Device.',
  })
}

async function isScanned(flow: LoginFlow, asker: QrAsker, settings: Settings): Promise<boolean> {
  const { clock, signal } = settings
  const scan = flow.watchScan()
  try {
    for (let shown = 0; shown < CODES; shown++) {
      const code = await nextCode(flow, settings)
      if (!code) return true
      const nowMs = clock.wall()
      const lastsMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, code.expires * 1000 - nowMs))
      // The scan signs this key in before we hear of it.
      flow.noteSignedIn()
      asker.showQr({ url: addressOf(code.token), expiresAt: new Date(nowMs + lastsMs), signal })
      await scan.wait(lastsMs)
    }
    return false
  } finally {
    asker.hideQr()
    scan.stop()
  }
}

/** Null once a code was scanned: the session then belongs to the user who scanned it. */
async function nextCode(flow: LoginFlow, { apiId, apiHash }: Settings): Promise<Api.auth.LoginToken | null> {
  let answer = await flow.call(new Api.auth.ExportLoginToken({ apiId, apiHash, exceptIds: [] }))
  if (answer instanceof Api.auth.LoginTokenMigrateTo) {
    await flow.moveTo(answer.dcId)
    answer = await flow.signIn(new Api.auth.ImportLoginToken({ token: answer.token }))
  }
  return answer instanceof Api.auth.LoginToken ? answer : null
}

function addressOf(token: Buffer): string {
  return `tg://login?token=${token.toString('base64url')}`
}
