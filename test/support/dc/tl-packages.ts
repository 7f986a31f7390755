import { createRequire } from 'node:module'
import { TlBinaryReader, TlBinaryWriter, type TlReaderMap, type TlWriterMap } from '@mtcute/tl-runtime'
import bigInt from 'big-integer'
import Long from 'long'

const load = createRequire(import.meta.url)

/** Makes a request of the package: fields in camelCase, numbers of 64 bits by `long`. */
interface Maker {
  make: (name: string, fields: object) => Made
  long: (value: number) => object
}

/** GramJS writes itself; mtcute has the name of the constructor in it. */
interface Made {
  _?: string
  getBytes?: () => Buffer
}

/** A package of that layer, with its own decoder and encoder. */
export interface TlPackage {
  layer: number
  name: string
  /** One object from the bytes, which must be all of it. */
  decode: (bytes: Buffer) => unknown
  encode: (request: (maker: Maker) => Made) => Buffer
}

type GramJsClass = new (fields: object) => { getBytes: () => Buffer }
interface GramJsModules {
  BinaryReader: new (bytes: Buffer) => { tgReadObject: () => unknown; tellPosition: () => number }
  Api: Record<string, GramJsClass & Record<string, GramJsClass>>
}

function gramjs(layer: number, name: string): TlPackage {
  const { BinaryReader }: GramJsModules = load(`${name}/extensions/BinaryReader.js`)
  const { Api }: GramJsModules = load(`${name}/tl/index.js`)
  const maker: Maker = {
    make: (title, fields) => {
      const [last = '', space] = title.split('.').toReversed()
      const Class = (space === undefined ? Api : Api[space])?.[last.replace(/^./, (c) => c.toUpperCase())]
      if (!Class) throw new Error(`${name} has no ${title}`)
      return new Class(fields)
    },
    long: (value) => bigInt(value),
  }
  return {
    layer,
    name,
    decode: (bytes) => {
      const reader = new BinaryReader(bytes)
      const object = reader.tgReadObject()
      if (reader.tellPosition() !== bytes.length) throw new Error(`${name} left bytes unread`)
      return object
    },
    encode: (request) => request(maker).getBytes?.() ?? Buffer.alloc(0),
  }
}

function mtcute(layer: number, name: string, folder = `${name}/binary`): TlPackage {
  const { __tlReaderMap: readers }: { __tlReaderMap: TlReaderMap } = load(`${folder}/reader.js`)
  const { __tlWriterMap: writers }: { __tlWriterMap: TlWriterMap } = load(`${folder}/writer.js`)
  const maker: Maker = {
    make: (title, fields) => ({ _: title, ...fields }),
    long: (value) => Long.fromNumber(value),
  }
  return {
    layer,
    name,
    decode: (bytes) => {
      const reader = new TlBinaryReader(readers, bytes)
      const object: unknown = reader.object()
      if (reader.pos !== bytes.length) throw new Error(`${name} left bytes unread`)
      return object
    },
    encode: (request) => Buffer.from(TlBinaryWriter.serializeObject(writers, { _: '', ...request(maker) })),
  }
}

const mtcuteCore = (layer: number, name: string): TlPackage =>
  mtcute(layer, name, load.resolve(name).replace(/index\.\w+$/, 'tl/binary'))

/** One package for each layer that some package has, where the forms differ from its neighbour's. */
export const TL_PACKAGES: TlPackage[] = [
  gramjs(145, 'telegram-145'),
  gramjs(148, 'telegram-148'),
  gramjs(150, 'telegram-150'),
  gramjs(152, 'telegram-152'),
  gramjs(158, 'telegram-158'),
  gramjs(160, 'telegram-160'),
  mtcute(167, 'mtcute-tl-167'),
  gramjs(174, 'telegram-174'),
  gramjs(177, 'telegram-177'),
  mtcute(179, 'mtcute-tl-179'),
  mtcute(181, 'mtcute-tl-181'),
  mtcute(185, 'mtcute-tl-185'),
  mtcute(189, 'mtcute-tl-189'),
  gramjs(198, 'telegram'),
  mtcute(204, 'mtcute-tl-204'),
  gramjs(214, 'teleproto-214'),
  mtcute(216, 'mtcute-tl-216'),
  mtcute(218, 'mtcute-tl-218'),
  mtcute(221, 'mtcute-tl-221'),
  mtcute(223, 'mtcute-tl-223'),
  mtcuteCore(225, '@mtcute/core'),
  mtcuteCore(227, 'mtcute-core-227'),
  gramjs(228, 'teleproto-228'),
  gramjs(229, 'teleproto'),
]
