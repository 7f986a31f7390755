import { isSqlScheme } from '../sql/location.ts'
import { schemeOf } from './scheme.ts'

/** What is known of a service that keeps sessions. The table of docs/stores.md is made of it. */
export interface Provider {
  name: string
  /** Whether it writes on a condition: `untried` where neither we nor its documents say so, and the probe decides. */
  conditions: 'yes' | 'no' | 'untried'
  /** More about that, and where it is documented. */
  note?: string
  source?: string
  /** The form of TGSESSION_STORE. */
  address: string
  region?: 'needed' | 'auto' | 'any'
  /** What the requests of one instance cost a month at the default settings, by its price list of 2026. */
  month: string
}

interface Known extends Provider {
  /** By which hosts it is recognised. */
  hosts?: RegExp
}

/** Where neither the address nor the environment names an endpoint. */
const AWS = 'https://s3.amazonaws.com'
const ENDPOINT = 's3://bucket/telegram?endpoint=https://'

const BUCKETS: readonly Known[] = [
  {
    name: 'AWS S3',
    hosts: /(^|\.)amazonaws\.com(\.cn)?$/,
    conditions: 'yes',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html',
    address: 's3://bucket/telegram?region=eu-central-1',
    region: 'needed',
    month: 'about 173 000 renewals at a TTL of 45 s: some 0.90 $ of PUTs',
  },
  {
    name: 'Cloudflare R2',
    hosts: /\.r2\.cloudflarestorage\.com$/,
    conditions: 'yes',
    source: 'https://developers.cloudflare.com/r2/api/s3/conditional-operations/',
    address: `${ENDPOINT}ACCOUNT.r2.cloudflarestorage.com`,
    region: 'auto',
    month: 'within the free million of writes',
  },
  {
    name: 'Tigris',
    hosts: /(^|\.)(fly\.storage\.tigris\.dev|t3\.storage\.dev)$/,
    conditions: 'yes',
    source: 'https://www.tigrisdata.com/docs/objects/conditionals.md',
    address: `${ENDPOINT}fly.storage.tigris.dev`,
    region: 'auto',
    month: 'see its price list',
  },
  {
    name: 'Scaleway',
    hosts: /(^|\.)s3\.[a-z-]+\.scw\.cloud$/,
    conditions: 'yes',
    source: 'https://www.scaleway.com/en/docs/object-storage/api-cli/using-conditional-writes/',
    address: `${ENDPOINT}s3.fr-par.scw.cloud&region=fr-par`,
    region: 'needed',
    month: 'requests are free',
  },
  {
    name: 'OVHcloud',
    hosts: /(^|\.)(io|perf)\.cloud\.ovh\.(net|us)$/,
    conditions: 'yes',
    source: 'https://docs.ovhcloud.com/de/guides/storage-and-backup/object-storage/s3-conditional-writes.md',
    address: `${ENDPOINT}s3.gra.io.cloud.ovh.net&region=gra`,
    region: 'needed',
    month: 'see its price list',
  },
  {
    name: 'Selectel',
    hosts: /(^|\.)(selcdn\.ru|storage\.selcloud\.ru)$/,
    conditions: 'yes',
    source: 'https://docs.selectel.ru/en/s3/objects/conditional-requests/',
    address: `${ENDPOINT}s3.ru-1.storage.selcloud.ru&region=ru-1`,
    region: 'needed',
    month: 'see its price list',
  },
  {
    name: 'DigitalOcean Spaces',
    hosts: /(^|\.)digitaloceanspaces\.com$/,
    conditions: 'yes',
    note: 'only with an unquoted ETag, which tgsession finds out',
    source: 'https://github.com/slatedb/slatedb/issues/1818',
    address: `${ENDPOINT}fra1.digitaloceanspaces.com`,
    region: 'any',
    month: 'within its flat price',
  },
  {
    name: 'Backblaze B2',
    hosts: /(^|\.)backblazeb2\.com$/,
    conditions: 'no',
    note: 'it answers "not implemented"',
    source: 'https://github.com/sathinduga/obsidian-s3-sync-and-backup/issues/78',
    address: '–',
    month: '–',
  },
  {
    name: 'Supabase Storage',
    hosts: /(^|\.)supabase\.(co|in)$/,
    conditions: 'no',
    note: 'on GET and HEAD only: take its Postgres',
    source: 'https://www.supabase.com/features/s3-compatibility',
    address: '–',
    month: '–',
  },
  {
    name: 'Wasabi',
    hosts: /(^|\.)wasabisys\.com$/,
    conditions: 'untried',
    address: `${ENDPOINT}s3.eu-central-1.wasabisys.com&region=eu-central-1`,
    region: 'needed',
    month: 'within its flat price',
  },
  {
    name: 'Ceph',
    conditions: 'yes',
    note: 'tried here, where the bucket is **not versioned**',
    address: `${ENDPOINT}…`,
    region: 'any',
    month: 'yours',
  },
  {
    name: 'MinIO',
    conditions: 'yes',
    source: 'https://github.com/delta-io/delta-rs/pull/2895',
    address: `${ENDPOINT}…`,
    region: 'any',
    month: 'yours',
  },
  { name: 'Garage', conditions: 'untried', address: `${ENDPOINT}…`, region: 'any', month: 'yours' },
]

const GOOGLE: Known = {
  name: 'Google Cloud Storage, Firebase',
  conditions: 'yes',
  note: 'by generations',
  source: 'https://cloud.google.com/storage/docs/request-preconditions',
  address: 'gs://bucket/telegram, firebase://bucket/telegram',
  month: 'about 0.90 $ of class A operations',
}

const DATABASES: readonly Known[] = [
  {
    name: 'Heroku Postgres',
    hosts: /\.compute(-1)?\.amazonaws\.com$/,
    conditions: 'yes',
    address: 'DATABASE_URL',
    month: 'within its plan',
  },
  {
    name: 'Neon',
    hosts: /\.neon\.tech$/,
    conditions: 'yes',
    address: 'postgres://…',
    month: 'within its plan; a database that sleeps is kept awake',
  },
  {
    name: 'Supabase',
    hosts: /\.supabase\.(com|co)$/,
    conditions: 'yes',
    note: 'its Postgres, not its Storage',
    address: 'postgres://…',
    month: 'within its plan',
  },
  { name: 'any other Postgres', conditions: 'yes', address: 'postgres://…', month: 'within its plan' },
  {
    name: 'MySQL, MariaDB (JawsDB, ClearDB)',
    hosts: /\.cleardb\.(net|com)$/,
    conditions: 'yes',
    address: 'mysql://…',
    month: 'within its plan',
  },
]

const HERE: Known = {
  name: 'a folder, SQLite',
  conditions: 'yes',
  note: 'on one machine',
  address: 'file:/path, sqlite:/path',
  month: '–',
}

const CONDITIONS = { yes: 'yes', no: '**no**', untried: 'not tried here: `doctor` tries it out' }
const HEADINGS = [
  '| service | conditional writes | address | region | what a month costs |',
  '|---|---|---|---|---|',
]

type Environment = Readonly<Record<string, string | undefined>>

/** Whose service a store's address names; undefined for one that may be anybody's. */
export function providerOf(url: string, env: Environment = {}): Provider | undefined {
  const scheme = schemeOf(url)
  if (scheme === 'gs' || scheme === 'firebase') return GOOGLE
  if (scheme === 'file' || scheme === 'sqlite') return HERE
  const address = URL.parse(url)
  if (isSqlScheme(scheme)) return known(DATABASES, address?.hostname)
  if (scheme !== 's3') return undefined
  const endpoint =
    address?.searchParams.get('endpoint') ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? AWS
  return known(BUCKETS, URL.parse(endpoint)?.hostname)
}

function known(among: readonly Known[], host = ''): Provider | undefined {
  return among.find(({ hosts }) => hosts?.test(host))
}

/** The table of docs/stores.md. */
export function describeProviders(): string {
  const rows = [...BUCKETS, GOOGLE, ...DATABASES, HERE].map((provider) => {
    const { name, conditions, note, source, address, region = '–', month } = provider
    const addresses = address.split(', ').map((one) => (/[a-z]/i.test(one) ? `\`${one}\`` : one))
    const told = source === undefined ? '' : ` ([source](${source}))`
    return `| ${name} | ${CONDITIONS[conditions]}${note === undefined ? '' : `: ${note}`}${told} | ${addresses.join(', ')} | ${region === 'auto' ? '`auto`' : region} | ${month} |`
  })
  return [...HEADINGS, ...rows].join('\n')
}
