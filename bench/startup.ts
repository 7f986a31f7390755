/**
 * What each means gave that makes a start fast: the same restore without it, in paired rounds of whole processes, and the
 * slow parts beside what replaced them.
 *
 *     node bench/startup.ts [--runs 9] [--size 7]
 *
 * The size is in MB (10^6 bytes). Needs dist/ (npm run build). The S3 server is one in this process.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { encrypt, publicOf } from '../src/seal/age/age.ts'
import { parseKey } from '../src/seal/key.ts'
import { S3Server } from '../test/support/store/s3-server.ts'
import { makeSession } from './session-of-size.ts'
import { median } from './stage.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, size: { type: 'string', default: '7' } },
})
const runs = Number(values.runs)
const root = path.join(import.meta.dirname, '..')
const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-bench-'))
const session = path.join(folder, 'made.session')
const cli = (checkout: string): string => path.join(checkout, 'dist', 'src', 'cli', 'main.js')

interface Measured {
  ms: number
  cpuMs: number
}

/** Until it prints the pattern, in either stream; the CPU is that of the whole process. */
async function measure(args: string[], env: Record<string, string>, ready: RegExp): Promise<Measured> {
  const began = performance.now()
  const child = spawn('/usr/bin/time', ['-q', '-f', 'cpu %U %S', process.execPath, ...args], { env })
  let [text, ms] = ['', Number.NaN]
  const take = (part: Buffer): void => {
    text += part.toString()
    if (Number.isNaN(ms) && ready.test(text)) ms = performance.now() - began
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const code = await new Promise((resolve) => child.once('close', resolve))
  const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(text) ?? []
  if (code !== 0 || Number.isNaN(ms)) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${text}`)
  return { ms, cpuMs: 1000 * (Number(user) + Number(system)) }
}

/** Every variant once a round, the first round uncounted; medians, and the median of the ratios to the first variant. */
async function compare(title: string, variants: Record<string, () => Promise<Measured>>): Promise<void> {
  const found: Record<string, Measured[]> = {}
  for (let run = 0; run <= runs; run++)
    for (const [name, once] of Object.entries(variants)) {
      const result = await once()
      if (run > 0) (found[name] ??= []).push(result)
    }
  const [first = []] = Object.values(found)
  const row = (all: Measured[]): Record<string, number> => ({
    ms: Math.round(median(all.map(({ ms }) => ms))),
    'CPU ms': Math.round(median(all.map(({ cpuMs }) => cpuMs))),
    'x the first': Math.round(100 * median(all.map(({ ms }, k) => ms / (first[k]?.ms ?? Number.NaN)))) / 100,
  })
  console.log(title)
  console.table(Object.fromEntries(Object.entries(found).map(([name, all]) => [name, row(all)])))
}

const server = await S3Server.start()
try {
  await makeSession(session, Number(values.size) * 1e6)
  const where = `?region=us-east-1&endpoint=${encodeURIComponent(server.endpoint)}`
  const env = {
    PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'secret',
    TGSESSION_STORE: `s3://${server.bucket}/bench${where}`,
    TGSESSION_KEY: 'ab'.repeat(32),
  }
  // The sources as they are, one file each, beside the packages as they are installed.
  const plain = path.join(folder, 'plain')
  mkdirSync(plain)
  symlinkSync(path.join(root, 'node_modules'), path.join(plain, 'node_modules'))
  cpSync(path.join(root, 'package.json'), path.join(plain, 'package.json'))
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc')
  const options = ['--emitDeclarationOnly', 'false', '--outDir', path.join(plain, 'dist')]
  // `npm run check` looks at the types; from here the client libraries would be found twice.
  execFileSync(tsc, ['-p', path.join(root, 'tsconfig.build.json'), '--noCheck', ...options])
  await measure([cli(root), 'push', session], env, /Stored/)
  const restore = async (checkout: string, more: Record<string, string> = {}): Promise<Measured> => {
    const placed = path.join(folder, 'placed.session')
    const args = [cli(checkout), 'run', '--file', placed, '--', '/bin/true']
    const result = await measure(args, { ...env, ...more }, /session\.restored/)
    rmSync(placed)
    return result
  }
  const uncached = { NODE_DISABLE_COMPILE_CACHE: '1' }
  await compare(`tgsession run, to the verified file, ${values.size} MB, ${runs} rounds`, {
    'as built': () => restore(root),
    'without the compile cache': () => restore(root, uncached),
    'without the bundle': () => restore(plain, { TMPDIR: folder }),
    'without either': () => restore(plain, uncached),
  })

  const source = (file: string): string => JSON.stringify(path.join(plain, 'dist', 'src', file))
  const program = (code: string): (() => Promise<Measured>) => {
    const file = path.join(plain, `part-${Math.random()}.mjs`)
    writeFileSync(
      file,
      `import { readFileSync } from 'node:fs'\nconst bytes = readFileSync(${JSON.stringify(session)});\n${code};\nconsole.log('ready')`,
    )
    return () => measure([file], { ...env, ...uncached }, /ready/)
  }
  const sealed = path.join(folder, 'sealed')
  const secret = Buffer.from(env.TGSESSION_KEY, 'hex')
  writeFileSync(sealed, encrypt(readFileSync(session), publicOf(secret)))
  await compare('parts, as processes of their own', {
    'Node, which reads the file': program(''),
    'checked by our reader of its pages': program(
      `await (await import(${source('session/inspect.js')})).verifySession(bytes)`,
    ),
    'checked by sql.js': program(
      `const { SqlDatabase } = await import(${source('session/sql.js')}); (await SqlDatabase.open(bytes)).get('pragma quick_check(1)')`,
    ),
    'decrypted by us': program(
      `(await import(${source('replica/age.js')})).decrypt(new Uint8Array(readFileSync(${JSON.stringify(sealed)})), [Buffer.from('${env.TGSESSION_KEY}', 'hex')])`,
    ),
    'decrypted by age-encryption': program(
      `const { Decrypter } = await import('age-encryption'); const one = new Decrypter(); one.addIdentity('${parseKey(env.TGSESSION_KEY)}'); await one.decrypt(readFileSync(${JSON.stringify(sealed)}))`,
    ),
  })
} finally {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
}
