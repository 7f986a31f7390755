import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { apiOf, withFreeLease } from '../../free-lease.ts'
import { sessionCommand, settingsOf, usingReplica, type WhichSession } from '../../options.ts'
import { atTerminal } from '../../terminal/at-terminal.ts'
import { confirmed } from '../../terminal/confirm.ts'
import { printJson, say } from '../../terminal/output.ts'
import { withSpinner } from '../../terminal/progress.ts'

export function logoutCommand(context: Context): Command {
  return sessionCommand('logout', 'end the login at Telegram; asks first')
    .option('--yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nThe revisions stay in the store, marked dead: `tgsession delete` removes them.')
    .action(async (flags: WhichSession & { yes?: boolean; json?: boolean }) => {
      const settings = await settingsOf(context, flags, { api: true, store: true })
      const api = apiOf(settings)
      const question = `End the login of the session named ${settings.name} at Telegram? It can never be used again.`
      if (!(await confirmed(question, flags))) return
      await usingReplica(settings, (replica) =>
        atTerminal(flags, (terminal) =>
          withFreeLease(replica, terminal.signal, async ({ bytes, revision, lease, signal }) => {
            const { endAccount } = await import('../../../login/stored-account.ts')
            const ended = await withSpinner('Asking Telegram', () => endAccount(bytes, { ...api, signal }))
            const outcome = ended ? 'loggedOut' : 'revoked'
            await replica.markDead(lease, revision, outcome)
            await replica.loginToken.remove()
            const { keyFingerprint } = revision
            if (flags.json) return printJson({ outcome, name: replica.name, keyFingerprint })
            say(
              ended
                ? 'Logged out. The store remembers it.'
                : 'It was ended at Telegram already. The store remembers it.',
            )
          }),
        ),
      )
    })
}
