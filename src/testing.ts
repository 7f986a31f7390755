/**
 * For tests: a Telegram data centre on loopback, and the contract of a session storage.
 *
 * @module tgsession/testing
 */
// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export { FakeDc } from './fake-dc/fake-dc.ts'
export { FakeDcError, RpcError } from './fake-dc/errors.ts'
export type {
  FakeAccount,
  FakeBot,
  FakeChannel,
  FakeDcEvent,
  FakeDcKeyState,
  FakeDcKeyStats,
  FakeDcOptions,
  FakeDcCounts,
  FakePerson,
  Standing,
} from './fake-dc/options.ts'
export {
  sessionStorageContract,
  type ContractOptions,
  type ContractRunner,
} from './session/core/storage-contract.ts'
