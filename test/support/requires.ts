import { spawnSync } from 'node:child_process'

/**
 * What a test needs from the machine. Where it is missing the test is skipped and says why; with
 * TGSESSION_TEST_NO_SKIP=1 (as .ci/run sets it) it fails instead, so that a gap in CI cannot pass for green.
 *
 *   it('…', { skip: missing.telethon() }, async () => { … })
 */
function unlessRequired(reason: string): string {
  if (process.env['TGSESSION_TEST_NO_SKIP'] === '1')
    throw new Error(`this run may skip nothing, but ${reason}`)
  return reason
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0
}

/** The Python that has Telethon: Debian's package belongs to the system's interpreter. */
export const PYTHON = process.env['TGSESSION_TEST_PYTHON'] ?? '/usr/bin/python3'

export const missing = {
  telethon: (): string | false =>
    succeeds(PYTHON, '-c', 'import telethon') ? false : unlessRequired('python3-telethon is not installed'),
  command: (name: string, versionFlag = '--version'): string | false =>
    succeeds(name, versionFlag) ? false : unlessRequired(`${name} is not installed`),
  /** A real S3 server: one that the environment names, or Ceph's programs to start one. */
  s3: (): string | false =>
    (process.env['AWS_ENDPOINT_URL_S3'] ?? '') !== '' ||
    ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph', 'monmaptool', 'curl'].every((name) =>
      succeeds(name, '--version'),
    )
      ? false
      : unlessRequired(
          'no S3 server is named by AWS_ENDPOINT_URL_S3, and ceph-mon, ceph-osd, radosgw, ceph-common, curl are not all installed',
        ),
}
