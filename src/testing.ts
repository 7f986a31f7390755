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
  FakeDcStats,
  FakePerson,
  Standing,
} from './fake-dc/options.ts'
export {
  sessionStorageContract,
  type ContractOptions,
  type ContractRunner,
} from './session/core/storage-contract.ts'
