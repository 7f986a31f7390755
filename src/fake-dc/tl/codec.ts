import { ProtocolError } from '../errors.ts'
import { TlReader } from './reader.ts'
import type { TlConstructor, TlParameter, TlType } from './schema.ts'
import { type TlObject, type TlValue, isTlObject } from './value.ts'
import { TlWriter } from './writer.ts'

const VECTOR = 0x1cb5c415
const TRUE = 0x997275b5
const FALSE = 0xbc799737

/** Deeper nesting is an attack: it would exhaust the stack. */
const MAX_DEPTH = 32

/** Reads any known constructor by its id, and writes a value in the form that a layer knows. */
export class TlCodec {
  readonly #byId = new Map<number, TlConstructor>()
  /** Newest form first. */
  readonly #byName = new Map<string, TlConstructor[]>()

  constructor(schema: TlConstructor[]) {
    for (const each of schema.toSorted((a, b) => b.layer - a.layer)) {
      this.#byId.set(each.id, each)
      this.#byName.set(each.name, [...(this.#byName.get(each.name) ?? []), each])
    }
  }

  nameOf(id: number): string | undefined {
    return this.#byId.get(id)?.name
  }

  knows(name: string): boolean {
    return this.#byName.has(name)
  }

  /** A result of a method: an object, a Bool, or a vector of objects. */
  encode(value: TlValue, layer: number): Buffer {
    const writer = new TlWriter()
    if (Array.isArray(value))
      this.#write(writer, { kind: 'vector', of: { kind: 'named' }, boxed: true }, value, layer)
    else this.#write(writer, { kind: typeof value === 'boolean' ? 'Bool' : 'named' }, value, layer)
    return writer.finish()
  }

  /** The next boxed object. @throws ProtocolError */
  decode(reader: TlReader, depth = 0): TlObject {
    if (depth > MAX_DEPTH) throw new ProtocolError('TL data is nested too deeply')
    const id = reader.uint()
    const form = this.#byId.get(id)
    if (!form) throw new ProtocolError(`unknown constructor ${id.toString(16)}`)
    return this.#readForm(reader, form, depth)
  }

  /** The one object that fills `bytes`; the tail of an open constructor is skipped. @throws ProtocolError */
  decodeWhole(bytes: Uint8Array): TlObject {
    const reader = new TlReader(bytes)
    const object = this.decode(reader)
    if (reader.left > 0 && !this.#byName.get(object._)?.[0]?.open)
      throw new ProtocolError('TL data is too long')
    return object
  }

  #readForm(reader: TlReader, form: TlConstructor, depth: number): TlObject {
    const fields: Record<string, TlValue> = {}
    for (const { name, type, condition } of form.parameters) {
      if (condition && ((Number(fields[condition.field]) >>> condition.bit) & 1) === 0) continue
      fields[name] = this.#read(reader, type, depth)
    }
    return { ...fields, _: form.name }
  }

  #read(reader: TlReader, type: TlType, depth: number): TlValue {
    switch (type.kind) {
      case 'int':
      case 'flags':
        return reader.int()
      case 'long':
        return reader.long()
      case 'int128':
        return reader.raw(16)
      case 'int256':
        return reader.raw(32)
      case 'double':
        return reader.double()
      case 'string':
        return reader.string()
      case 'bytes':
        return reader.bytes()
      case 'true':
        return true
      case 'Bool':
        return this.#readBool(reader)
      case 'query':
        return reader.rest()
      case 'named':
        return this.decode(reader, depth + 1)
      case 'bare':
        return this.#readForm(reader, this.#form(type.name, 0), depth + 1)
      case 'vector':
      default:
        return this.#readVector(reader, type, depth + 1)
    }
  }

  #readBool(reader: TlReader): boolean {
    const id = reader.uint()
    if (id !== TRUE && id !== FALSE) throw new ProtocolError('a Bool is neither true nor false')
    return id === TRUE
  }

  #readVector(reader: TlReader, type: { of: TlType; boxed: boolean }, depth: number): TlValue[] {
    if (type.boxed && reader.uint() !== VECTOR) throw new ProtocolError('a Vector is missing')
    const count = reader.int()
    // Every element takes at least four bytes, so a count beyond that is a lie.
    if (count < 0 || count * 4 > reader.left) throw new ProtocolError('a Vector has a bad length')
    return Array.from({ length: count }, () => this.#read(reader, type.of, depth))
  }

  #form(name: string, layer: number): TlConstructor {
    const forms = this.#byName.get(name) ?? []
    const form = forms.find((each) => each.layer <= layer) ?? forms.at(-1)
    if (!form) throw new ProtocolError(`the schema has no ${name}`)
    return form
  }

  #writeForm(writer: TlWriter, form: TlConstructor, object: TlObject, layer: number): void {
    for (const { name, type, condition } of form.parameters) {
      const value = type.kind === 'flags' ? flagsOf(form.parameters, name, object) : object[name]
      if (condition && !isPresent(type, value)) continue
      if (value === undefined) throw new ProtocolError(`${form.name} lacks ${name}`)
      this.#write(writer, type, value, layer)
    }
  }

  #write(writer: TlWriter, type: TlType, value: TlValue, layer: number): void {
    if (type.kind === 'true') return
    if (type.kind === 'Bool') writer.int(value === true ? TRUE : FALSE)
    else if (type.kind === 'vector' && Array.isArray(value)) {
      if (type.boxed) writer.int(VECTOR)
      writer.int(value.length)
      for (const each of value as readonly TlValue[]) this.#write(writer, type.of, each, layer)
    } else if (type.kind === 'double' && typeof value === 'number') writer.double(value)
    else if (typeof value === 'number') writer.int(value)
    else if (typeof value === 'bigint') writer.long(value)
    else if (typeof value === 'string') writer.string(value)
    else if (value instanceof Uint8Array) {
      if (type.kind === 'int128' || type.kind === 'int256' || type.kind === 'query') writer.raw(value)
      else writer.bytes(value)
    } else if (isTlObject(value)) {
      const form = this.#form(value._, layer)
      if (type.kind !== 'bare') writer.int(form.id)
      this.#writeForm(writer, form, value, layer)
    }
  }
}

function isPresent(type: TlType, value: TlValue | undefined): boolean {
  return type.kind === 'true' ? value === true : value !== undefined
}

function flagsOf(parameters: TlParameter[], field: string, object: TlObject): number {
  let flags = 0
  for (const { name, type, condition } of parameters)
    if (condition?.field === field && isPresent(type, object[name])) flags |= 1 << condition.bit
  return flags
}
