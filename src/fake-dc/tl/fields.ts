import { ProtocolError } from '../errors.ts'
import { type TlObject, type TlValue, isTlObject } from './value.ts'

/** Typed reading of decoded objects; the codec has checked them against the schema, so a mismatch is a bug here. */
const mismatch = (object: TlObject, name: string): ProtocolError =>
  new ProtocolError(`${object._} has no such field: ${name}`)

export function intOf(object: TlObject, name: string): number {
  const value = object[name]
  if (typeof value !== 'number') throw mismatch(object, name)
  return value
}

export function longOf(object: TlObject, name: string): bigint {
  const value = object[name]
  if (typeof value !== 'bigint') throw mismatch(object, name)
  return value
}

export function textOf(object: TlObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw mismatch(object, name)
  return value
}

export function bytesOf(object: TlObject, name: string): Buffer {
  const value = object[name]
  if (!(value instanceof Uint8Array)) throw mismatch(object, name)
  return Buffer.from(value)
}

export function objectOf(object: TlObject, name: string): TlObject {
  const value = object[name]
  if (!isTlObject(value)) throw mismatch(object, name)
  return value
}

export function listOf(object: TlObject, name: string): readonly TlValue[] {
  const value = object[name]
  if (!Array.isArray(value)) throw mismatch(object, name)
  return value as readonly TlValue[]
}
