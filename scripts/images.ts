// Runs the steps of the Dockerfiles of deploy/ one by one, each stage in a root folder of its own, starts what the image
// starts, and prints how large it is. No image can be pulled or built where the tests run, so Debian's smallest system stands
// in for the base images. Linux, as root, with mmdebstrap: `npm run images [-- Dockerfile]`. It takes some minutes.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseDockerfile, type Stage } from '../test/support/images/dockerfile.ts'
import { inRoot, makeRoot, must, startInRoot } from '../test/support/images/root.ts'
import { openReplica } from '../src/config/open-replica.ts'
import { readSettings } from '../src/config/settings.ts'
import { API_HASH, API_ID, makeSession, startDc } from '../test/support/rig.ts'
import { until } from '../test/support/until.ts'
import { freePort } from '../test/support/free-port.ts'

const CHECKOUT = path.join(import.meta.dirname, '..')

if (process.getuid?.() !== 0 || spawnSync('mmdebstrap', ['--version']).status !== 0) {
  console.error('npm run images needs root and mmdebstrap (apt-get install mmdebstrap).')
  process.exit(69)
}
const scratch = await mkdtemp(path.join(tmpdir(), 'tgsession-images-'))
try {
  const context = path.join(scratch, 'context')
  mkdirSync(path.join(context, 'bot'), { recursive: true })
  // What git has and .dockerignore leaves, and a bot beside it.
  const packed = `tar -C ${CHECKOUT} --anchored --exclude-from=${CHECKOUT}/.dockerignore --null -T - -cf -`
  must(['bash', '-c', `git -C ${CHECKOUT} ls-files -z | ${packed} | tar -xf - -C ${context}`])
  writeFileSync(path.join(context, 'bot/requirements.txt'), '')
  writeFileSync(
    path.join(context, 'bot/bot.py'),
    "import os\nprint('bot: has', os.path.getsize(os.environ['TGSESSION_FILE']), 'bytes', flush=True)\nimport time\ntime.sleep(600)\n",
  )
  const wanted = process.argv.slice(2)
  for (const file of wanted.length > 0 ? wanted : ['Dockerfile', 'Dockerfile.python'])
    await build(file, context)
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function build(file: string, context: string): Promise<void> {
  const stages = parseDockerfile(readFileSync(path.join(CHECKOUT, 'deploy', file), 'utf8'))
  const roots = new Map<string, string>()
  let last: Built | undefined
  let baseMb = 0
  for (const [n, stage] of stages.entries()) {
    const root = path.join(scratch, `${file}-${n}`)
    console.log(`${file}: FROM ${stage.image}`)
    makeRoot(root, stage.image)
    if (n === stages.length - 1) baseMb = sizeMb(root)
    last = runSteps(stage, root, { context, roots })
    if (stage.name !== undefined) roots.set(stage.name, root)
  }
  if (last) await start(file, last, baseMb)
}

interface Built {
  root: string
  user: string
  cwd: string
  argv: string[]
}

function runSteps(stage: Stage, root: string, from: { context: string; roots: Map<string, string> }): Built {
  const built: Built = { root, user: 'root', cwd: '/', argv: [] }
  for (const { name, rest } of stage.steps) {
    console.log(`  ${name} ${rest.slice(0, 100)}`)
    if (name === 'WORKDIR') mkdirSync(path.join(root, (built.cwd = rest)), { recursive: true })
    else if (name === 'USER') built.user = rest
    else if (name === 'RUN') inRoot(root, ['sh', '-c', rest], built)
    else if (name === 'COPY') copy(rest, built, from)
    else if (name === 'ENTRYPOINT' || name === 'CMD') {
      const words: string[] = JSON.parse(rest)
      built.argv.push(...words)
    }
  }
  return built
}

function copy(
  rest: string,
  { root, cwd }: Built,
  { context, roots }: { context: string; roots: Map<string, string> },
): void {
  const words = rest.split(' ')
  const option = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
  const [to = '', ...sources] = words.filter((word) => !word.startsWith('--')).toReversed()
  const base = roots.get(option('from') ?? '') ?? context
  const target = path.join(root, to.startsWith('/') ? to : path.join(cwd, to))
  if (to.endsWith('/')) mkdirSync(target, { recursive: true })
  for (const source of sources) {
    const there = path.join(base, source)
    const isFolder = statSync(there).isDirectory()
    if (isFolder) mkdirSync(target, { recursive: true })
    must(['cp', '-a', isFolder ? `${there}/.` : there, target])
  }
  const owner = option('chown')
  if (owner !== undefined)
    inRoot(root, ['chown', '-R', owner, path.resolve('/', path.relative(root, target))])
}

/** The image's own command with a session in a folder, until its bot runs; then a probe, and a stop. */
async function start(file: string, { root, user, cwd, argv }: Built, baseMb: number): Promise<void> {
  const mb = sizeMb(root)
  console.log(
    `${file}: ${mb.toFixed(1)} MB as tar.gz of its root folder, of which the stand-in of its base ${baseMb.toFixed(1)}`,
  )

  const store = path.join(root, 'sessions')
  const port = await freePort()
  const key = randomBytes(32).toString('hex')
  const dc = await startDc()
  const settings = { TGSESSION_STORE: `file:${store}`, TGSESSION_KEY: key }
  await (await openReplica(await readSettings(settings, { store: true }))).push(await makeSession(dc), {})
  must(['chmod', '-R', 'a+rwX', store])
  const env = {
    ...settings,
    TGSESSION_STORE: 'file:/sessions',
    TELEGRAM_API_ID: String(API_ID),
    TELEGRAM_API_HASH: API_HASH,
  }
  const command = argv.map((word) => word.replace('0.0.0.0:8080', `127.0.0.1:${port}`))
  const { process: started, undo } = startInRoot(root, command, { user, cwd, env })
  try {
    let said = ''
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (part: Buffer) => (said += String(part)))
    await until(() => /bot: (?:has|connected)/.test(said), 'the bot')
    const { status } = await fetch(`http://127.0.0.1:${port}/healthz`)
    started.kill('SIGTERM')
    const code = await new Promise((resolve) => started.once('exit', resolve))
    const isReleased = said.includes('event=lease.released')
    console.log(
      `${file}: the bot starts, /healthz ${status}; SIGTERM: exit code ${String(code)}, released: ${isReleased}`,
    )
    if (status !== 200 || !isReleased) process.exitCode = 1
  } finally {
    undo()
    await dc.close()
  }
}

function sizeMb(root: string): number {
  return Number(must(['bash', '-c', `tar -C ${root} --one-file-system -czf - . | wc -c`])) / 2 ** 20
}
