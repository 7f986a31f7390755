// The first step of the build: everything that a start loads, in a few files instead of a thousand. What package.json
// names under `dependencies` stays outside and is installed with us: `telegram` must be the user's own copy. What it
// names under `devDependencies` goes in, as far as it is used, and so do two dependencies that every start reads: they
// are installed too, where audits look for what talks to the world. Not minified, so that a stack can be read.
import { chmodSync, cpSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rolldown } from 'rolldown'

const root = path.join(import.meta.dirname, '..')
const dist = path.join(root, 'dist')
const entries = globSync(
  ['src/{index,container,gramjs,teleproto,testing}.ts', 'src/cli/main.ts', 'scripts/*.ts', 'examples/*.ts'],
  {
    cwd: root,
    exclude: ['scripts/{bundle,chaos,commands,error-codes,images,mutants,picture,providers,test-quick}.ts'],
  },
)
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const inside = new Set(['@aws-sdk/client-s3', 'dotenv'])
const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
const outside = ['tgsession', ...installed.filter((name) => !inside.has(name))]

rmSync(dist, { recursive: true, force: true })
const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map((file) => [file.replace(/\.ts$/, ''), file])),
  platform: 'node',
  external: outside.map((name) => new RegExp(`^${name}(/|$)`)),
  // Of the AWS SDK's CommonJS nothing can be left out.
  resolve: { mainFields: ['module', 'main'] },
})
// Chunks lie beside the entries, which are packed, and as deep in dist/ as the sources that look for dist/ itself.
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  chunkFileNames: 'src/chunks/[name]-[hash].js',
})
await bundle.close()
chmodSync(path.join(dist, 'src', 'cli', 'main.js'), 0o755)
// What browsers get, as it stands.
cpSync(path.join(root, 'src/web/page'), path.join(dist, 'src/web/page'), { recursive: true })

const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
const packages = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []))
const notices = [...packages].toSorted().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file))
  const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim())
  return [`${name} ${version} (${license})`, ...texts].join('\n\n')
})
const text = ['Parts of these packages are in the files of this folder.', ...notices].join(
  `\n\n${'-'.repeat(80)}\n\n`,
)
writeFileSync(path.join(dist, 'src', 'THIRD-PARTY-LICENSES.txt'), `${text}\n`)
