import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { namesPlainSession, openPlainSession } from '../../../config/open-plain-session.ts'
import type { Settings } from '../../../config/settings.ts'
import { LeaseError, UsageError } from '../../../base/errors.ts'
import type { Holder } from '../../../lease/record.ts'
import type { Replica } from '../../../replica/replica.ts'
import { writeDatabase } from '../../../base/write-file.ts'
import { refuseForeign } from '../../../session/overwrite.ts'
import { revisionNumber } from '../../terminal/numbers.ts'
import { sessionCommand, settingsOf, type WhichSession, withReplica } from '../../options.ts'
import { formatBytes, note, printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession {
  revision?: number
  copy?: boolean
  force?: boolean
  json?: boolean
}

export function pullCommand(context: Context): Command {
  return sessionCommand('pull', 'write the stored session to a file')
    .argument('[file]', 'where to; NAME.session in this folder unless given')
    .option('--revision <number>', 'an older one, or one that was quarantined', revisionNumber)
    .option('--copy', 'also while an instance uses it: connecting with the copy kills both')
    .option('--force', 'overwrite the file')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession pull backup.session\n  $ tgsession pull --revision 41 old.session',
    )
    .action(async (given: string | undefined, flags: Flags) => {
      const settings = await settingsOf(context, flags, { store: true })
      const file = given ?? `${settings.name}.session`
      await refuseOverwriting(file, flags)
      if (namesPlainSession(settings)) return await pullPlain(settings, file, flags)
      await withReplica(context, flags, (replica) => pull(replica, file, flags))
    })
}

async function pull(replica: Replica, file: string, flags: Flags): Promise<void> {
  refuseHeld((await replica.status()).holder, flags)
  const { revision, bytes } = await withProgress('Fetching', (onProgress) =>
    flags.revision === undefined
      ? replica.restore({ onProgress })
      : replica.recovery.open(flags.revision, { onProgress }),
  )
  // Somebody may have taken it while it was fetched.
  const holder = replica.lastSeen?.holder ?? null
  refuseHeld(holder, flags)
  await writeDatabase(file, bytes)
  const { revision: number, keyFingerprint } = revision
  if (flags.json) printJson({ file, revision: number, bytes: bytes.length, keyFingerprint })
  else say(`Wrote revision ${number} to ${file} (${formatBytes(bytes.length)}, key ${keyFingerprint}).`)
  if (holder) note('This is a copy of a session in use. Do not connect with it.')
}

async function pullPlain(settings: Settings, file: string, flags: Flags): Promise<void> {
  if (flags.revision !== undefined)
    throw new UsageError('pull.plain_revision', 'one plain file has no revisions', {
      hint: 'Leave --revision out, or name a store that has some.',
    })
  const { bytes, keyFingerprint, label, warning } = await withProgress('Fetching', (onProgress) =>
    openPlainSession(settings, { onProgress }),
  )
  await writeDatabase(file, bytes)
  if (flags.json) printJson({ file, revision: null, bytes: bytes.length, keyFingerprint })
  else say(`Wrote ${label} to ${file} (${formatBytes(bytes.length)}, key ${keyFingerprint}).`)
  note(`tgsession: ${warning}`)
}

async function refuseOverwriting(file: string, { force }: Flags): Promise<void> {
  if (existsSync(file) && !force)
    throw new UsageError('pull.file_exists', `${file} is there already`, {
      hint: 'Name another file, or overwrite it with --force.',
    })
  await refuseForeign(file)
}

function refuseHeld(holder: Holder | null, { copy }: Flags): void {
  if (holder && !copy)
    throw new LeaseError('lease.held', `the session is in use by ${holder.label} since ${holder.since}`, {
      hint: 'Stop it first; if it died, `tgsession unlock` finds out. `--copy` writes a copy all the same, only to be looked at: connecting with it makes Telegram kill the key for both.',
    })
}
