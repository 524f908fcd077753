import { randomInt } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../errors.js'
import { apiRequest, messageIn, type ApiLimits, type ApiResponse } from './api-request.js'
import { FIELD_MANAGER, type Applied } from './object-api.js'

/** A Secret of passwords that must be there, whatever they are. */
export interface WantedSecret {
  readonly namespace: string
  readonly name: string
  readonly keys: readonly string[]
  /** Labels of the Secret where it is made here. */
  readonly labels: Readonly<Record<string, string>>
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 32

/** 190 bits of chance, without a character that a shell, a URL or SQL would have to quote. */
const password = (): string =>
  Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/** How often somebody else may be faster. */
const TRIES = 5

/**
 * Creates a Secret that is absent, and gives keys that it lacks, or that are empty, a random value each. What is
 * there stays as it is. Two runs at the same time end with the same values: each writes only over what it has read.
 *
 * @throws LabError `cluster.rejected` with the API server's words
 */
export async function ensureSecret(
  config: KubeConfig,
  wanted: WantedSecret,
  limits: ApiLimits = {},
): Promise<Applied> {
  let answer: ApiResponse | undefined
  for (let i = 0; i < TRIES; i++) {
    const present = await read(config, wanted, limits)
    const missing = missingKeys(wanted, present)
    if (present !== undefined && missing.length === 0) return 'unchanged'
    const data = Object.fromEntries(missing.map((key) => [key, encode(password())]))
    answer =
      present === undefined
        ? await create(config, wanted, data, limits)
        : await complete(config, wanted, present, data, limits)
    if (answer.status < 300) return present === undefined ? 'created' : 'changed'
    if (answer.status !== 409) break
  }
  throw rejected(wanted, answer)
}

/**
 * Keys that a Secret lacks, or whose value is empty.
 *
 * @returns `undefined` where it is not there at all
 * @throws LabError `cluster.rejected` with the API server's words
 */
export async function secretLacks(
  config: KubeConfig,
  wanted: WantedSecret,
  limits: ApiLimits = {},
): Promise<readonly string[] | undefined> {
  const present = await read(config, wanted, limits)
  return present === undefined ? undefined : missingKeys(wanted, present)
}

/**
 * One value of a Secret.
 *
 * @throws LabError `cluster.rejected` when it is not there
 */
export async function secretValue(
  config: KubeConfig,
  secret: { readonly namespace: string; readonly name: string; readonly key: string },
  limits: ApiLimits = {},
): Promise<string> {
  const answer = await apiRequest(config, 'GET', pathOf(secret), undefined, limits)
  if (answer.status !== 200) throw rejected(secret, answer)
  const value = (answer.body as LiveSecret).data?.[secret.key]
  if (value !== undefined) return Buffer.from(value, 'base64').toString()
  throw new LabError('cluster.rejected', `Secret ${secret.namespace}/${secret.name} has no key ${secret.key}`)
}

interface LiveSecret {
  readonly metadata?: { readonly resourceVersion?: string }
  readonly data?: Readonly<Record<string, string>>
}

type Data = Readonly<Record<string, string>>
type Named = Pick<WantedSecret, 'namespace' | 'name'>

const encode = (text: string): string => Buffer.from(text).toString('base64')

const secretsOf = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
const pathOf = ({ namespace, name }: Named): string => `${secretsOf(namespace)}/${encodeURIComponent(name)}`
const asManager = `fieldManager=${FIELD_MANAGER}`

/** `undefined` where it is not there. */
async function read(config: KubeConfig, secret: Named, limits: ApiLimits): Promise<LiveSecret | undefined> {
  const answer = await apiRequest(config, 'GET', pathOf(secret), undefined, limits)
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw rejected(secret, answer)
  return answer.body as LiveSecret
}

const missingKeys = ({ keys }: WantedSecret, present: LiveSecret | undefined): string[] =>
  keys.filter((key) => (present?.data?.[key] ?? '') === '')

function create(
  config: KubeConfig,
  { namespace, name, labels }: WantedSecret,
  data: Data,
  limits: ApiLimits,
): Promise<ApiResponse> {
  const content = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    type: 'Opaque',
    data,
  }
  const path = `${secretsOf(namespace)}?${asManager}`
  return apiRequest(config, 'POST', path, { type: 'application/json', content }, limits)
}

/** With the version that was read: the API server answers 409 where that is no longer the latest. */
function complete(
  config: KubeConfig,
  wanted: WantedSecret,
  { metadata }: LiveSecret,
  data: Data,
  limits: ApiLimits,
): Promise<ApiResponse> {
  const content = { metadata: { resourceVersion: metadata?.resourceVersion }, data }
  const path = `${pathOf(wanted)}?${asManager}`
  return apiRequest(config, 'PATCH', path, { type: 'application/merge-patch+json', content }, limits)
}

const rejected = ({ namespace, name }: Named, answer: ApiResponse | undefined): LabError =>
  new LabError(
    'cluster.rejected',
    `the API server rejected Secret ${namespace}/${name}: ${answer === undefined ? 'no answer' : messageIn(answer)}`,
  )
