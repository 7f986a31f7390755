import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** SQLite's sources of September 2011, as npm's `sqlite3` carried them; 3.7.9 came out in November of that year. */
const SOURCES = path.join(import.meta.dirname, '../../node_modules/sqlite-3.7.8/deps/sqlite3')
const FILES = ['sqlite3.c', 'sqlite3.h', 'shell.c']
const OPTIONS = ['-O0', '-w', '-DSQLITE_THREADSAFE=0', '-DSQLITE_OMIT_LOAD_EXTENSION']

/** Compiles the shell of SQLite 3.7.8, about ten seconds; once for all runs. */
export function buildOldSqlite(): string {
  const hash = createHash('sha256').update(OPTIONS.join(' '))
  for (const name of FILES) hash.update(readFileSync(path.join(SOURCES, name)))
  const folder = path.join(tmpdir(), `tgsession-sqlite-3.7.8-${hash.digest('hex').slice(0, 16)}`)
  const program = path.join(folder, 'sqlite3')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const made = path.join(folder, `made-${process.pid}`)
  execFileSync('cc', [...OPTIONS, 'sqlite3.c', 'shell.c', '-o', made], { cwd: SOURCES, timeout: 300_000 })
  renameSync(made, program)
  return program
}

/** What the shell prints for some SQL, one line a row; or what it complains of. */
export function askOldSqlite(program: string, file: string, sql: string): { rows: string[]; error: string } {
  const { stdout, stderr } = spawnSync(program, ['-batch', file], {
    input: sql,
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { rows: stdout.split('\n').slice(0, -1), error: stderr.trim() }
}
