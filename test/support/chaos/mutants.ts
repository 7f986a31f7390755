import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../cli/dyno.ts'
import { chaos, type ChaosOutcome } from './chaos.ts'
import { patched } from './patched.ts'

export const MUTANTS = path.join(ROOT, 'test', 'mutants')

/** A patch that breaks a promise, and what chaos must then see: the lines before its first file. */
export interface Mutant {
  name: string
  file: string
  what: string
  part: string
  seed: number
  restarts: number
  store: string
  caughtBy: RegExp
}

/** In the order of their parts and names. */
export async function readMutants(): Promise<Mutant[]> {
  const names = (await readdir(MUTANTS)).filter((name) => name.endsWith('.patch')).toSorted()
  return await Promise.all(
    names.map(async (name): Promise<Mutant> => {
      const file = path.join(MUTANTS, name)
      const [about = ''] = (await readFile(file, 'utf8')).split(/^--- /m)
      const field = (title: string): string => {
        const value = new RegExp(`^${title}: (.+)$`, 'm').exec(about)?.[1]
        if (value === undefined) throw new Error(`${name} does not say: ${title}`)
        return value
      }
      return {
        name: path.basename(name, '.patch'),
        file,
        what: field('What'),
        part: field('Part'),
        seed: Number(field('Seed')),
        restarts: Number(field('Restarts')),
        store: field('Store'),
        caughtBy: new RegExp(field('Caught by')),
      }
    }),
  )
}

export interface Verdict {
  outcome: ChaosOutcome
  isCaught: boolean
  /** The promise, and the life in which it was broken. */
  caughtBy: string
}

/** Builds a copy of this checkout with the patch in it, and has chaos judge that. This checkout is left as it is. */
export async function judge(mutant: Mutant, ttlMs?: number): Promise<Verdict> {
  const copy = await patched(mutant.file)
  try {
    const { seed, restarts, store, caughtBy } = mutant
    const outcome = await chaos({ seed, restarts, store, root: copy.root, ttlMs })
    const promise = outcome.broken.find((one) => caughtBy.test(one))
    const lived = outcome.result.restarts
    const life = outcome.plan.lives[lived - 1]
    const where = `in life ${lived} (${life?.stay?.what ?? life?.mishap})`
    return { outcome, isCaught: promise !== undefined, caughtBy: `${promise ?? 'nobody'}, ${where}` }
  } finally {
    await copy.remove()
  }
}
