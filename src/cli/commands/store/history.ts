import type { Command } from 'commander'
import { type Head, patchOf, type Revision } from '../../../replica/head.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { ago } from '../../terminal/ago.ts'
import { formatBytes, printJson, say } from '../../terminal/output.ts'
import { printRows } from '../../terminal/tables.ts'
import type { Context } from '../../context.ts'

interface Entry extends Pick<
  Revision,
  'revision' | 'savedAt' | 'savedBy' | 'bytes' | 'keyFingerprint' | 'userId' | 'family'
> {
  state: 'current' | 'former' | 'quarantined'
  lastLogin: boolean
  /** The whole revision that it is a patch of; null: it is whole. */
  patchOf: number | null
  /** What Telegram said of its key, or why it was quarantined. */
  note: string | null
}

export function historyCommand(context: Context): Command {
  return sessionCommand('history', 'every stored revision, newest first')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession history          # then: tgsession rollback 41')
    .action(async (flags: WhichSession & { json?: boolean }) => {
      const head = await withReplica(context, flags, (replica) => replica.status())
      const revisions = entriesOf(head)
      if (flags.json) printJson({ revisions })
      else if (revisions.length === 0) say('Nothing is stored under this name.')
      else printRows([['', 'saved', 'by', 'size', 'family', 'key', 'user', ''], ...revisions.map(rowOf)])
    })
}

function entriesOf(head: Head): Entry[] {
  const { current, history, quarantined, lastLogin } = head
  const named = new Set([current, ...history].map((entry) => entry?.objectKey))
  const entry = (state: Entry['state'], revision: Revision, note: unknown): Entry => ({
    revision: revision.revision,
    state,
    savedAt: revision.savedAt,
    savedBy: revision.savedBy,
    bytes: revision.bytes,
    keyFingerprint: revision.keyFingerprint,
    userId: revision.userId,
    family: revision.family ?? 'telethon',
    lastLogin: revision.objectKey === lastLogin?.objectKey,
    patchOf: patchOf(revision),
    note: typeof note === 'string' ? note : null,
  })
  return [
    ...(current ? [entry('current', current, current.dead)] : []),
    ...history.map((former) => entry('former', former, former['dead'])),
    ...(lastLogin && !named.has(lastLogin.objectKey) ? [entry('former', lastLogin, null)] : []),
    ...quarantined.map((kept) => entry('quarantined', kept, kept.reason)),
  ].toSorted((a, b) => b.revision - a.revision)
}

function rowOf(entry: Entry): string[] {
  const { revision, state, savedAt, savedBy, bytes, family, keyFingerprint, userId, lastLogin, note } = entry
  const patch = entry.patchOf === null ? '' : `patch of ${entry.patchOf}`
  const told = state === 'quarantined' ? `quarantined: ${note}` : note === null ? '' : `dead (${note})`
  const marks = [state === 'current' ? 'current' : '', lastLogin ? 'last login' : '', patch, told]
  return [
    String(revision),
    ago(savedAt),
    savedBy,
    formatBytes(bytes),
    family ?? '-',
    keyFingerprint,
    userId ?? '-',
    marks.filter((mark) => mark !== '').join(', '),
  ]
}
