import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import type { Witness } from './witness.ts'

export interface JudgeOptions {
  dc: Pick<FakeDc, 'stats'>
  replica: Replica
  witness: Witness
  /** The fingerprint of the auth key that it began with. */
  key: string | undefined
}

/** After so many looks all revisions are opened once more. */
const LOOK_AGAIN = 5

/** Says which promises are broken, at any time. */
export class Judge {
  /** Duplicates that are counted apart. */
  pardoned = 0
  readonly #of: JudgeOptions
  #looks = 0
  /** Fields of the head, one of which another release may have written, and after how many replacements. */
  #fields = { names: new Set<string>(), after: 0 }

  constructor(of: JudgeOptions) {
    this.#of = of
  }

  get duplicates(): number {
    return this.#of.dc.stats().duplicates - this.pardoned
  }

  /** In words; none as long as all is well. `thorough` opens every revision once more. */
  async breaches({ thorough = ++this.#looks % LOOK_AGAIN === 0 } = {}): Promise<string[]> {
    const { dc, replica, witness, key } = this.#of
    if (thorough) await witness.lookAgain()
    const lost = await witness.lostSaves()
    const head = await replica.status()
    const { current, quarantined } = head
    const { logins, keys } = dc.stats()
    const owned = keys.filter(({ userId }) => userId !== null)
    return [
      ...(this.duplicates > 0 ? [`AUTH_KEY_DUPLICATED ${this.duplicates} times`] : []),
      ...(logins === 1 ? [] : [`${logins} logins`]),
      ...(owned.length === 1 && current?.keyFingerprint === key ? [] : ['the key changed']),
      ...(quarantined.length === 0 ? [] : ['something was quarantined']),
      ...this.#lostFields(Object.keys(head)),
      ...lost,
      ...witness.torn,
    ]
  }

  /** What one release has written into the head, another one keeps. */
  #lostFields(names: readonly string[]): string[] {
    const { replacements } = this.#of.witness
    if (replacements !== this.#fields.after) this.#fields = { names: new Set(), after: replacements }
    const lost = [...this.#fields.names].filter((name) => !names.includes(name))
    for (const name of names) this.#fields.names.add(name)
    return lost.map((name) => `the head has lost its field ${name}`)
  }
}
