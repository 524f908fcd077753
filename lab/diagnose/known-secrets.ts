import { Engine } from '../cluster/engine.js'
import { withDeadline } from '../host/deadline.js'
import type { ClusterReader } from './cluster-reader.js'
import type { DiagnoseContext } from './context.js'
import type { Limits } from './deadlines.js'
import { reasonOf } from './reason.js'
import { confidential, type LiveSecret } from './secret-values.js'
import { labContainers } from './sources/containers.js'

/** What must not be in the archive. */
export interface KnownSecrets {
  /** In base64. */
  readonly values: readonly string[]
  /** Where they are known from, or why they are not; one line. */
  readonly how: string
}

/** Each file of each Secret that pods on a node mount, in base64 on a line of its own. */
const MOUNTED =
  'for f in /var/lib/kubelet/pods/*/volumes/kubernetes.io~secret/*/*; do [ ! -f "$f" ] || { base64 -w0 "$f"; echo; }; done'

/**
 * The values of the cluster's Secrets, before anything is written that can hold one: from the API server, and where that
 * tells none from the mounts of pods on nodes that run.
 */
export async function knownSecrets(
  cluster: Promise<ClusterReader>,
  { plan, run }: Pick<DiagnoseContext, 'plan' | 'run'>,
  { partMs }: Pick<Limits, 'partMs'>,
  signal: AbortSignal,
): Promise<KnownSecrets> {
  const ask = <T>(question: (ends: AbortSignal) => Promise<T>): Promise<T | Unknown> =>
    withDeadline(partMs, question, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      return { why: reasonOf(error) }
    })
  const secrets = await ask(async (ends) => secretsOf(await cluster, ends))
  if (!('why' in secrets))
    return { values: confidential(secrets), how: `read from the API server (Secrets: ${secrets.length})` }
  const untold = `the API server does not tell them (${secrets.why})`
  const containers = await ask((ends) => labContainers({ plan, run }, ends))
  if ('why' in containers) return { values: [], how: `${untold}; ${containers.why}` }
  const nodes = containers.filter(({ name, state }) => plan.nodes.includes(name) && state === 'running')
  if (nodes.length === 0) return { values: [], how: `${untold}; no node runs` }
  const mounts = await Promise.all(
    nodes.map(async ({ id, name }) => {
      const text = await ask((ends) => new Engine(run, { signal: ends }).exec(id, 'sh', '-c', MOUNTED))
      return typeof text === 'string'
        ? { values: text.split('\n').filter((line) => line !== ''), said: `read from mounts on ${name}` }
        : { values: [], said: `not read from mounts on ${name} (${text.why})` }
    }),
  )
  const values = [...new Set(mounts.flatMap((mount) => mount.values))]
  return { values, how: [untold, ...mounts.map(({ said }) => said)].join('; ') }
}

interface Unknown {
  /** One line. */
  readonly why: string
}

/** All Secrets, their values in base64. */
export async function secretsOf(cluster: ClusterReader, signal: AbortSignal): Promise<readonly LiveSecret[]> {
  const { items } = (await cluster.get('/api/v1/secrets', signal)) as { items: readonly LiveSecret[] }
  return items
}
