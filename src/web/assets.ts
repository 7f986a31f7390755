import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** Beside the sources, and as deep in dist/ beside the chunks of the build. */
const FOLDER = path.join(import.meta.dirname, '..', 'web', 'page')

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
} as const

export interface Asset {
  type: string
  body: string
}

/** The files in `page/`, as the browser gets them. `where` says where a person finds the token. */
export async function readAssets(where: string): Promise<Record<keyof typeof TYPES, Asset>> {
  const read = async (name: keyof typeof TYPES): Promise<Asset> => ({
    type: TYPES[name],
    body: await readFile(path.join(FOLDER, name), 'utf8'),
  })
  const [page, script, style] = await Promise.all([read('index.html'), read('app.js'), read('style.css')])
  return {
    'index.html': { ...page, body: page.body.replace('<!--where-->', escaped(where)) },
    'app.js': script,
    'style.css': style,
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
