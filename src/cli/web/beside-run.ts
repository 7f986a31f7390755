import { systemClock } from '../../base/clock.ts'
import type { Settings } from '../../config/settings.ts'
import type { StatusPort } from '../../http/status-port.ts'
import type { Report } from '../../base/life/report.ts'
import { tellHealth } from '../../run/health.ts'
import { type ServedPage, servePage } from './serve-page.ts'

export interface BesideRun {
  health?: string | true | undefined
  /** The page too, and health with it. */
  web?: string | true | undefined
  insecureHttp?: boolean | undefined
}

/** Serves health or the page, and beats, while `use` goes on. */
export async function besideRun<T>(
  flags: BesideRun,
  settings: Settings,
  status: StatusPort,
  report: Report,
  use: () => Promise<T>,
): Promise<T> {
  const close = await tellHealth(flags.health, { settings, status, report, clock: systemClock })
  try {
    const page = await pageBeside(flags, settings, status, report)
    try {
      return await use()
    } finally {
      await page?.close()
    }
  } finally {
    await close()
  }
}

async function pageBeside(
  { web, insecureHttp }: BesideRun,
  settings: Settings,
  status: StatusPort,
  report: Report,
): Promise<ServedPage | null> {
  if (web === undefined) return null
  const page = await servePage(settings, { address: web, insecureHttp }, report, status)
  // Standard output is the command's.
  if (page.url !== null) process.stderr.write(`tgsession: open ${page.url}\n`)
  return page
}
