import { Readable } from 'node:stream'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { ConfigurationError, safeCause } from '../../base/errors.ts'
import { limited } from '../shared/limits.ts'
import type { ProxySettings } from '../http/access.ts'
import { parseEndpoint, type S3Credentials, type S3Location } from './location.ts'

export interface S3Timeouts {
  connectMs: number
  /** Without a byte in either direction. */
  idleMs: number
}

export interface S3Access {
  /** Else the SDK looks for them in the environment and in profiles. */
  credentials?: S3Credentials | undefined
  proxy?: ProxySettings | undefined
  timeouts?: S3Timeouts | undefined
}

const DEFAULT_TIMEOUTS: S3Timeouts = { connectMs: 5000, idleMs: 15_000 }

export type S3Sdk = typeof import('./sdk.ts')

export interface S3Connection {
  sdk: S3Sdk
  client: S3Client
}

/**
 * A client for this place. What the URL leaves open (credentials, region, endpoint) the SDK looks up itself, in the
 * environment and in profiles. The SDK is loaded here and not before: it costs 0.1 s and 30 MB.
 */
export async function connectS3(
  location: S3Location,
  { credentials, proxy, timeouts = DEFAULT_TIMEOUTS }: S3Access = {},
): Promise<S3Connection> {
  const sdk = await import('./sdk.ts')
  const agents = proxy && (await import('./proxy.ts')).proxyAgents(proxy, timeouts.connectMs)
  const common: S3ClientConfig = {
    ...(location.region === undefined ? {} : { region: location.region }),
    ...(credentials === undefined ? {} : { credentials }),
    // Tries are counted in one place, ours: the SDK's own quota runs out when many writers race.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      socketTimeout: timeouts.idleMs,
      ...agents,
    },
  }
  if (location.endpoint !== undefined && location.region !== undefined)
    return { sdk, client: withLimits(elsewhere(sdk, { ...common, endpoint: location.endpoint })) }
  const plain = new sdk.S3Client({ ...common, followRegionRedirects: true })
  const endpoint = location.endpoint ?? parseEndpoint(await configuredEndpoint(plain), location.bucket)
  if (endpoint === undefined) {
    await plain.config.region().catch((error: unknown) => {
      throw new ConfigurationError(
        'store.no_region',
        `${location.label}: the region of the bucket is not known`,
        {
          hint: 'Add ?region=… to the URL of the store, or set AWS_REGION; AWS_PROFILE must name a profile in ~/.aws/config.',
          cause: safeCause(error),
        },
      )
    })
    return { sdk, client: withLimits(plain) }
  }
  const region = location.region ?? (await plain.config.region().catch(() => 'us-east-1'))
  plain.destroy()
  return { sdk, client: withLimits(elsewhere(sdk, { ...common, endpoint, region })) }
}

/** Everything but the bytes of an object the SDK reads to its end, whatever its length. */
function withLimits(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        const { response } = result
        const isObject = commandName === 'GetObjectCommand' && isSuccess(response)
        if (!isObject && hasStream(response)) response.body = Readable.from(limited(response.body))
        return result
      },
    { step: 'deserialize', priority: 'low', name: 'tgsessionLimits' },
  )
  return client
}

function isSuccess(response: unknown): boolean {
  return isObjectWith(response, 'statusCode') && response.statusCode === 200
}

function hasStream(response: unknown): response is { body: Readable } {
  return isObjectWith(response, 'body') && response.body instanceof Readable
}

function isObjectWith<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === 'object' && value !== null && name in value
}

/** A client for a service that is not AWS. */
function elsewhere(sdk: S3Sdk, config: S3ClientConfig): S3Client {
  return new sdk.S3Client({
    ...config,
    forcePathStyle: true,
    // Such services often do not know the SDK's newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

/** What AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or a profile names. */
async function configuredEndpoint(client: S3Client): Promise<string | undefined> {
  const config: { serviceConfiguredEndpoint?: (() => Promise<unknown>) | undefined } = client.config
  const endpoint = await config.serviceConfiguredEndpoint?.()
  return typeof endpoint === 'string' ? endpoint : undefined
}
