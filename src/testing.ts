export { FakeDc } from './fake-dc/fake-dc.ts'
export { addServerKey } from './telegram/server-key.ts'
