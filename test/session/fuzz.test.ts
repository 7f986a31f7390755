import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'

const INPUTS = Number(process.env['TGSESSION_FUZZ_INPUTS'] ?? 2_500)
const SEED = Number(process.env['TGSESSION_FUZZ_SEED'] ?? 20_261_123)

describe('mutated session files, folders and strings', () => {
  it(`give only our own errors, without a secret, a hang, or more than 512 MB (${INPUTS} of them)`, () => {
    const program = path.join(import.meta.dirname, 'fuzz-child.ts')
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      ['--max-old-space-size=256', program, String(INPUTS), String(SEED)],
      { encoding: 'utf8', timeout: 60_000 + INPUTS * 100 },
    )
    assert.equal(status, 0, `${signal} ${stdout.slice(-500)} ${stderr.slice(-2000)}`)
    const said: unknown = JSON.parse(stdout)
    assert.ok(typeof said === 'object' && said !== null && 'peakMb' in said && 'inputs' in said)
    assert.equal(said.inputs, INPUTS)
    assert.ok(Number(said.peakMb) < 512, `${String(said.peakMb)} MB`)
    // A mutation that changes nothing that matters must not be refused, nor everything be taken.
    assert.ok('sound' in said && Number(said.sound) > 0 && Number(said.sound) < INPUTS)
  })
})
