/** A host that puts a router with TLS in front of what listens on `$PORT`. */
export interface Platform {
  name: string
  /** Where a person finds the variables of the app there. */
  variables: string
}

type Env = Readonly<Record<string, string | undefined>>

const PLATFORMS: readonly (readonly [variable: string, name: string, variables: string])[] = [
  ['DYNO', 'Heroku', 'dashboard.heroku.com: your app, Settings, Reveal Config Vars'],
  ['RENDER', 'Render', 'dashboard.render.com: your service, Environment'],
  ['FLY_MACHINE_ID', 'Fly.io', 'fly.io: `fly secrets set` sets it, and nothing shows it again'],
  ['RAILWAY_ENVIRONMENT_ID', 'Railway', 'railway.com: your service, Variables'],
  ['RAILWAY_REPLICA_ID', 'Railway', 'railway.com: your service, Variables'],
  ['K_SERVICE', 'Cloud Run', 'console.cloud.google.com: your service, Edit, Variables'],
  ['KOYEB_APP_NAME', 'Koyeb', 'app.koyeb.com: your service, Settings, Environment variables'],
]

/** The host that the environment names; null for a machine of one's own. */
export function readPlatform(env: Env): Platform | null {
  const [, name, variables] = PLATFORMS.find(([variable]) => env[variable] !== undefined) ?? []
  return name === undefined || variables === undefined ? null : { name, variables }
}
