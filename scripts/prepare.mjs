// Builds dist/ after `npm ci` in a checkout. Plain JavaScript, and quiet where TypeScript is not installed
// (`npm install --omit=dev`, or the package itself as a dependency): there dist/ is already made.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (existsSync(new URL('../node_modules/typescript', import.meta.url))) {
  const build = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  process.exitCode = build.status ?? 1
}
