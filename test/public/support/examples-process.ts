/**
 * The process in which the examples of the docblocks run, one after another, each in a folder of its own that an argument
 * names: our entries from their sources, and the test's data centre in the place of Telegram's. It ends by itself.
 */
import { registerHooks } from 'node:module'
import { Socket } from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ENTRIES, ROOT } from '../../../scripts/surface/declarations.ts'
import { addServerKey } from '../../../src/clients/gramjs/library.ts'
import { addServerKey as addServerKeyOfTeleproto } from '../../../src/clients/teleproto/library.ts'

/** What the process says of one example. */
export interface Ran {
  folder: string
  error?: string
}

const { DC_PORT, DC_KEY = '' } = process.env
const files = new Map<string, string>(Object.entries(ENTRIES))
registerHooks({
  resolve: (specifier, context, next) => {
    const file = files.get(specifier)
    return file === undefined
      ? next(specifier, context)
      : { url: String(pathToFileURL(path.join(ROOT, `src/${file}.ts`))), shortCircuit: true }
  },
})
const connect: typeof Socket.prototype.connect = Reflect.get(Socket.prototype, 'connect')
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  const [port, , ...rest] = args
  return Reflect.apply(connect, this, port === 443 ? [Number(DC_PORT), '127.0.0.1', ...rest] : args)
}
for (const add of [addServerKey, addServerKeyOfTeleproto]) add(DC_KEY)

for (const folder of process.argv.slice(2)) {
  process.chdir(folder)
  const ran: Ran = { folder }
  try {
    await import(String(pathToFileURL(path.join(folder, 'example.ts'))))
  } catch (error) {
    ran.error = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  process.send?.(ran)
}
process.disconnect()
