import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'

/**
 * What a test needs from the machine. Where it is missing the test is skipped and says why; with
 * TGSESSION_TEST_NO_SKIP=1 (as .ci/run sets it) it fails instead, so that a gap in CI cannot pass for green.
 *
 *   it('…', { skip: missing.telethon() }, async () => { … })
 */
function unlessRequired(reason: string): string {
  if (process.env['TGSESSION_TEST_NO_SKIP'] === '1')
    throw new Error(`this run may skip nothing, but ${reason}`)
  return reason
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 120_000 }).status === 0
}

/** Not by importing them, which takes Telethon a second. */
function hasModules(...names: string[]): boolean {
  const look = `import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))`
  return succeeds(PYTHON, '-c', look, ...names)
}

/** The Python that has Telethon: Debian's package belongs to the system's interpreter. */
export const PYTHON = process.env['TGSESSION_TEST_PYTHON'] ?? '/usr/bin/python3'

/** Databases of their own are made on these servers, and dropped afterwards. */
export const POSTGRES_URL =
  process.env['TGSESSION_TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
export const MYSQL_URL = process.env['TGSESSION_TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test'

/** The folder of initdb and postgres, which Debian keeps out of PATH. */
export const POSTGRES_PROGRAMS = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
  ...(process.env['PATH'] ?? '').split(':'),
].find((folder) => ['initdb', 'postgres'].every((name) => existsSync(`${folder}/${name}`)))

function listens(url: string): boolean {
  const { hostname, port } = new URL(url)
  const script = `require('net').connect(${Number(port)}, ${JSON.stringify(hostname)}).on('connect', () => process.exit(0))`
  return succeeds(process.execPath, '--input-type=commonjs', '-e', script)
}

export const isPostgresThere = (): boolean => listens(POSTGRES_URL)

/** Debian's; playwright-core downloads none. */
export const CHROMIUM = process.env['TGSESSION_TEST_CHROMIUM'] ?? '/usr/bin/chromium'

export const missing = {
  chromium: (): string | false =>
    existsSync(CHROMIUM) ? false : unlessRequired('chromium is not installed'),
  telethon: (): string | false =>
    hasModules('telethon') ? false : unlessRequired('python3-telethon is not installed'),
  command: (name: string, versionFlag = '--version'): string | false =>
    succeeds(name, versionFlag) ? false : unlessRequired(`${name} is not installed`),
  /** A real S3 server: one that the environment names, or Ceph's programs to start one. */
  s3: (): string | false =>
    (process.env['AWS_ENDPOINT_URL_S3'] ?? '') !== '' ||
    ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph', 'monmaptool', 'curl'].every((name) =>
      succeeds(name, '--version'),
    )
      ? false
      : unlessRequired(
          'no S3 server is named by AWS_ENDPOINT_URL_S3, and ceph-mon, ceph-osd, radosgw, ceph-common, curl are not all installed',
        ),
  /** A Postgres server whose user may create databases: POSTGRES_URL. */
  postgres: (): string | false =>
    isPostgresThere() ? false : unlessRequired('no Postgres answers where POSTGRES_URL says'),
  /** A MariaDB or MySQL server whose user may create databases and users: MYSQL_URL. */
  mariadb: (): string | false =>
    listens(MYSQL_URL) ? false : unlessRequired('no MariaDB answers where MYSQL_URL says'),
  /** Postgres' own programs, for a server with passwords and TLS: POSTGRES_PROGRAMS. */
  postgresPrograms: (): string | false =>
    POSTGRES_PROGRAMS !== undefined && succeeds('openssl', 'version')
      ? false
      : unlessRequired('initdb and postgres (Debian: postgresql), and openssl, are not all installed'),
  /** MariaDB's own programs, for a server with other settings. */
  mariadbPrograms: (): string | false =>
    succeeds('mariadbd', '--version') && succeeds('which', 'mariadb-install-db')
      ? false
      : unlessRequired('mariadbd and mariadb-install-db (Debian: mariadb-server) are not installed'),
  /** SQLAlchemy 1.4 with its drivers, which makes the tables that Python programs have. */
  sqlalchemy: (): string | false =>
    hasModules('sqlalchemy', 'psycopg2', 'pymysql')
      ? false
      : unlessRequired('python3-sqlalchemy, python3-psycopg2 and python3-pymysql are not all installed'),
}
