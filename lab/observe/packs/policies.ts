import { collect, missing } from '../collect.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { keyOf } from '../model/declared.js'
import type { Part } from '../model/observations.js'
import {
  canPredict,
  inTurn,
  ingressPolicies,
  policyProbes,
  policyWorld,
  sourcePods,
} from '../model/policy-probes.js'
import type { PolicyProbe } from '../model/policy-probes.js'
import type { PolicyAttempt, PolicySeen } from '../model/policies.js'
import type { Pod } from '../model/pods.js'
import { execTargetOf } from '../probes.js'
import { EXEC_MS } from '../deadlines.js'

/** Whether allowed and refused traffic passes, by `<namespace>/<NetworkPolicy>`. One exec in each pod that tries. */
export async function collectPolicies(looking: Looking): Promise<Parts<PolicySeen>> {
  const { declared, api, pods, probes, unlisted, mayWrite } = looking
  const policies = ingressPolicies(declared)
  const all = <T>(part: T): Record<string, T> =>
    Object.fromEntries(policies.map((policy) => [keyOf(policy), part]))
  if (unlisted !== undefined) return all(unlisted)
  const world = policyWorld(declared, api)
  if (!canPredict(world)) {
    const reason = 'error' in api.namespaces ? api.namespaces.error : 'there are none'
    return all(missing(`the labels of the namespaces are not known: ${reason}`, api.namespaces.source))
  }
  const probing = [...probes.values()].map(({ namespace, pod }) => `${namespace}/${pod}`)
  const sources = sourcePods(pods, probing, mayWrite)
  const planned = policies.map((policy, turn) => ({
    key: keyOf(policy),
    wanted: policyProbes(policy, pods, inTurn(sources, probes.size, turn), world),
  }))
  const wanted = planned.flatMap((each) => each.wanted)
  const from = [...new Map(wanted.map((probe) => [keyOf(probe.from), probe.from])).entries()]
  const tried = await byKey(
    from,
    ([key]) => key,
    ([key, pod]) => tryFrom(pod, unique(wanted.filter((probe) => keyOf(probe.from) === key)), looking),
  )
  return Object.fromEntries(planned.map((each) => [each.key, seenOf(each.wanted, tried)]))
}

/** The attempts of one pod, by address and port. */
function tryFrom(
  pod: Pod,
  probes: readonly PolicyProbe[],
  { collecting, connect }: Looking,
): Promise<Part<ReadonlyMap<string, string>>> {
  const source = `kubectl exec ${keyOf(pod)} -- connect`
  return collect(
    collecting,
    { name: `policies.${keyOf(pod)}`, source, deadlineMs: EXEC_MS },
    async (signal) => {
      const attempts = probes.map(({ ip, port }) => ({ host: ip, port }))
      const outcomes = await connect(execTargetOf(pod), attempts, signal)
      return new Map(probes.map((probe, i) => [endOf(probe), outcomes[i]?.outcome ?? '']))
    },
  )
}

function seenOf(
  probes: readonly PolicyProbe[],
  tried: Readonly<Record<string, Part<ReadonlyMap<string, string>>>>,
): Part<PolicySeen> {
  const attempts = probes.map((probe): PolicyAttempt => {
    const about = { from: keyOf(probe.from), to: keyOf(probe.to), ip: probe.ip, port: probe.port }
    const part = tried[about.from]
    if (part === undefined || 'error' in part) return { ...about, error: part?.error ?? 'not tried' }
    return { ...about, outcome: part.value.get(endOf(probe)) ?? '' }
  })
  const sources = [...new Set(attempts.map(({ from }) => from))]
  const durationMs = Math.max(0, ...sources.map((from) => tried[from]?.durationMs ?? 0))
  return { value: { attempts }, source: `connections from ${sources.join(', ') || 'no pod'}`, durationMs }
}

function unique(probes: readonly PolicyProbe[]): PolicyProbe[] {
  return [...new Map(probes.map((probe) => [endOf(probe), probe])).values()]
}

function endOf({ ip, port }: PolicyProbe): string {
  return `${ip} ${String(port)}`
}
