import type { Command } from 'commander'
import type { Head, Revision } from '../../../replica/head.ts'
import { usedBy } from '../../terminal/holder-words.ts'
import { keptCommand, namesContainer, type WhichSession, withContainer, withReplica } from '../../options.ts'
import { formatBytes, printJson, printTable } from '../../terminal/output.ts'
import type { Context } from '../../context.ts'

export function statusCommand(context: Context): Command {
  return keptCommand('status', 'who uses the session, and what is saved')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession status --json | jq .holder')
    .action(async (flags: WhichSession & { json?: boolean }) => {
      if (namesContainer(context, flags)) return await containerStatus(context, flags)
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

async function containerStatus(context: Context, flags: WhichSession & { json?: boolean }): Promise<void> {
  await withContainer(context, flags, async (container, { name }) => {
    const { current, holder, loginBlockedUntil } = await container.loginPlace(name).status()
    const quarantined = await container.listQuarantined(name)
    if (flags.json)
      return printJson({ container: container.label, name, holder, current, quarantined, loginBlockedUntil })
    printTable({
      container: container.label,
      name,
      session: sessionLine(current, 'none yet'),
      'in use': usedBy(holder),
      ...(quarantined.length > 0 && {
        quarantined: quarantined
          .map(({ keyFingerprint, reason }) => `key ${keyFingerprint} (${reason})`)
          .join('; '),
      }),
      ...(loginBlockedUntil !== null && { 'no login before': loginBlockedUntil }),
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
    logins,
    loginBlockedUntil,
    deleted,
  }
}

function lines(head: Head): Record<string, string> {
  const { holder, current, lastLogin, history, quarantined, notice, loginBlockedUntil, deleted } = head
  return {
    session: sessionLine(current, deleted ? `none: deleted ${deleted.at} by ${deleted.by}` : 'none yet'),
    'in use': usedBy(holder),
    'last login': lastLogin ? describe(lastLogin) : 'none',
    'older revisions': history.length === 0 ? 'none' : history.map(({ revision }) => revision).join(', '),
    ...(quarantined.length > 0 && {
      quarantined: quarantined.map((entry) => `${entry.revision} (${entry.reason})`).join('; '),
    }),
    ...(notice !== null && { notice }),
    ...(loginBlockedUntil !== null && { 'no login before': loginBlockedUntil }),
  }
}

function describe({ revision, savedAt, savedBy, bytes, keyFingerprint, userId, family }: Revision): string {
  const user = userId === null ? '' : `, user ${userId}`
  // A container keeps rows, which have no size.
  const size = bytes === 0 ? '' : `, ${formatBytes(bytes)}`
  const file = family === null ? '' : `, a ${family} file`
  return `revision ${revision}, saved ${savedAt} by ${savedBy}${size}${file}, key ${keyFingerprint}${user}`
}
