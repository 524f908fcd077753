import { KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../errors.js'
import { collectApi, collectLog } from './api.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { missing } from './collect.js'
import type { Collecting } from './collect.js'
import { podExec } from './exec.js'
import { collectContainers, collectIptables } from './host.js'
import { namespacesOf, readDeclared } from './model/declared.js'
import type { Observations, Part } from './model/observations.js'
import { questionsFor } from './model/questions.js'
import { redisSets } from './model/redis.js'
import { defaultProbe } from './model/target.js'
import type { VerifyTarget } from './model/target.js'
import { collectDns, collectRedis, probesByNode } from './probes.js'

export interface ObserveOptions {
  readonly signal?: AbortSignal
  /** Called with each part as it arrives. */
  readonly onPart?: (name: string, part: Part<unknown>) => void
  /** Default: the real time. */
  readonly clock?: Clock
}

/**
 * Reads everything that the checks of a target need: once, all of it in parallel, each part with a deadline of
 * its own. What cannot be read becomes the error of its part. Nothing is judged here.
 *
 * It changes nothing but one key of its own in each Redis, which it removes again.
 *
 * @throws LabError `state.unreadable` when the kubeconfig cannot be read; the signal's reason when aborted.
 */
export async function observe(target: VerifyTarget, options: ObserveOptions = {}): Promise<Observations> {
  const { lab, engine, probe = defaultProbe } = target
  const { signal, onPart } = options
  const collecting: Collecting = {
    clock: options.clock ?? systemClock,
    ...(signal === undefined ? {} : { signal }),
    ...(onPart === undefined ? {} : { onPart }),
  }
  const kubeconfig = load(target.kubeconfig)
  const declared = readDeclared(target.declared)
  const at = new Date().toISOString()

  const ofCluster = async (): Promise<Pick<Observations, 'api' | 'dns' | 'redis' | 'initLogs'>> => {
    const namespaces = [...new Set([...namespacesOf(declared), probe.namespace])]
    const api = await collectApi(collecting, kubeconfig, namespaces)
    const exec = podExec(kubeconfig)
    const pods = 'error' in api.pods ? [] : api.pods.value
    const probes = probesByNode(pods, probe)
    const questions = questionsFor(declared, lab, probe.namespace, pods)
    const [anyProbe] = probes.values()
    const sets = redisSets(declared, lab)
    const logs = sets.flatMap(({ namespace, replicas, initContainers }) =>
      replicas.flatMap(({ name }) =>
        initContainers.map((container) => ({ namespace, pod: name, container })),
      ),
    )
    const unlisted =
      'error' in api.pods ? missing(`the pods are not known: ${api.pods.error}`, api.pods.source) : undefined
    const [dns, redis, initLogs] = await Promise.all([
      byKey(
        lab.nodes,
        (node) => node,
        async (node) =>
          unlisted ??
          (await collectDns(collecting, exec, node, probes.get(node), questions, lab.clusterDomain)),
      ),
      byKey(
        sets,
        ({ key }) => key,
        async (set) => unlisted ?? (await collectRedis(collecting, exec, anyProbe, set)),
      ),
      byKey(
        logs,
        ({ namespace, pod, container }) => `${namespace}/${pod}/${container}`,
        (log) => collectLog(collecting, kubeconfig, log),
      ),
    ])
    return { api, dns, redis, initLogs }
  }

  const [cluster, containers, iptables] = await Promise.all([
    ofCluster(),
    collectContainers(collecting, engine, lab.name),
    // In the other modes kube-proxy writes nothing there.
    lab.kubeProxyMode === 'iptables'
      ? byKey(
          lab.nodes,
          (node) => node,
          (node) => collectIptables(collecting, engine, node),
        )
      : {},
  ])
  return { at, probeNamespace: probe.namespace, containers, iptables, ...cluster }
}

/** Effects in parallel, their results by the key of what they are of. */
async function byKey<Item, Result>(
  items: readonly Item[],
  key: (item: Item) => string,
  effect: (item: Item) => Promise<Result>,
): Promise<Record<string, Result>> {
  return Object.fromEntries(
    await Promise.all(items.map(async (item) => [key(item), await effect(item)] as const)),
  )
}

function load(from: string | KubeConfig): KubeConfig {
  if (typeof from !== 'string') return from
  const kubeconfig = new KubeConfig()
  try {
    kubeconfig.loadFromFile(from)
  } catch (cause) {
    throw new LabError('state.unreadable', `the kubeconfig ${from} cannot be read`, { cause })
  }
  return kubeconfig
}
