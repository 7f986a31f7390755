// `npm run surface` writes what the entries export to test/public/surface.txt, so that a changed export shows in a diff.
// `npm run reference` does, too, and marks docs/reference/api with what it was made of. A test compares both.
import { appendFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './declarations.ts'
import { readSurface } from './read-surface.ts'

const { text, hash } = readSurface()
writeFileSync(path.join(ROOT, 'test/public/surface.txt'), text)
if (process.argv[2] === '--reference')
  appendFileSync(path.join(ROOT, 'docs/reference/api/README.md'), `\n<!-- made of ${hash} -->\n`)
