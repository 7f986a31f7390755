import { BadDataError, LeaseError, NoSessionError, RefusedError } from '../base/errors.ts'

/** What several parts of the replica refuse, in one voice. */

export function noSession(name: string): NoSessionError {
  return new NoSessionError('session.none', `there is no session named ${name} in this store yet`, {
    hint: 'Make one with `tgsession login` (on Heroku: heroku run npm run login), or store one with `tgsession push`.',
  })
}

export function noRevision(number: number): NoSessionError {
  return new NoSessionError('revision.none', `there is no revision ${number}`, {
    hint: '`tgsession history` lists those that are there.',
  })
}

export function deadKey(reason: string): RefusedError {
  return new RefusedError('session.dead_key', `Telegram has ended the key of this session (${reason})`, {
    hint: `It can never be used again. ${afterDeath(reason)}`,
  })
}

/** What helps if Telegram no longer accepts an auth key. */
export function afterDeath(reason: string): string {
  if (reason === 'banned')
    return 'The account is banned, and no login can help: its owner may write to recover@telegram.org. Or store a session of another account with `tgsession push`.'
  if (reason === 'deleted')
    return 'The account was deleted, and no login can help. Store a session of another account with `tgsession push`.'
  return 'Log in again with `tgsession login`, or store a session with another key with `tgsession push`.'
}

export function held({ label, since }: { label: string; since: string }): LeaseError {
  return new LeaseError('lease.held', `the session is in use by ${label} since ${since}`, {
    hint: 'Stop it first (heroku ps:scale worker=0), then try again.',
  })
}

/** Holds a session to the account that TGSESSION_USER_ID names, where both are known. */
export function checkAccount(expected: string | undefined, userId: string | null): void {
  if (expected === undefined || userId === null || userId === expected) return
  throw new BadDataError(
    'replica.other_account',
    `the stored session is of user ${userId}, expected ${expected}`,
    { hint: 'Correct TGSESSION_USER_ID, or store the right session with `tgsession push`.' },
  )
}
