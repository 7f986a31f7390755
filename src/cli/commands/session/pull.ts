import type { Command } from 'commander'
import { namesPlainSession, openPlainSession } from '../../../config/open-plain-session.ts'
import type { Settings } from '../../../config/settings.ts'
import { LeaseError, UsageError } from '../../../base/errors.ts'
import type { Holder } from '../../../lease/record.ts'
import type { Replica } from '../../../replica/replica.ts'
import {
  checkOutput,
  nameOf,
  type OutputFlags,
  outputOption,
  overwriteOption,
  writeOutput,
} from '../../output-file.ts'
import { revisionNumber } from '../../terminal/numbers.ts'
import { sessionCommand, settingsOf, type WhichSession, withReplica } from '../../options.ts'
import { formatBytes, note } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession, OutputFlags {
  output?: string
  revision?: number
  copy?: boolean
}

export function pullCommand(context: Context): Command {
  return sessionCommand('pull', 'write the stored session to a file')
    .argument('[file]', 'where to; NAME.session in this folder unless given; - is standard output')
    .addOption(outputOption('the same'))
    .option('--revision <number>', 'an older one, or one that was quarantined', revisionNumber)
    .option('--copy', 'also while an instance uses it: connecting with the copy kills both')
    .addOption(overwriteOption())
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession pull backup.session\n  $ tgsession pull --revision 41 old.session\n  $ tgsession pull - | tgsession inspect -',
    )
    .action(async (given: string | undefined, flags: Flags) => {
      if (given !== undefined && flags.output !== undefined && given !== flags.output) throw twoFiles()
      const settings = await settingsOf(context, flags, { store: true })
      const file = given ?? flags.output ?? `${settings.name}.session`
      await checkOutput(file, flags)
      if (namesPlainSession(settings)) return await pullPlain(settings, file, flags)
      await withReplica(context, flags, (replica) => pull(replica, file, flags))
    })
}

function twoFiles(): UsageError {
  return new UsageError('pull.two_files', 'the file and --output name two places', {
    hint: 'Name one: both mean the same. Nothing was written.',
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
  const { revision: number, keyFingerprint } = revision
  await writeOutput(file, bytes, {
    words: `Wrote revision ${number} to ${nameOf(file)} (${formatBytes(bytes.length)}, key ${keyFingerprint}).`,
    answer: flags.json && { file, revision: number, bytes: bytes.length, keyFingerprint },
  })
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
  await writeOutput(file, bytes, {
    words: `Wrote ${label} to ${nameOf(file)} (${formatBytes(bytes.length)}, key ${keyFingerprint}).`,
    answer: flags.json && { file, revision: null, bytes: bytes.length, keyFingerprint },
  })
  note(`tgsession: ${warning}`)
}

function refuseHeld(holder: Holder | null, { copy }: Flags): void {
  if (holder && !copy)
    throw new LeaseError('lease.held', `the session is in use by ${holder.label} since ${holder.since}`, {
      hint: 'Stop it first; if it died, `tgsession unlock` finds out. `--copy` writes a copy all the same, only to be looked at: connecting with it makes Telegram kill the key for both.',
    })
}
