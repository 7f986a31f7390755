// Writes what the entries export to test/public/surface.txt, so that a changed export shows in a diff: `npm run surface`.
// A test compares the two.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './declarations.ts'
import { readSurface } from './read-surface.ts'

writeFileSync(path.join(ROOT, 'test/public/surface.txt'), readSurface().text)
