import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { ROOT } from '../support/cli/dyno.ts'
import { missing } from '../support/requires.ts'

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')
const deploy = (file: string): string => read(`deploy/${file}`)
type Tree = { [name: string]: Tree }
const yaml = (file: string): Tree => parse(deploy(file))
const files = readdirSync(path.join(ROOT, 'deploy'), { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name)
const pages = readdirSync(path.join(ROOT, 'docs', 'hosts')).map((name) => read(`docs/hosts/${name}`))

describe('the files of deploy/', () => {
  it('are each named by the page of a host', () => {
    for (const file of files)
      assert.ok(
        pages.some((page) => page.includes(`(../../deploy/${file})`)),
        `no page of docs/ links to deploy/${file}`,
      )
  })

  for (const file of ['Dockerfile', 'Dockerfile.python'])
    it(`${file} runs no npm, not as root, under an init, and copies what is there`, () => {
      const lines = deploy(file)
        .replaceAll(/\\\n\s*/g, '')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
      const known = /^(FROM|WORKDIR|COPY|RUN|USER|STOPSIGNAL|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD) /
      assert.deepEqual(
        lines.filter((line) => !known.test(line)),
        [],
      )
      const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
      const entry = stage.find((line) => line.startsWith('ENTRYPOINT')) ?? ''
      assert.match(entry, /^ENTRYPOINT \["tini", "--", "node", /)
      assert.ok(!stage.some((line) => /^(?:ENTRYPOINT|CMD) .*npm/.test(line)))
      assert.match(stage.findLast((line) => line.startsWith('USER ')) ?? '', /^USER (?!root|0$)/)
      assert.ok(stage.some((line) => line.startsWith('HEALTHCHECK') && line.includes('/healthz')))
      for (const line of lines.filter((text) => text.startsWith('COPY ') && !text.includes('--from=')))
        for (const source of line.split(' ').slice(1, -1))
          assert.ok(
            source.startsWith('bot/') || existsSync(path.join(ROOT, source)),
            `${source} is not there`,
          )
    })

  it('leave more time for the stop than tgsession takes', () => {
    const compose = yaml('compose.yaml')['services']?.['bot']
    assert.equal(compose?.['stop_grace_period'], '30s')
    assert.equal(compose['environment']?.['TGSESSION_SHUTDOWN'], '25s')
    const fly = deploy('fly.toml')
    assert.match(fly, /^kill_signal = 'SIGTERM'\nkill_timeout = 30$/m)
    assert.match(fly, /^TGSESSION_SHUTDOWN = '25s'$/m)
    const railway: Tree = JSON.parse(deploy('railway.json'))
    assert.deepEqual(railway['deploy'], {
      restartPolicyType: 'ALWAYS',
      drainingSeconds: 30,
      overlapSeconds: 0,
    })
    const [worker] = Object.values(yaml('render.yaml')['services'] ?? {})
    assert.deepEqual([worker?.['type'], worker?.['maxShutdownDelaySeconds']], ['worker', 30])
  })

  it('let a rollout of Kubernetes look at /healthz alone', () => {
    const spec = yaml('kubernetes.yaml')['spec']
    assert.equal(spec?.['strategy']?.['type'], 'RollingUpdate')
    assert.deepEqual(spec['selector']?.['matchLabels'], spec['template']?.['metadata']?.['labels'])
    const pod = spec['template']?.['spec']
    assert.equal(pod?.['terminationGracePeriodSeconds'], 30)
    const [container] = Object.values(pod['containers'] ?? {})
    for (const probe of ['readinessProbe', 'livenessProbe'])
      assert.deepEqual(container?.[probe]?.['httpGet'], { path: '/healthz', port: 8080 })
    for (const file of files) assert.doesNotMatch(deploy(file).replaceAll(/^\s*#.*$/gm, ''), /readyz/, file)
  })

  it('are a sound unit for systemd', { skip: missing.command('systemd-analyze') }, () => {
    const verify = spawnSync('systemd-analyze', ['verify', path.join(ROOT, 'deploy', 'tgsession.service')], {
      encoding: 'utf8',
    })
    assert.deepEqual([verify.status, `${verify.stdout}${verify.stderr}`], [0, ''])
  })
})
