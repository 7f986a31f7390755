import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Of the machine that builds: how it reaches its registries. Nothing of it stays in the root folder. */
const PASSED_ON = /^(?:(?:https?|no)_proxy|npm_config_.*|node_extra_ca_certs)$/i

/** Runs a program, and throws with what it printed where it fails. */
export function must(argv: readonly string[], cwd?: string): string {
  const [program = '', ...args] = argv
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0)
    throw new Error(`${argv.join(' ').slice(0, 200)}\n${stdout.slice(-2000)}\n${stderr.slice(-3000)}`)
  return stdout
}

/**
 * A stand-in for an official image: Debian's smallest system with Node, or Python, where that image has it. No image can be
 * pulled where the tests run.
 */
export function makeRoot(folder: string, image: string): void {
  const isPython = image.startsWith('python:')
  const packages = ['ca-certificates', ...(isPython ? ['python3', 'python3-pip', 'python3-venv'] : [])]
  // What the slim images leave out, too.
  const without = ['doc', 'man', 'info', 'locale', 'lintian'].map(
    (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
  )
  must(['mmdebstrap', '--variant=minbase', ...without, `--include=${packages.join(',')}`, 'bookworm', folder])
  // As the official images have it: what apt fetches and reckons is not kept.
  const clean = [
    'APT::Keep-Downloaded-Packages "false";',
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
  ]
  writeFileSync(path.join(folder, 'etc/apt/apt.conf.d/docker-clean'), `${clean.join('\n')}\n`)
  rmSync(path.join(folder, 'var/cache/apt'), { recursive: true })
  rmSync(path.join(folder, 'var/lib/apt/lists'), { recursive: true })
  const bin = path.join(folder, 'usr/local/bin')
  if (isPython) {
    for (const name of ['python3', 'pip'])
      symlinkSync(`/usr/bin/${name === 'pip' ? 'pip3' : name}`, path.join(bin, name))
    return
  }
  copyFileSync(process.execPath, path.join(bin, 'node'))
  must(['chmod', '755', path.join(bin, 'node')])
  const npm = path.resolve(realpathSync(must(['which', 'npm']).trim()), '../..')
  cpSync(npm, path.join(folder, 'usr/local/lib/node_modules/npm'), {
    recursive: true,
    verbatimSymlinks: true,
  })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(bin, 'npm'))
  must(['chroot', folder, 'useradd', '--uid', '1000', '--create-home', 'node'])
}

/** Runs a step as the builder does: in the root folder, with its system folders there while it runs. */
export function inRoot(folder: string, argv: readonly string[], { user = 'root', cwd = '/' } = {}): string {
  const mounts = prepare(folder)
  try {
    return must(chrooted(folder, argv, user, cwd))
  } finally {
    mounts.undo()
  }
}

/** Starts the image's own command. */
export function startInRoot(
  folder: string,
  argv: readonly string[],
  { user, cwd, env }: { user: string; cwd: string; env: Record<string, string> },
): { process: ReturnType<typeof spawn>; undo: () => void } {
  const mounts = prepare(folder)
  const [program = '', ...args] = chrooted(folder, argv, user, cwd, env)
  return { process: spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }), undo: mounts.undo }
}

function chrooted(
  folder: string,
  argv: readonly string[],
  user: string,
  cwd: string,
  env: Record<string, string> = builders(),
): string[] {
  const variables = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/tmp',
    ...env,
  }
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return ['chroot', `--userspec=${user}`, folder, 'env', '-i', `--chdir=${cwd}`, ...set, ...argv]
}

function builders(): Record<string, string> {
  const passed = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name))
  // Debian's own Python wants to be asked; the one of the image is not Debian's.
  const python = { PIP_BREAK_SYSTEM_PACKAGES: '1' }
  return { ...python, ...Object.fromEntries(passed.map(([name, value]) => [name, value ?? ''])) }
}

function prepare(folder: string): { undo: () => void } {
  const bound = ['/proc', '/dev']
  for (const one of bound) {
    mkdirSync(path.join(folder, one), { recursive: true })
    must(['mount', '--bind', one, path.join(folder, one)])
  }
  copyFileSync('/etc/resolv.conf', path.join(folder, 'etc/resolv.conf'))
  copyFileSync('/etc/ssl/certs/ca-certificates.crt', path.join(folder, 'etc/ssl/certs/ca-certificates.crt'))
  return {
    undo: () => bound.toReversed().forEach((one) => must(['umount', '--lazy', path.join(folder, one)])),
  }
}
