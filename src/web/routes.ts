import * as z from 'zod/mini'
import { UsageError } from '../base/errors.ts'
import { json, text } from '../http/answer.ts'
import type { Answer } from '../http/answer.ts'
import type { Question, Route } from '../http/server.ts'
import { readAssets } from './assets.ts'
import type { PageLogin, Wanted } from './page-login.ts'
import type { StateReader } from './session-state.ts'

export interface PageOptions {
  state: StateReader
  login: PageLogin
  /** A login may take the place of a good session. */
  mayReplace: boolean
  /** Where a person finds the token, in words. */
  where: string
  /** What the wrapper beside the page has to say; null without one. */
  waitingFor: (() => string | null) | null
}

/** The header in which a page names the login that it began. */
const FLOW = 'x-tgsession-login'

const BEGIN = z.union([
  z.object({ kind: z.literal('qr') }),
  z.object({ kind: z.literal('phone'), phone: z.string().check(z.maxLength(64)) }),
  z.object({ kind: z.literal('bot'), token: z.string().check(z.maxLength(256)) }),
])
const ANSWER = z.object({ ask: z.int(), text: z.string().check(z.maxLength(1024)) })
const RESEND = z.object({ ask: z.int() })

/** An empty shell for everybody; everything else with the token. */
export async function pageRoutes(options: PageOptions): Promise<Record<string, Route>> {
  const { state, login, mayReplace, waitingFor } = options
  const assets = await readAssets(options.where)
  const asset = (name: keyof typeof assets, access: 'document' | 'shell'): Route => ({
    access,
    method: 'GET',
    answer: () => ({ status: 200, ...assets[name] }),
  })
  return {
    '/': asset('index.html', 'document'),
    '/app.js': asset('app.js', 'shell'),
    '/style.css': asset('style.css', 'shell'),
    '/api/state': {
      access: 'token',
      method: 'GET',
      answer: async ({ header }) => {
        const session = await state.read()
        const isStored = session.head?.session !== undefined && session.head.session !== null
        const isGood = isStored && session.head?.dead === null
        return json(200, {
          ...session,
          mayLogIn: session.head !== null && (!isGood || mayReplace),
          replaces: isGood,
          login: login.look(header(FLOW)),
          run: waitingFor && { waitingFor: waitingFor() },
        })
      },
    },
    '/api/login': post(({ body }) => {
      const flow = login.begin(wantedOf(body))
      state.forget()
      return json(200, { flow })
    }),
    '/api/answer': post((question) => {
      const { ask, text: answer } = parse(ANSWER, question.body)
      login.answer(flowOf(question), ask, answer)
      return done()
    }),
    '/api/resend': post((question) => {
      login.resend(flowOf(question), parse(RESEND, question.body).ask)
      return done()
    }),
    '/api/cancel': post((question) => {
      login.cancel(flowOf(question))
      return done()
    }),
  }
}

/** Without a token there is nothing to be seen on a host but how to set one. */
export function lockedRoutes(where: string): Record<string, Route> {
  const sentence = `Set TGSESSION_WEB_TOKEN (32 characters or more; \`openssl rand -hex 32\` makes one) to use this page: ${where}.`
  return { '/': { access: 'document', method: 'GET', answer: () => text(200, sentence) } }
}

function wantedOf(body: unknown): Wanted {
  return parse(BEGIN, body)
}

function flowOf({ header }: Question): string {
  return header(FLOW) ?? ''
}

function parse<T>(schema: z.ZodMiniType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new UsageError('web.request', 'the page asked for something that is not known here', {
    hint: 'Reload the page.',
  })
}

function post(answer: Route['answer']): Route {
  return { access: 'token', method: 'POST', answer }
}

function done(): Answer {
  return json(200, {})
}
