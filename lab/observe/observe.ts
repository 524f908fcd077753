import { collectApi } from './api.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { missing } from './collect.js'
import type { Collecting } from './collect.js'
import { connector } from './connect.js'
import { podExec } from './exec.js'
import { collectContainers } from './host.js'
import { load } from './load.js'
import { byKey, type Looking } from './looking.js'
import { namespacesOf, readDeclared } from './model/declared.js'
import type {
  ContainerObservations,
  Observations,
  Pack,
  PackObservations,
  Part,
} from './model/observations.js'
import { defaultProbe } from './model/target.js'
import type { VerifyTarget } from './model/target.js'
import { collectors } from './packs.js'
import { probesByNode } from './probes.js'

/** How a target is observed. */
export interface ObserveOptions {
  /** Ends it: its reason is thrown. */
  readonly signal?: AbortSignal
  /** What is looked at beside the lists of the API. Default: everything. */
  readonly packs?: ReadonlySet<Pack>
  /** Called with each part as it arrives. */
  readonly onPart?: (name: string, part: Part<unknown>) => void
  /** Default: the real time. */
  readonly clock?: Clock
}

const elsewhere = missing('the nodes are not containers of this machine', 'docker')
const NOT_OURS: ContainerObservations = { containerlab: elsewhere, kind: elsewhere }

/**
 * Reads everything that the checks of a target need: once, all of it in parallel, each part with a deadline of
 * its own. What cannot be read becomes the error of its part. Nothing is judged here.
 *
 * Where it may write, each pack writes only what it removes again, and says what.
 *
 * @throws LabError `state.unreadable` when the kubeconfig cannot be read; the signal's reason when aborted.
 */
export async function observe(target: VerifyTarget, options: ObserveOptions = {}): Promise<Observations> {
  const { lab, engine, probe = defaultProbe, privilegedProbe, access } = target
  const { signal, onPart, packs: wanted } = options
  const collecting: Collecting = {
    clock: options.clock ?? systemClock,
    ...(signal === undefined ? {} : { signal }),
    ...(onPart === undefined ? {} : { onPart }),
  }
  const kubeconfig = load(target.kubeconfig)
  const declared = readDeclared(target.declared)
  const at = new Date().toISOString()

  const ofCluster = async (): Promise<PackObservations & Pick<Observations, 'api'>> => {
    const probing = [probe, ...(privilegedProbe === undefined ? [] : [privilegedProbe])]
    const api = await collectApi(
      ...([collecting, kubeconfig, namespacesOf(declared)] as const),
      probing.map(({ namespace }) => namespace),
    )
    const pods = 'error' in api.pods ? [] : api.pods.value
    const exec = podExec(kubeconfig)
    const looking: Looking = {
      ...{ collecting, kubeconfig, exec, connect: connector(exec), lab, declared, api, pods, engine },
      unlisted:
        'error' in api.pods
          ? missing(`the pods are not known: ${api.pods.error}`, api.pods.source)
          : undefined,
      probes: probesByNode(pods, probe),
      ...(privilegedProbe === undefined ? {} : { privilegedProbes: probesByNode(pods, privilegedProbe) }),
      probeNamespace: probe.namespace,
      mayWrite: target.mayWrite ?? lab.topology !== undefined,
    }
    const packs = await byKey(
      Object.entries<(looking: Looking) => Promise<unknown>>(collectors),
      ([pack]) => pack,
      ([pack, collector]) => (wanted?.has(pack as Pack) === false ? Promise.resolve({}) : collector(looking)),
    )
    return { api, ...(packs as unknown as PackObservations) }
  }

  const [cluster, containers] = await Promise.all([
    ofCluster(),
    engine === undefined ? NOT_OURS : collectContainers(collecting, engine, lab.name),
  ])
  return {
    ...{ at, probeNamespace: probe.namespace, containers, ...cluster },
    ...(access === undefined ? {} : { access }),
  }
}
