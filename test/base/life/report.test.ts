import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ForbiddenError, LeaseError } from '../../../src/base/errors.ts'
import { describeError, describeLoss } from '../../../src/base/life/report.ts'

const because = (cause: unknown): LeaseError =>
  new LeaseError('lease.expiring', 'not renewed in time', { hint: 'Look at it.', cause })

describe('what is told of a failure', () => {
  it('has the reason where that is a failure of ours, and no foreign text', () => {
    const ours = new ForbiddenError('store.forbidden', 's3://b refuses it', { hint: '' })
    assert.deepEqual(describeError(because(ours)), {
      code: 'lease.expiring',
      message: 'not renewed in time: s3://b refuses it',
    })
    assert.equal(describeError(because(new Error('password=x'))).message, 'not renewed in time')
  })

  it('has what to do about the loss of a lease', () => {
    assert.equal(describeLoss(because(undefined))['hint'], 'Look at it.')
  })
})
