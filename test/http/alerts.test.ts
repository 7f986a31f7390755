import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { METRIC_NAMES } from '../../src/http/metrics.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const rules = readFileSync(path.join(ROOT, 'deploy/alerts/prometheus-rules.yaml'), 'utf8')
const page = readFileSync(path.join(ROOT, 'docs/web.md'), 'utf8')

describe('alert rules and docs', () => {
  it('name metrics that exist, and labels that they have', () => {
    const expressions = [...rules.matchAll(/^ +expr: (.+)$/gm)].map((match) => match[1] ?? '')
    assert.ok(expressions.length > 5)
    for (const expression of expressions) {
      const named = expression.match(/\btgsession_\w+/g) ?? []
      assert.ok(named.length > 0, expression)
      for (const name of named) assert.ok(METRIC_NAMES.includes(name), name)
    }
    for (const [, label] of rules.matchAll(/\$labels\.(\w+)/g))
      assert.ok(['name', 'holder', 'code'].includes(label ?? ''), label)
  })

  it('explain every metric, and no other', () => {
    const explained = [...page.matchAll(/^\| `(tgsession_\w+)` \|/gm)].map((match) => match[1] ?? '')
    assert.deepEqual(explained.toSorted(), METRIC_NAMES.toSorted())
  })
})
