/** Where a bot may run, as `init` knows it; every other host is described in docs/hosts. */
export const TARGETS = ['here', 'heroku', 'fly', 'compose'] as const
export type Target = (typeof TARGETS)[number]

interface Words {
  label: string
  /** A store that comes with the host, and that this machine does not reach: `init` names none then. */
  own?: { label: string; hint: string; isOnly?: boolean }
  /** The commands that follow. `names` are the variables of `.env`; no value stands in a command. */
  commands: (names: readonly string[], usesOwnStore: boolean) => string[]
}

export const HOSTS: Record<Target, Words> = {
  here: {
    label: 'on this machine',
    commands: () => ['npx tgsession login', 'npx tgsession run -- python3 -u bot.py'],
  },
  heroku: {
    label: 'on Heroku',
    own: { label: 'Heroku Postgres, an add-on', hint: 'nothing else to set' },
    commands: (names, usesOwnStore) => [
      ...(usesOwnStore ? ['heroku addons:create heroku-postgresql:essential-0'] : []),
      `${linesOf(names)} | tr '\\n' '\\0' | xargs -0 heroku config:set`,
      'git push heroku HEAD:main',
      'heroku run login',
      'heroku ps:scale worker=1',
    ],
  },
  fly: {
    label: 'on Fly.io',
    commands: (names) => [
      'fly launch --copy-config --no-deploy',
      `${linesOf(names)} | fly secrets import`,
      'fly deploy --ha=false',
      `fly ssh console -C 'node /app/dist/src/cli/main.js login'`,
    ],
  },
  compose: {
    label: 'with Docker Compose',
    own: { label: 'a volume of deploy/compose.yaml', hint: 'nothing else to set', isOnly: true },
    commands: () => [
      'docker compose -f deploy/compose.yaml build',
      'docker compose -f deploy/compose.yaml run --rm bot login',
      'docker compose -f deploy/compose.yaml up -d',
    ],
  },
}

/** Only ours: a `.env` may hold settings of a bot that are meant for this machine. */
const linesOf = (names: readonly string[]): string => `grep -E '^(${names.join('|')})=' .env`
