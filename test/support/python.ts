import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { PYTHON } from './requires.ts'

/** Runs programs one after another in one process, which imports each library once. */
const SERVER = `
import contextlib, io, json, sys
for line in sys.stdin:
    source, *sys.argv[1:] = json.loads(line)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, 'program', 'exec'), {'__name__': '__main__'})
    print(json.dumps(printed.getvalue()), flush=True)
`

let server: { child: ChildProcess; answers: AsyncIterator<string> } | undefined
after(() => server?.child.stdin?.end())

/** What the program prints. */
export async function python(source: string, ...args: string[]): Promise<string> {
  if (!server) {
    const child = spawn(PYTHON, ['-c', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] })
    server = { child, answers: createInterface(child.stdout)[Symbol.asyncIterator]() }
  }
  server.child.stdin?.write(`${JSON.stringify([source, ...args])}\n`)
  const answer = await server.answers.next()
  assert.ok(!answer.done, 'Python failed; its error stands above')
  return JSON.parse(answer.value)
}
