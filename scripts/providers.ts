// Writes the table of docs/stores.md from src/store/providers.ts: `npm run docs`. A test compares the two.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describeProviders } from '../src/store/providers.ts'

const FILE = path.join(import.meta.dirname, '..', 'docs', 'stores.md')
const TABLE = /(<!-- providers: [^\n]* -->\n).*?(<!-- \/providers -->)/s

/** The page with the table as it should be. */
export function storesPage(): string {
  return readFileSync(FILE, 'utf8').replace(
    TABLE,
    (_, start: string, end: string) => `${start}${describeProviders()}\n${end}`,
  )
}

if (import.meta.main) writeFileSync(FILE, storesPage())
