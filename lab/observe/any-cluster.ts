import { setMaxListeners } from 'node:events'
import { CoreV1Api } from '@kubernetes/client-node'
import { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE } from '../../constructs/dns.js'
import { TOOLBOX_IMAGE } from '../../constructs/workloads/toolbox-image.js'
import { unlessAborted } from '../host/deadline.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { connect } from './cluster/connect.js'
import type { Connection } from './cluster/connect.js'
import { findDeclared } from './cluster/declared.js'
import { domainSearched } from './cluster/domain.js'
import { existingProbes } from './cluster/existing-probes.js'
import { findFacts } from './cluster/facts.js'
import { ProbePodsOfRun } from './cluster/probe-pods.js'
import { rbacYaml } from './cluster/rbac.js'
import { Reader } from './cluster/reader.js'
import type { Collecting } from './collect.js'
import type { AccessSeen } from './model/access.js'
import type { ProbePods, VerifyTarget } from './model/target.js'

/** A cluster that no lab made, as people name it. */
export interface AnyCluster {
  /** File. Default: `$KUBECONFIG`, or `~/.kube/config`. */
  readonly kubeconfig?: string
  /** Default: the kubeconfig's current one. */
  readonly context?: string
  /**
   * What is verified: everything in these; `*` is all but those of Kubernetes itself (`kube-…`).
   * Default: the context's namespace, or `default`.
   */
  readonly namespaces?: readonly string[]
  /** Image of the probe pods, should any have to be made. Default: the one of the documents. */
  readonly probeImage?: string
  /** Where probe pods are looked for, or else made. Default: the first of the namespaces. */
  readonly probeNamespace?: string
  /** Whether a privileged pod a node may be made, to read kube-proxy's rules. */
  readonly privilegedProbe?: boolean
  /** Whether packs may write what they remove again. */
  readonly mayWrite?: boolean
}

/** How a cluster is worked on. */
export interface ClusterOptions {
  /** Ends it; what was made is removed all the same. */
  readonly signal?: AbortSignal
  /** Told what is done to the cluster, in lines for people. */
  readonly onProgress?: (line: string) => void
  /** Default: the real time. */
  readonly clock?: Clock
}

/** What an effect gets to work on a cluster. */
export type UseCluster<T> = (
  target: VerifyTarget,
  /** The target as it is now: what is declared may have changed, and probe pods may have ended. */
  again: () => Promise<VerifyTarget>,
) => Promise<T>

/**
 * Makes a cluster that no lab made a target: reads what it is and what is declared in it, finds or makes a probe
 * pod on each node, and removes those it made when the effect is over, also when that throws or is interrupted.
 * What the cluster refuses is told in the target's `access`.
 *
 * @throws LabError `cluster.unreachable` when it does not answer, `state.unreadable` or `usage.invalid` when
 * the kubeconfig leads nowhere; the signal's reason when aborted
 */
export async function withCluster<T>(
  cluster: AnyCluster,
  options: ClusterOptions,
  use: UseCluster<T>,
): Promise<T> {
  const connection = connect(cluster.kubeconfig, cluster.context)
  const { signal = neverAborted(), onProgress: say = () => undefined } = options
  const clock = options.clock ?? systemClock
  const probes = {
    ...{ kubeconfig: connection.kubeconfig, image: cluster.probeImage ?? TOOLBOX_IMAGE },
    ...{ clock, signal, say },
  }
  const restricted = new ProbePodsOfRun({ kind: 'restricted', ...probes })
  const privileged = new ProbePodsOfRun({ kind: 'privileged', ...probes })
  const target = (): Promise<VerifyTarget> =>
    makeTarget(cluster, connection, { restricted, privileged }, { clock, signal })
  try {
    return await unlessAborted(
      signal,
      target().then((first) => use(first, target)),
    )
  } finally {
    // Each request of it has a deadline of its own, which the signal does not cut.
    await Promise.all([restricted.remove(), privileged.remove()])
  }
}

async function makeTarget(
  cluster: AnyCluster,
  { kubeconfig, name, namespace }: Connection,
  probes: { restricted: ProbePodsOfRun; privileged: ProbePodsOfRun },
  collecting: Collecting,
): Promise<VerifyTarget> {
  const reader = new Reader(kubeconfig, collecting)
  const given = cluster.namespaces ?? []
  const named = given.length === 0 ? [namespace] : [...new Set(given)]
  const { namespaces, lists: all } = await eachNamespace(reader, named)
  const [{ facts, nodes, lists: ofCluster }, { objects, lists: ofNamespaces }, existing] = await Promise.all([
    findFacts(reader, name),
    findDeclared(reader, namespaces),
    existingProbes(
      reader,
      cluster.probeNamespace === undefined
        ? [...new Set([...namespaces, DEFAULT_NAMESPACE])]
        : [cluster.probeNamespace],
    ),
  ])
  const lists = { ...all, ...ofCluster, ...ofNamespaces }
  reader.mustHaveAnswered(Object.values(lists))

  const here = existing?.namespace ?? cluster.probeNamespace ?? probeNamespaceOf(named, DEFAULT_NAMESPACE)
  const without = nodes.filter(({ metadata }) => existing?.byNode.has(metadata?.name ?? '') !== true)
  const [made, madePrivileged] = await Promise.all([
    probes.restricted.ensure(without, here),
    cluster.privilegedProbe === true ? probes.privileged.ensure(nodes, here) : undefined,
  ])
  const access: AccessSeen = {
    lists,
    probes: { ...foundParts(existing?.byNode ?? new Map(), here), ...made },
    ...(madePrivileged === undefined ? {} : { privilegedProbes: madePrivileged }),
  }
  const probe = probePodsOf(access.probes, here)
  const clusterDomain =
    facts.clusterDomain ?? (await domainSearched(kubeconfig, probe, collecting)) ?? DEFAULT_CLUSTER_DOMAIN
  return {
    ...{ kubeconfig, lab: { ...facts, clusterDomain }, declared: objects, access, probe },
    ...(madePrivileged === undefined ? {} : { privilegedProbe: probePodsOf(madePrivileged, here) }),
    mayWrite: cluster.mayWrite ?? false,
  }
}

/** What is done beside verifying. */
export interface RbacOptions {
  /** Whether scenarios are run, too. */
  readonly scenarios?: boolean
}

/**
 * The manifest of exactly the rights that {@link withCluster} and the verification of what it gives need.
 *
 * @throws LabError `state.unreadable` or `usage.invalid` when the kubeconfig that is named leads nowhere
 */
export function rbacManifest(
  { kubeconfig, context, namespaces = [], probeNamespace }: AnyCluster,
  { scenarios = false }: RbacOptions = {},
): string {
  const named = namespaces.length > 0 ? namespaces : [connect(kubeconfig, context).namespace]
  return rbacYaml({
    scenarios,
    namespaces: named,
    probeNamespace: probeNamespace ?? probeNamespaceOf(named, DEFAULT_NAMESPACE),
  })
}

/** Every request listens to it: ten are no leak. */
function neverAborted(): AbortSignal {
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  return signal
}

/** The namespaces that are meant, `*` put into names. */
async function eachNamespace(
  reader: Reader,
  named: readonly string[],
): Promise<{ namespaces: readonly string[]; lists: AccessSeen['lists'] }> {
  if (!named.includes(ALL)) return { namespaces: named, lists: {} }
  const part = await reader.read('GET namespaces', async (c) =>
    (await new CoreV1Api(c).listNamespace()).items.map(({ metadata }) => metadata?.name ?? ''),
  )
  if ('error' in part) return { namespaces: [], lists: { namespaces: part } }
  const namespaces = part.value.filter((name) => !name.startsWith('kube-'))
  return { namespaces, lists: { namespaces: { ...part, value: namespaces.length } } }
}

const ALL = '*'

/** The first that is named; all are none of them. */
function probeNamespaceOf([first = ALL]: readonly string[], otherwise: string): string {
  return first === ALL ? otherwise : first
}

function foundParts(byNode: ReadonlyMap<string, string>, namespace: string): AccessSeen['probes'] {
  const source = `pods of ${namespace} -l app=multitool`
  return Object.fromEntries(
    [...byNode].map(([node, pod]) => [node, { value: `${namespace}/${pod}`, source, durationMs: 0 }]),
  )
}

function probePodsOf(parts: AccessSeen['probes'], namespace: string): ProbePods {
  const names = Object.values(parts).flatMap((part) =>
    'error' in part ? [] : [part.value.slice(namespace.length + 1)],
  )
  return { namespace, names }
}
