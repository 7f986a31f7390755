import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { API_ANSWERS } from '../../../src/fake-dc/tl/api-answers.ts'
import { API_LAYERS } from '../../../src/fake-dc/tl/api-layers.ts'
import { parseSchema } from '../../../src/fake-dc/tl/schema.ts'
import { CODEC } from '../../../src/fake-dc/tl/schemas.ts'
import { type TlValue, isTlObject } from '../../../src/fake-dc/tl/value.ts'
import { ANSWERS } from '../../support/dc/answers.ts'
import { TL_PACKAGES } from '../../support/dc/tl-packages.ts'

const FORMS = parseSchema(API_ANSWERS + API_LAYERS).toSorted((a, b) => b.layer - a.layer)
const formOf = (name: string, layer: number) =>
  FORMS.find((form) => form.name === name && form.layer <= layer)

function namesIn(value: TlValue | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap((each: TlValue) => namesIn(each))
  return isTlObject(value) ? [value._, ...Object.values(value).flatMap(namesIn)] : []
}

/** Optional fields that came later to a form that kept its id: clients before skip them. */
const ADDED: Record<string, number> = { 'authorization.unconfirmed': 164 }

const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_match, c: string) => c.toUpperCase())

/** That a client of the layer read what was written: the same constructors, and each field that their forms have. */
function agree(read: unknown, written: TlValue, layer: number, path: string): void {
  if (isTlObject(written)) {
    assert.ok(typeof read === 'object' && read !== null, `${path} is no object`)
    const fields: Record<string, unknown> = { ...read }
    // GramJS has the name on the prototype of the class, with a capital letter.
    const name = fields['_'] ?? ('className' in read ? read.className : undefined)
    assert.equal(String(name).toLowerCase(), written._.toLowerCase(), path)
    for (const { name: field } of formOf(written._, layer)?.parameters ?? []) {
      const value = written[field]
      if (value === undefined || layer < (ADDED[`${written._}.${field}`] ?? 0)) continue
      // GramJS leaves srp_B as it is.
      agree(fields[camel(field)] ?? fields[field], value, layer, `${path}.${field}`)
    }
  } else if (written instanceof Uint8Array) {
    assert.ok(read instanceof Uint8Array, `${path} holds no bytes`)
    assert.deepEqual(Buffer.from(read), Buffer.from(written), path)
  } else if (Array.isArray(written)) {
    assert.ok(Array.isArray(read), `${path} is no list`)
    assert.equal(read.length, written.length, path)
    written.forEach((each: TlValue, i) => agree(read[i], each, layer, `${path}[${i}]`))
  } else if (typeof written === 'bigint') assert.equal(String(read), String(written), path)
  else assert.equal(read, written, path)
}

describe('every layer gets its own forms', () => {
  it('and every form of the table is sent to some layer', () => {
    const tried = new Set(ANSWERS.flatMap(namesIn))
    const answers = FORMS.filter(({ name }) => parseSchema(API_ANSWERS).some((each) => each.name === name))
    assert.deepEqual(
      answers.map(({ name }) => name).filter((name) => !tried.has(name)),
      [],
    )
  })

  for (const { layer, name, decode, encode } of TL_PACKAGES) {
    it(`${layer}: ${name} reads all answers`, () => {
      for (const answer of ANSWERS.filter(({ _ }) => formOf(_, layer)))
        agree(decode(CODEC.encode(answer, layer)), answer, layer, answer._)
    })

    it(`${layer}: ${name} is understood`, () => {
      const peer = { _: 'inputPeerSelf' }
      const sent = CODEC.decodeWhole(
        encode(({ make, long }) =>
          make('messages.sendMessage', {
            peer: make('inputPeerSelf', {}),
            message: 'hi',
            randomId: long(-9),
            silent: true,
            ...(layer < 160
              ? { replyToMsgId: 4 }
              : { replyTo: make('inputReplyToMessage', { replyToMsgId: 4 }) }),
            scheduleDate: 77,
          }),
        ),
      )
      const { message, random_id: randomId } = sent
      assert.deepEqual([sent._, message, randomId], ['messages.sendMessage', 'hi', -9n])
      assert.ok(isTlObject(sent['peer']) && sent['peer']._ === peer._)

      const code = CODEC.decodeWhole(
        encode(({ make }) =>
          make('auth.sendCode', {
            phoneNumber: '1',
            apiId: 2,
            apiHash: 'h',
            settings: make('codeSettings', {
              currentNumber: true,
              allowAppHash: true,
              logoutTokens: [Buffer.of(7, 8, 9)],
            }),
          }),
        ),
      )
      assert.ok(isTlObject(code['settings']))
      assert.deepEqual(code['settings']['logout_tokens'], [Buffer.of(7, 8, 9)])

      const named = CODEC.decodeWhole(
        encode(({ make }) => make('contacts.resolveUsername', { username: 'ann' })),
      )
      assert.equal(named['username'], 'ann')
      const signIn = CODEC.decodeWhole(
        encode(({ make }) => make('auth.signIn', { phoneNumber: '1', phoneCodeHash: 'h', phoneCode: 'c' })),
      )
      assert.equal(signIn['phone_code'], 'c')
      const difference = CODEC.decodeWhole(
        encode(({ make }) => make('updates.getDifference', { pts: 5, date: 6, qts: 0, ptsTotalLimit: 7 })),
      )
      assert.deepEqual([difference['pts'], difference['date'], difference['pts_total_limit']], [5, 6, 7])
    })
  }
})
