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
    hint: 'It can never be used again. Log in again with `tgsession login`, or push a session with another key.',
  })
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
