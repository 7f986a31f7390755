export { FakeDc } from './fake-dc/fake-dc.ts'
export { addServerKey } from './clients/gramjs/library.ts'
export {
  sessionStorageContract,
  type ContractOptions,
  type ContractRunner,
} from './session/core/storage-contract.ts'
