import type { Command } from 'commander'
import { type Head, patchOf, type Revision } from '../../../replica/head.ts'
import { ago } from '../../terminal/ago.ts'
import { usedBy } from '../../terminal/holder-words.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { formatBytes, printJson } from '../../terminal/output.ts'
import { printTable } from '../../terminal/tables.ts'
import type { Context } from '../../context.ts'

export function statusCommand(context: Context): Command {
  return sessionCommand('status', 'who uses the session, and what is saved')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession status --json | jq .holder')
    .action(async (flags: WhichSession & { json?: boolean }) => {
      await withReplica(context, flags, async (replica, { recipient }) => {
        const head = await replica.status()
        const where = { store: replica.store.label, name: replica.name, recipient: recipient ?? null }
        if (flags.json) printJson({ ...where, ...summary(head) })
        else
          printTable({
            store: where.store,
            name: where.name,
            ...lines(head),
            'public key': recipient ?? 'none',
          })
      })
    })
}

function sessionLine(current: Head['current'], absent: string): string {
  if (!current) return `${absent}: make one with \`tgsession login\``
  return `${describe(current)}${current.dead ? `, DEAD (${current.dead})` : ''}`
}

function summary({
  generation,
  holder,
  current,
  lastLogin,
  history,
  quarantined,
  notice,
  events,
  logins,
  loginBlockedUntil,
  deleted = null,
}: Head): object {
  return {
    generation,
    holder,
    current,
    lastLogin,
    history,
    quarantined,
    notice,
    events,
    logins,
    loginBlockedUntil,
    deleted,
  }
}

function lines(head: Head): Record<string, string> {
  const { holder, current, lastLogin, history, quarantined, notice, events, loginBlockedUntil, deleted } =
    head
  return {
    session: sessionLine(current, deleted ? `none: deleted ${deleted.at} by ${deleted.by}` : 'none yet'),
    'in use': usedBy(holder),
    'last login': lastLogin ? describe(lastLogin) : 'none',
    'older revisions': history.length === 0 ? 'none' : history.map(({ revision }) => revision).join(', '),
    ...(quarantined.length > 0 && {
      quarantined: quarantined.map((entry) => `${entry.revision} (${entry.reason})`).join('; '),
    }),
    ...(notice !== null && { notice }),
    ...(events.length > 0 && {
      lately: events
        .slice(-3)
        .map(({ code, at }) => `${code} ${at}`)
        .join('; '),
    }),
    ...(loginBlockedUntil !== null && { 'no login before': loginBlockedUntil }),
  }
}

function describe(entry: Revision): string {
  const { revision, savedAt, savedBy, bytes, keyFingerprint, userId, family } = entry
  const user = userId === null ? '' : `, user ${userId}`
  const file = family === null ? '' : `, a ${family} file`
  const patch = patchOf(entry) === null ? '' : `, a patch of ${patchOf(entry)}`
  const size = formatBytes(bytes) + file + patch
  return `revision ${revision}, saved ${ago(savedAt)} by ${savedBy}, ${size}, key ${keyFingerprint}${user}`
}
