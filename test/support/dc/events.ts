import type { FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'

/** Collects the events of a fake data centre and lets a test wait for one. */
export class Events {
  readonly all: FakeDcEvent[] = []
  #waiting: { test: (event: FakeDcEvent) => boolean; resolve: (event: FakeDcEvent) => void }[] = []

  readonly listen = (event: FakeDcEvent): void => {
    this.all.push(event)
    for (const each of this.#waiting) if (each.test(event)) each.resolve(event)
    this.#waiting = this.#waiting.filter((each) => !each.test(event))
  }

  /** The first such event from now on. */
  next(test: (event: FakeDcEvent) => boolean): Promise<FakeDcEvent> {
    return new Promise((resolve) => this.#waiting.push({ test, resolve }))
  }

  methods(): (string | undefined)[] {
    return this.all.filter(({ type }) => type === 'request').map(({ method }) => method)
  }
}
