import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { readMutants } from '../support/chaos/mutants.ts'
import { checkPatch, RELEASES } from '../support/chaos/patched.ts'
import { ROOT } from '../support/cli/dyno.ts'

/** `npm run mutants -- --chaos` shows that they are caught. */
describe('the mutants', async () => {
  const mutants = await readMutants()

  for (const mutant of mutants)
    it(`${mutant.name} still fits the code`, async () => await checkPatch(mutant.file))

  for (const [name, patch] of Object.entries(RELEASES))
    it(`have beside them the release ${name}, which still fits the code`, async () => await checkPatch(patch))

  it('are of the lease, the head, saving and run', () => {
    assert.deepEqual(new Set(mutants.map(({ part }) => part)), new Set(['lease', 'head', 'saving', 'run']))
    assert.ok(mutants.length >= 12)
  })

  it('all stand in docs/chaos.md', async () => {
    const page = await readFile(path.join(ROOT, 'docs', 'chaos.md'), 'utf8')
    const missing = mutants.filter(({ name, what }) => !page.includes(`| ${name} | ${what} |`))
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    )
  })
})
