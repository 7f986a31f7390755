// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export { FakeDc } from './fake-dc/fake-dc.ts'
export { addServerKey } from './clients/gramjs/library.ts'
export {
  sessionStorageContract,
  type ContractOptions,
  type ContractRunner,
} from './session/core/storage-contract.ts'
