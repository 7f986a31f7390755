import { channel } from 'node:diagnostics_channel'

/** The moments of a run's life, in their order: between any two of them everything may die. `openSession` has those that need no command. */
export const STEPS = [
  'boot',
  'session.found',
  'lease.taken',
  'session.fetched',
  'session.placed',
  'command.started',
  'save.begun',
  'save.captured',
  'revision.stored',
  'revision.named',
  'revision.removed',
  'save.done',
  'command.ended',
  'release.begun',
  'release.done',
] as const
export type Step = (typeof STEPS)[number]

const steps = channel('tgsession.step')

/** Publishes on Node's diagnostics channel `tgsession.step`, for a test harness. In production it has no subscriber. */
export function reached(step: Step): void {
  steps.publish(step)
}
