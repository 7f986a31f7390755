import type { Command } from 'commander'
import { LeaseError } from '../../../base/errors.ts'
import type { AccountState } from '../../../login/stored-account.ts'
import type { Head } from '../../../replica/head.ts'
import type { Replica } from '../../../replica/replica.ts'
import type { Context } from '../../context.ts'
import { apiOf, withFreeLease } from '../../free-lease.ts'
import { sessionCommand, settingsOf, usingReplica, type WhichSession } from '../../options.ts'
import { atTerminal } from '../../terminal/at-terminal.ts'
import { printJson } from '../../terminal/output.ts'
import { printTable } from '../../terminal/tables.ts'
import { withSpinner } from '../../terminal/progress.ts'

/** Telegram's word, or that of the instance that uses the session. */
type Answer =
  | AccountState
  | { state: 'in use'; holder: string; since: string; dead: string | null; events: Head['events'] }

export function checkCommand(context: Context): Command {
  return sessionCommand('check', 'ask Telegram once whether the stored session lives')
    .alias('whoami')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nIt takes the lease for a moment. Where an instance holds it, nothing is sent: what that instance has found is shown.',
    )
    .action(async (flags: WhichSession & { json?: boolean }) => {
      const settings = await settingsOf(context, flags, { api: true, store: true })
      const api = apiOf(settings)
      await usingReplica(settings, async (replica) => {
        const { userId, answer } = await atTerminal(flags, ({ signal }) => ask(replica, api, signal))
        if (flags.json) printJson({ name: replica.name, userId, ...answer })
        else printTable({ name: replica.name, account: userId ?? 'not known', ...inWords(answer) })
        context.exit(exitCodeOf(answer))
      })
    })
}

async function ask(
  replica: Replica,
  api: { apiId: number; apiHash: string },
  stop: AbortSignal,
): Promise<{ userId: string | null; answer: Answer }> {
  try {
    return await withFreeLease(replica, stop, async ({ bytes, revision, lease, signal }) => {
      const { askAccount } = await import('../../../login/stored-account.ts')
      const answer = await withSpinner('Asking Telegram', () => askAccount(bytes, { ...api, signal }))
      // State and time, for whoever looks at the head later; written with the release.
      replica.note(`check.${stateOf(answer)}`)
      // A dead key is never connected again.
      if (answer.state === 'dead') await replica.markDead(lease, revision, answer.why)
      return { userId: revision.userId, answer }
    })
  } catch (error) {
    const { holder, current, events } = replica.lastSeen ?? (await replica.status())
    if (!(error instanceof LeaseError) || error.code !== 'lease.held' || !holder) throw error
    const { label, since } = holder
    const answer: Answer = { state: 'in use', holder: label, since, dead: current?.dead ?? null, events }
    return { userId: current?.userId ?? null, answer }
  }
}

function stateOf(answer: AccountState): string {
  if (answer.state === 'alive') return answer.frozenUntil === null ? 'alive' : 'frozen'
  return answer.state === 'unknown' && answer.why === 'frozen' ? 'frozen' : answer.state
}

function inWords(answer: Answer): Record<string, string> {
  if (answer.state === 'alive')
    return {
      state:
        answer.frozenUntil === null
          ? 'alive'
          : `alive, and frozen until ${answer.frozenUntil}: appeal in the app`,
      kind: answer.bot ? 'a bot' : 'a user',
      ...(answer.device && {
        'this login': `${answer.device.model} (${answer.device.app}), since ${answer.device.since}`,
      }),
      ...(answer.others !== null && { 'other logins': String(answer.others) }),
      ...(answer.ttlDays !== null && {
        unused: `Telegram ends a login after ${answer.ttlDays} days without use: this one at ${answer.endsUnusedAt}`,
      }),
    }
  if (answer.state === 'dead')
    return { state: `dead: ${answer.why} (${answer.reason}). Log in again with \`tgsession login\`` }
  if (answer.state === 'wait')
    return { state: `not known: Telegram wants to be left alone for ${answer.seconds} s (FLOOD_WAIT)` }
  if (answer.state === 'unknown')
    return {
      state:
        answer.why === 'frozen' ? 'alive, and frozen: appeal in the app' : `not known (${answer.reason})`,
    }
  return {
    state: answer.dead === null ? 'in use' : `in use, and dead: ${answer.dead}`,
    'in use': `by ${answer.holder} since ${answer.since}`,
    'what it found':
      answer.events.map(({ code, at }) => `${code} at ${at}`).join('; ') || 'nothing to report',
  }
}

function exitCodeOf(answer: Answer): number {
  if (answer.state === 'dead' || (answer.state === 'in use' && answer.dead !== null)) return 76
  if (answer.state === 'wait') return 76
  return answer.state === 'unknown' && answer.why !== 'frozen' ? 69 : 0
}
