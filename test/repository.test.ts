import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { describeCommands } from '../src/cli/describe-commands.ts'
import { errorCodes, errorsPage, exitCodes, untold } from '../scripts/error-codes.ts'
import { storesPage } from '../scripts/providers.ts'

/** What stands outside of src/ and can go stale without anything noticing: manifests, documents, hosts' files. */
const root = path.join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')
type Json = Record<string, unknown>

function object(value: unknown, what: string): Json {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is no object`)
  return { ...value }
}
const json = (name: string): Json => object(JSON.parse(read(name)), name)
const manifest = json('package.json')

/** `dist/src/x.js`, as the build makes it of `src/x.ts`; throws where nothing would make it. */
function assertBuilt(file: string, where: string): void {
  const source = /^(?:\.\/)?dist\/(.+?)(?:\.d\.ts|\.js)$/.exec(file)?.[1]
  assert.ok(source !== undefined, `${where}: ${file} is not a file of dist/`)
  assert.ok(existsSync(path.join(root, `${source}.ts`)), `${where}: ${source}.ts, of which ${file} is made`)
  const folders = json('tsconfig.build.json')['include']
  assert.ok(
    Array.isArray(folders) && folders.includes(source.split('/')[0]),
    `${where}: ${file} is not built`,
  )
}

describe('Heroku', () => {
  const lines = read('Procfile').trim().split('\n')
  const processes = new Map(
    lines.map((line) => [line.split(':')[0]!, line.slice(line.indexOf(':') + 1).trim()]),
  )

  it('has process types that every host and `heroku local` can read', () => {
    assert.deepEqual([...processes.keys()].toSorted(), ['login', 'web', 'worker'])
    for (const name of processes.keys()) assert.match(name, /^[a-z0-9]+$/)
  })

  for (const [name, command] of processes)
    it(`starts ${name} with node itself, on files that the build makes`, () => {
      assert.doesNotMatch(command, /\b(npm|npx|yarn|pnpm)\b|--run\b/)
      assert.match(command, /^(exec )?node /)
      const files = command.match(/\S+\.[jt]s\b/g) ?? []
      assert.ok(files.length > 0)
      for (const file of files) assertBuilt(file, name)
    })

  it('lets the worker replace the shell, and starts what `npm start` starts', () => {
    const worker = processes.get('worker') ?? ''
    assert.match(worker, /^exec /)
    assert.equal(object(manifest['scripts'], 'scripts')['start'], worker.replace(/^exec /, ''))
  })

  describe('app.json', () => {
    const app = json('app.json')
    // Source: devcenter.heroku.com/articles/app-json-schema
    const KEYS =
      'name description keywords website repository logo success_url scripts env formation addons buildpacks environments stack image'

    it('has no key that Heroku does not know, and no placeholder', () => {
      for (const key of Object.keys(app)) assert.ok(KEYS.split(' ').includes(key), key)
      assert.doesNotMatch(read('app.json'), /example\.(com|org)|OWNER|TODO|your-name/i)
      assert.match(String(app['name']), /^.{3,30}$/)
      assert.ok(String(app['description']).length > 20)
      assert.ok(Array.isArray(app['keywords']) && app['keywords'].every((word) => typeof word === 'string'))
    })

    it('starts one worker, and the login page, which binds the port', () => {
      const formation = object(app['formation'], 'formation')
      assert.deepEqual(Object.keys(formation), ['web', 'worker'])
      for (const type of ['web', 'worker']) {
        const { quantity, size } = object(formation[type], type)
        assert.equal(quantity, 1)
        assert.match(String(size), /^[a-z0-9-]+$/)
      }
      assert.match(processes.get('web') ?? '', /^exec node dist\/scripts\/web\.js$/)
      for (const type of Object.keys(formation))
        assert.ok(processes.has(type), `${type} is not in the Procfile`)
    })

    it('describes every variable, asks for what is needed, and has the key made', () => {
      const env = object(app['env'], 'env')
      for (const [name, value] of Object.entries(env)) {
        const { description, ...rest } = object(value, name)
        assert.ok(typeof description === 'string' && description.length > 20, `${name} is not described`)
        for (const key of Object.keys(rest)) assert.ok(['value', 'required', 'generator'].includes(key), key)
        assert.match(name, /^(?!HEROKU_)[A-Z][A-Z0-9_]*$/)
      }
      const required = Object.keys(env).filter((name) => object(env[name], name)['required'] === true)
      assert.deepEqual(required, ['TELEGRAM_API_ID', 'TELEGRAM_API_HASH'])
      for (const made of ['TGSESSION_KEY', 'TGSESSION_WEB_TOKEN'])
        assert.equal(object(env[made], made)['generator'], 'secret')
      const known = variablesRead()
      for (const name of Object.keys(env).filter((key) => !key.startsWith('AWS_')))
        assert.ok(known.has(name), `app.json asks for ${name}, which nothing reads`)
    })

    it('names stack, buildpack and add-on in the form that Heroku takes', () => {
      assert.match(String(app['stack']), /^heroku-\d\d$/)
      assert.deepEqual(app['buildpacks'], [{ url: 'heroku/nodejs' }])
      assert.ok(Array.isArray(app['addons']))
      for (const addon of app['addons']) assert.match(String(addon), /^[a-z-]+:[a-z0-9-]+$/)
    })
  })
})

describe('docs/reference/errors.md', () => {
  it('is what the sources say: else run `npm run docs`', () => {
    const page = errorsPage()
    assert.equal(read('docs/reference/errors.md'), page)
    assert.deepEqual(untold(page), [])
  })

  it('knows every class of errors', () => {
    assert.deepEqual(new Set(exitCodes().values()), new Set([64, 65, 66, 69, 71, 73, 75, 76, 77, 78, 79]))
    assert.ok(errorCodes().size > 100)
  })
})

describe('docs/stores.md', () => {
  it('has the services that doctor knows: else run `npm run docs`', () => {
    assert.equal(read('docs/stores.md'), storesPage())
  })
})

describe('package.json', () => {
  it('names Node versions in a closed range, which Heroku takes without a warning', () => {
    const range = String(object(manifest['engines'], 'engines')['node'])
    for (const part of range.split('||')) assert.match(part.trim(), /^[\^~]\d+\.\d+\.\d+$|^\d+(\.\d+)*\.x$/)
  })

  it('declares every install script of the lockfile, and none that is not there', () => {
    const packages = object(json('package-lock.json')['packages'], 'packages')
    const scripted = Object.entries(packages)
      .filter(([, value]) => object(value, 'package')['hasInstallScript'] === true)
      // npm goes by a package's own name, not by its alias.
      .map(([folder, value]) => {
        const { name } = object(value, 'package')
        return typeof name === 'string' ? name : folder.replace(/^.*node_modules\//, '')
      })
    assert.ok(scripted.length > 0)
    const declared = Object.keys(object(manifest['allowScripts'], 'allowScripts'))
    assert.deepEqual(declared.toSorted(), [...new Set(scripted)].toSorted())
  })

  it('points to what the build makes', () => {
    for (const [name, file] of Object.entries(object(manifest['bin'], 'bin'))) assertBuilt(String(file), name)
    for (const [name, target] of Object.entries(object(manifest['exports'], 'exports')))
      if (name !== './package.json')
        for (const file of Object.values(object(target, name))) assertBuilt(String(file), name)
    for (const [name, script] of Object.entries(object(manifest['scripts'], 'scripts')))
      for (const file of String(script).match(/\bdist\/[\w./-]+\.js\b/g) ?? [])
        assertBuilt(file, `npm run ${name}`)
  })

  it('packs the program and its documents: no test, no session, no secret', () => {
    const packing = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.equal(packing.status, 0, packing.stderr)
    const [packed]: unknown[] = JSON.parse(packing.stdout)
    const files = object(packed, 'npm pack')['files']
    assert.ok(Array.isArray(files))
    const names = files.map((file) => String(object(file, 'file')['path']))
    for (const name of [
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/src/cli/main.js',
      'README.md',
      'LICENSE',
    ])
      assert.ok(names.includes(name), `${name} is not packed; was \`npm run build\` run?`)
    const foreign = names.filter(
      (name) => !/^(dist\/src\/|docs\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(name),
    )
    assert.deepEqual(foreign, [])
    const secret = /\.session|\.env|\.key$|\.pem$|\.test\.|(^|\/)(test|fixtures|node_modules)\//
    assert.deepEqual(
      names.filter((name) => secret.test(name)),
      [],
    )
  })
})

describe('documents', () => {
  const docs = readdirSync(path.join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.posix.join(path.relative(root, entry.parentPath), entry.name))
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...docs.filter((name) => name.endsWith('.md')),
  ]

  for (const page of pages)
    it(`${page} has no dead link`, () => {
      for (const link of linksOf(page)) {
        if (/^[a-z]+:/.test(link)) continue
        const [target = '', anchor] = link.split('#')
        const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target)
        assert.ok(existsSync(path.join(root, file)), `${link}: there is no ${file}`)
        if (anchor !== undefined) assert.ok(anchors(read(file)).has(anchor), `${link}: no heading #${anchor}`)
      }
    })

  it('are all reached from the README', () => {
    const reached = new Set(['README.md'])
    for (const page of reached)
      for (const link of page.endsWith('.md') ? linksOf(page) : [])
        if (!/^[a-z]+:/.test(link))
          reached.add(path.posix.join(path.posix.dirname(page), link.split('#')[0] ?? ''))
    for (const file of [...docs, 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'])
      assert.ok(reached.has(file), `no page that the README leads to links to ${file}`)
  })

  it('name the commands that .ci/run runs', () => {
    const commands = read('.ci/run').match(/^npm .+$/gm) ?? []
    assert.deepEqual(commands, [
      'npm ci',
      'npm run check',
      'npm test',
      'npm run demo -- --json',
      'npm run mutants -- --chaos --only lease-any-mark,lease-beat-ignored,lease-wall-clock',
    ])
    for (const command of commands)
      assert.ok(`${read('README.md')}${read('CONTRIBUTING.md')}`.includes(command), command)
    assert.ok(statSync(path.join(root, '.ci/run')).mode & 0o100, '.ci/run cannot be executed')
  })

  it('explain every variable that is read, and no other', () => {
    const wanted = [...variablesRead()].toSorted()
    assert.ok(wanted.length > 8)
    const example = read('.env.example').matchAll(/^#?((?:TGSESSION|TELEGRAM)_[A-Z_]+)=/gm)
    assert.deepEqual([...example].map((match) => match[1]!).toSorted(), wanted)
    const table = read('docs/reference/configuration.md').matchAll(
      /^\| `((?:TGSESSION|TELEGRAM)_[A-Z_]+)` \|/gm,
    )
    assert.deepEqual([...table].map((match) => match[1]!).toSorted(), wanted)
  })

  it('have the commands as they are: npm run commands', () => {
    assert.equal(read('docs/reference/commands.md'), describeCommands())
  })

  it('explain every exit code of an error, and every event of the log', () => {
    const codes = [...read('src/base/errors.ts').matchAll(/exitCode = (\d+)/g)].map((match) => match[1]!)
    assert.ok(codes.length > 8)
    for (const code of codes)
      assert.match(read('docs/reference/configuration.md'), new RegExp(`^\\| ${code} \\|`, 'm'))
    const events = sources('src/run', 'src/cli').flatMap((file) =>
      [...read(file).matchAll(/\breport\(\s*'([a-z._]+)'/g)].map((match) => match[1]!),
    )
    assert.ok(events.length > 10)
    for (const event of events)
      assert.ok(
        read('docs/hosts/heroku.md').includes(`\`${event}\``),
        `docs/hosts/heroku.md does not explain ${event}`,
      )
  })

  it('hold no value of a secret', () => {
    for (const page of [...pages, '.env.example', 'app.json'])
      assert.doesNotMatch(
        read(page),
        /AGE-SECRET-KEY-1[A-Z0-9]{58}|\bAKIA[A-Z0-9]{16}\b|\b1[A-Za-z0-9_-]{351,}/,
      )
  })
})

describe('.gitignore', () => {
  const secrets = [
    'main.session',
    'deep/er/main.session',
    'main.session-journal',
    'main.session.age',
    'main.rescued.session',
    '.env',
    '.env.production',
    'key.pem',
    'tgsession.key',
    'tgsession-store/main/head.json',
    'tgsession-0.1.0.tgz',
    'node_modules/x/index.js',
    'dist/src/index.js',
  ]
  const kept = [
    '.env.example',
    'src/session/formats/telethon/live-file.ts',
    'docs/flow.svg',
    'package-lock.json',
  ]

  it('keeps sessions, keys and settings out, and sources in', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-ignore-'))
    try {
      execFileSync('git', ['init', '--quiet', folder])
      copyFileSync(path.join(root, '.gitignore'), path.join(folder, '.gitignore'))
      const { stdout } = spawnSync('git', ['check-ignore', ...secrets, ...kept], {
        cwd: folder,
        encoding: 'utf8',
      })
      assert.deepEqual(stdout.trim().split('\n'), secrets)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** The variables of ours that the settings and the choice of the store take from the environment. */
function variablesRead(): Set<string> {
  const text = sources('src/config', 'src/store').map(read).join('')
  return new Set(text.match(/\b(?:TGSESSION|TELEGRAM)_[A-Z_]*[A-Z]\b/g))
}

function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  )
}

/** Without code, in which brackets are no links. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, 'code')
}

function linksOf(page: string): string[] {
  const links = prose(read(page)).matchAll(/\]\(([^()\s]+)\)|\b(?:src|href)="([^"]+)"/g)
  return [...links].map((match) => match[1] ?? match[2] ?? '')
}

/** As GitHub names headings. */
function anchors(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)
  const found = new Set([...markdown.matchAll(/<a id="([^"]+)">/g)].map((match) => match[1]!))
  for (const [, text = ''] of headings) {
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
    // As on GitHub: the second of the same words gets -1.
    let [anchor, repeats] = [slug, 0]
    while (found.has(anchor)) anchor = `${slug}-${++repeats}`
    found.add(anchor)
  }
  return found
}
