import { UsageError } from '../../base/errors.ts'
import { show } from '../../base/show.ts'
import { note } from './output.ts'
import { askYesNo } from './terminal.ts'

/**
 * Whether a person wants this. `yes` answers beforehand; where nobody can be asked it is needed: UsageError
 * (`usage.needs_yes`). The question goes to standard error, so that standard output stays the answer.
 */
export async function confirmed(question: string, { yes }: { yes?: boolean | undefined }): Promise<boolean> {
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('usage.needs_yes', 'this asks first, and there is no terminal here to ask at', {
      hint: `It would ask: ${question} Answer beforehand with --yes. Nothing was changed.`,
    })
  const sure = await askYesNo(show(question), { input: process.stdin, output: process.stderr })
  if (!sure) note('Nothing was changed.')
  return sure
}
