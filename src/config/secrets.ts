/**
 * The one table of what opens the store, the key or the metrics: the command gets none of it. Add-ons have their
 * variables under any prefix. Files with credentials count as what is in them.
 */
const SECRETS = [
  /^TGSESSION_(KEY|STORE|CONTAINER|HTTPS_AUTHORIZATION|WEB_TOKEN|HEARTBEAT|IMPORT$)/,
  /(^|_)(ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/,
  /^AWS_(SESSION_TOKEN|SECURITY_TOKEN|WEB_IDENTITY_TOKEN_FILE|SHARED_CREDENTIALS_FILE|CONFIG_FILE|PROFILE|ROLE_ARN)$/,
  /^AWS_(CONTAINER_|BEARER_TOKEN)/,
  /^(BUCKETEER|CLOUDCUBE)_/,
  /^FIREBASE_(SERVICE_ACCOUNT|PRIVATE_KEY|CLIENT_EMAIL|TOKEN)/,
  /^GOOGLE_(APPLICATION_CREDENTIALS|CREDENTIALS|OAUTH_ACCESS_TOKEN)$/,
  /^PG(PASSWORD|PASSFILE|SERVICEFILE|SSLKEY|SSLCERT)$/,
  /^MYSQL_(PWD|PASSWORD|ROOT_PASSWORD)$/,
]

/**
 * Settings that open nothing of ours, or that the command needs itself: its api_id and api_hash, and the database in
 * which bots keep data of their own. What is ours there is encrypted.
 */
const HARMLESS = [
  /^TGSESSION_(NAME|CLIENT|IMPORT_WAIT|TABLE_PREFIX|ENCRYPTION|RECIPIENT|FILE|LEASE_TTL|MAX_SIZE|SAVE_AFTER|SHUTDOWN|USER_ID|RUN)$/,
  /^(TELEGRAM_)?API_(ID|HASH)$/,
  /^(DATABASE_URL|JAWSDB_URL|CLEARDB_DATABASE_URL)$/,
  /^HEROKU_POSTGRESQL/,
  /^(AWS_REGION|AWS_DEFAULT_REGION|AWS_ENDPOINT_URL(_S3)?)$/,
  /^(FIREBASE_PROJECT_ID|FIREBASE_STORAGE_EMULATOR_HOST|STORAGE_EMULATOR_HOST|GOOGLE_CLOUD_PROJECT)$/,
  /^(HTTPS?|NO|ALL)_PROXY$/,
]

/** Whether an environment variable opens what belongs to tgsession; undefined for one that stands in neither list. */
export function isSecretVariable(name: string): boolean | undefined {
  if (SECRETS.some((secret) => secret.test(name))) return true
  return HARMLESS.some((harmless) => harmless.test(name)) ? false : undefined
}
