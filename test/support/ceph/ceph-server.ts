import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'

const run = promisify(execFile)
const SCRIPT = path.join(import.meta.dirname, 'ceph-s3')

export interface S3Endpoint {
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  /** A bucket that is there already; undefined on a Ceph of ours, where a test makes its own. */
  bucket: string | undefined
  stop(): Promise<void>
}

/**
 * An S3 server to test against: the one that the environment names (AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, TGSESSION_TEST_S3_BUCKET); else the Ceph that somebody left running with `ceph-s3 up`; else
 * a Ceph of the test's own, on ports of its own, which `stop` ends. So test files may run side by side.
 */
export async function startS3(env: NodeJS.ProcessEnv = process.env): Promise<S3Endpoint> {
  if ((env['AWS_ENDPOINT_URL_S3'] ?? '') !== '') return { ...settings(env), stop: async () => {} }
  if (await answers(`http://127.0.0.1:${env['CEPH_S3_PORT'] ?? 7480}/`)) {
    // It fails if what answers there is something else: then one of our own it is.
    const running = await run(SCRIPT, ['up'], { env }).catch(() => undefined)
    if (running !== undefined) return { ...printed(running.stdout), stop: async () => {} }
  }
  const parent = await mkdtemp(path.join(os.tmpdir(), 'tgsession-ceph-'))
  const own = {
    ...env,
    CEPH_S3_DIR: path.join(parent, 'ceph'),
    CEPH_S3_PORT: String(await freePort()),
    CEPH_S3_MON_PORT: String(await freePort()),
  }
  // Daemons outlive a test that dies early, unless this ends them.
  const end = (): void => void spawnSync(SCRIPT, ['down'], { env: own })
  process.once('exit', end)
  const { stdout } = await run(SCRIPT, ['up'], { env: own, timeout: 500_000 })
  return {
    ...printed(stdout),
    stop: async () => {
      await run(SCRIPT, ['down'], { env: own })
      await rm(parent, { recursive: true, force: true })
      process.off('exit', end)
    },
  }
}

function printed(output: string): Omit<S3Endpoint, 'stop'> {
  return settings(
    Object.fromEntries([...output.matchAll(/^export (\w+)=(.*)$/gm)].map((line) => line.slice(1))),
  )
}

function settings(env: NodeJS.ProcessEnv): Omit<S3Endpoint, 'stop'> {
  return {
    endpoint: env['AWS_ENDPOINT_URL_S3'] ?? '',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    bucket: env['TGSESSION_TEST_S3_BUCKET'],
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    async (response) => (await response.text()) !== '',
    () => false,
  )
}
