import { keyOf, nameOf, namespaceOf, templateOf } from '../observe/model/declared.js'
import type { Declared } from '../observe/model/declared.js'
import { isLive } from '../observe/model/pods.js'
import { canPredict, ingressPolicies, policyWorld, portsFor } from '../observe/model/policy-probes.js'
import {
  directionsOf,
  ingressPorts,
  letsIn,
  mayConnect,
  policiesFor,
  selectsPod,
} from '../observe/model/policies.js'
import type { NetworkPolicy, PolicyAttempt, PolicyWorld } from '../observe/model/policies.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Outcome, Scope } from './check.js'
import { liveOf } from './live.js'
import { compare } from './outcome.js'
import { allWorkloads } from './services/nearest.js'
import { wantsPods } from './services/selector.js'

const eachPolicy: Scope<NetworkPolicy> = {
  items: ({ declared }) => declared.networkPolicies,
  subject,
}

const eachIngressPolicy: Scope<NetworkPolicy> = {
  items: ({ declared }) => ingressPolicies(declared),
  subject,
}

/** The cluster, where any policy limits what comes in. */
const theEnforcer: Scope<string> = {
  items: ({ declared, lab }) => (ingressPolicies(declared).length === 0 ? [] : [lab.name]),
  subject: (name) => ({ kind: 'Cluster', name }),
}

const exists = defineCheck({
  id: 'network-policy.exists',
  title: 'the policy is on the cluster as it is declared',
  answers: 'Kubernetes: Network Policies, the NetworkPolicy resource',
  needs: ['api.networkpolicies'],
  hint: 'It was changed or deleted on the cluster: see `kubectl get networkpolicy -o yaml`; applying the manifests again repairs it.',
  of: eachPolicy,
  judge: (policy, { observations, read }) => {
    const live = liveOf(policy, read(observations.api.networkPolicies))
    return compare(meaning(policy), live === undefined ? 'absent' : meaning(live))
  },
})

const selectsPods = defineCheck({
  id: 'network-policy.selects-pods',
  title: 'the policy selects some pod',
  answers: 'Kubernetes: Network Policies, the NetworkPolicy resource',
  needs: ['api.pods'],
  hint: "A policy that selects no pod protects nothing, and says nothing about it: compare its podSelector with the pods' labels. Or its pods run only at times, as those of a CronJob.",
  of: eachPolicy,
  judge: (policy, { declared, observations, read }) => {
    const { networkPolicies, pods } = observations.api
    // As the cluster has it, where that is known: it may have been changed there.
    const live = ('error' in networkPolicies ? undefined : liveOf(policy, networkPolicies.value)) ?? policy
    const selected = read(pods).filter((pod) => isLive(pod) && selectsPod(live, pod))
    if (selected.length === 0 && isForNone(live, declared))
      return skipped('the workloads that it is for are declared to have no pods')
    return compare('some pod', selected.length > 0 ? 'some pod' : 'none')
  },
})

/** Whether workloads whose pods the policy selects are all scaled to none on purpose. */
function isForNone(policy: NetworkPolicy, declared: Declared): boolean {
  const meant = allWorkloads(declared).filter((workload) => {
    const { labels } = templateOf(workload)?.metadata ?? {}
    return selectsPod(policy, {
      metadata: { namespace: namespaceOf(workload), ...(labels ? { labels } : {}) },
    })
  })
  return meant.length > 0 && !meant.some(wantsPods)
}

const allowed = defineCheck({
  id: 'network-policy.allowed',
  title: 'who the policy lets in reaches each of its ports',
  answers: 'Kubernetes: Network Policies, behavior of to and from selectors',
  needs: ['policies', 'api.pods'],
  hint: 'A policy that is not declared cuts the way (`kubectl get networkpolicy -A`), or the labels of the client, its namespace or the port are not those that the policy names.',
  of: eachIngressPolicy,
  judge: (policy, context) => {
    const { ports, all } = ingressPorts(policy)
    if (ports.length === 0 && !all) return skipped('the policy lets nobody in')
    if (hasNoTcp(policy)) return skipped(NO_TCP)
    const { attempts, world } = attemptsOf(policy, context)
    const meant = attempts.filter(
      (each) => each.allowed && each.connection !== undefined && letsIn(policy, each.connection, world),
    )
    return explained(
      judgeAll(meant, 'passes', 'no pod that the policy lets in can be tried from'),
      strangers(
        'Egress',
        meant.map(({ attempt }) => attempt.from),
        context,
      ),
    )
  },
})

const refused = defineCheck({
  id: 'network-policy.refused',
  title: 'the same connections by who the policy does not let in are refused',
  answers: 'Kubernetes: Network Policies, the two sorts of pod isolation',
  needs: ['policies', 'api.pods'],
  hint: 'Another policy lets them in as well (policies add up), the policy is gone (network-policy.exists), or nothing enforces policies (network-policy.enforced).',
  of: eachIngressPolicy,
  judge: (policy, context) => {
    const { ports, all } = ingressPorts(policy)
    if (ports.length === 0 && !all)
      return skipped('the policy lets nobody in: see network-policy.unlisted-port')
    if (hasNoTcp(policy)) return skipped(NO_TCP)
    const { attempts, listed } = attemptsOf(policy, context)
    if (isOpenToAll(policy, listed, context))
      return skipped(
        'every other pod of the namespaces that are looked at is let in: nobody is to be refused',
      )
    const open = new Set(attempts.filter((each) => each.allowed && each.fate === 'passes').map(endOf))
    const refusals = attempts.filter((each) => !each.allowed && listed.includes(each.attempt.port))
    // Where nobody gets through, a refusal proves nothing: the server may be away. Silence does, of a pod that
    // answers the same client at another port: without a server it would have refused by itself.
    const heard = new Set(
      attempts.filter((each) => each.fate === 'passes').map(({ attempt }) => attempt.from),
    )
    const proven = refusals.filter(
      (each) =>
        open.has(endOf(each)) ||
        each.fate === 'passes' ||
        (each.attempt.outcome === 'timeout' && heard.has(each.attempt.from)),
    )
    if (refusals.length > 0 && proven.length === 0)
      throw new Unobserved('nobody who is let in reached the same port, so that a refusal proves nothing')
    const ends = new Set(proven.map(endOf))
    const unproven = [...new Set(refusals.map(endOf))].filter((end) => !ends.has(end))
    return explained(
      judgeAll(proven, 'refused', 'no pod that the policy does not let in can be tried from', unproven),
      strangers(
        'Ingress',
        proven.map(({ attempt }) => attempt.to),
        context,
      ),
    )
  },
})

const unlistedPort = defineCheck({
  id: 'network-policy.unlisted-port',
  title: 'nobody reaches a port that no policy lists, not even who is let in to others',
  answers: 'Kubernetes: Network Policies, the two sorts of pod isolation',
  needs: ['policies', 'api.pods'],
  hint: 'A rule without ports lets in to all of them; else the policy is gone (network-policy.exists), or nothing enforces policies (network-policy.enforced).',
  of: eachIngressPolicy,
  judge: (policy, context) => {
    if (ingressPorts(policy).all) return skipped('the policy lets in to all ports')
    const { attempts, everywhere, listed } = attemptsOf(policy, context)
    const tries = attempts.filter((each) => !each.allowed && !listed.includes(each.attempt.port))
    // The control: the same pod gets through to something, at best to another port of the same pod.
    const able = new Set(
      everywhere.filter((each) => each.allowed && each.fate === 'passes').map(({ attempt }) => attempt.from),
    )
    const proven = tries.filter(({ attempt, fate }) => able.has(attempt.from) || fate === 'passes')
    if (tries.length > 0 && proven.length === 0)
      throw new Unobserved(
        'the pod that was tried from got through to nothing else, so that a refusal proves nothing',
      )
    return judgeAll(proven, 'refused', 'no such connection could be tried')
  },
})

const enforced = defineCheck({
  id: 'network-policy.enforced',
  title: 'policies are enforced: some of what they refuse is refused',
  answers: 'Kubernetes: Network Policies, prerequisites',
  needs: ['policies', 'api.pods'],
  hint: 'The network plugin of the cluster enforces no NetworkPolicies (flannel, kindnet before 0.24): the API takes them and nothing happens.',
  of: theEnforcer,
  judge: (_, context) => {
    const tries = allAttempts(context).filter((each) => !each.allowed && each.fate !== 'unknown')
    if (tries.length === 0) {
      // Where a part is missing, that is why.
      for (const policy of ingressPolicies(context.declared))
        context.read(context.observations.policies[keyOf(policy)])
      throw new Unobserved('no connection that is to be refused could be tried')
    }
    const stopped = tries.some(({ fate }) => fate === 'refused')
    return compare('refused', stopped ? 'refused' : `all ${String(tries.length)} that were tried passed`)
  },
})

export const networkPolicyChecks = [exists, selectsPods, allowed, refused, unlistedPort, enforced]

const NO_TCP = 'it lists no TCP port, and with others nothing says that a packet was refused'

function hasNoTcp(policy: NetworkPolicy): boolean {
  const { ports, all } = ingressPorts(policy)
  return !all && ports.every(({ protocol = 'TCP' }) => protocol !== 'TCP')
}

/** What came of an attempt, for the policies: whether they let it through. */
type Fate = 'passes' | 'refused' | 'unknown'

interface Judged {
  readonly attempt: PolicyAttempt
  readonly connection: Parameters<typeof mayConnect>[0] | undefined
  /** Whether the declared policies let it through. */
  readonly allowed: boolean
  readonly fate: Fate
}

function attemptsOf(
  policy: NetworkPolicy,
  context: Context,
): { attempts: Judged[]; everywhere: Judged[]; world: PolicyWorld; listed: readonly number[] } {
  const { observations, read } = context
  read(observations.policies[keyOf(policy)])
  const pods = read(observations.api.pods)
  if (!pods.some((pod) => isLive(pod) && selectsPod(policy, pod)))
    throw new Unobserved('the policy selects no pod (see network-policy.selects-pods)')
  const everywhere = allAttempts(context)
  const own = observations.policies[keyOf(policy)]
  const tried: readonly PolicyAttempt[] = own === undefined || 'error' in own ? [] : own.value.attempts
  if (tried.length === 0)
    throw new Unobserved('no pod that the policy selects is Ready, or there is none that can try to connect')
  const attempts = everywhere.filter(({ attempt }) => tried.includes(attempt))
  const to = pods.find((pod) => keyOf(pod) === tried[0]?.to)
  const listed = to === undefined ? [] : portsFor(policy, to)
  return { attempts, everywhere, world: policyWorld(context.declared, observations.api), listed }
}

/** Whether all pods that run here may reach these ports of the pods of a policy. */
function isOpenToAll(
  policy: NetworkPolicy,
  ports: readonly number[],
  { declared, observations, read }: Context,
): boolean {
  const world = policyWorld(declared, observations.api)
  const live = read(observations.api.pods).filter((pod) => isLive(pod) && pod.spec?.hostNetwork !== true)
  return live
    .filter((pod) => selectsPod(policy, pod))
    .every((to) =>
      live.every((from) => from === to || ports.every((port) => mayConnect({ from, to, port }, world))),
    )
}

/** Every attempt of every policy, with what the declared policies say of it. */
function allAttempts({ declared, observations, read }: Context): Judged[] {
  const world = policyWorld(declared, observations.api)
  if (!canPredict(world)) throw new Unobserved('the labels of the namespaces are not known')
  const pods = new Map(read(observations.api.pods).map((pod) => [keyOf(pod), pod]))
  const parts = ingressPolicies(declared).map((policy) => observations.policies[keyOf(policy)])
  const all = parts.flatMap((part) => (part === undefined || 'error' in part ? [] : part.value.attempts))
  const predicted = all.flatMap((attempt) => {
    const [from, to] = [pods.get(attempt.from), pods.get(attempt.to)]
    if (from === undefined || to === undefined) return []
    const connection = { from, to, port: attempt.port }
    return [{ attempt, connection, allowed: mayConnect(connection, world) }]
  })
  const open = new Set(all.filter(({ outcome }) => outcome === 'open').map(portOf))
  const drops = predicted.some((each) => !each.allowed && each.attempt.outcome === 'timeout')
  return predicted.map((each) => ({ ...each, fate: fateOf(each.attempt, open, drops) }))
}

function fateOf(attempt: PolicyAttempt, open: ReadonlySet<string>, drops: boolean): Fate {
  const { outcome } = attempt
  if (outcome === 'open') return 'passes'
  if (outcome === 'timeout' || outcome === 'unreachable') return 'refused'
  if (outcome !== 'refused') return 'unknown'
  // By a policy where others find the port open. Else it may be the pod's own answer, of a port that nothing listens
  // on: it is, where policies drop what they refuse.
  return open.has(portOf(attempt)) ? 'refused' : drops ? 'passes' : 'unknown'
}

/** All of them have to be as said; those of which nothing can be said count only where nothing else is known of the port. */
function judgeAll(
  attempts: readonly Judged[],
  expected: Exclude<Fate, 'unknown'>,
  none: string,
  unproven: readonly string[] = [],
): Outcome {
  if (attempts.length === 0) throw new Unobserved(none)
  const known = attempts.filter(({ fate }) => fate !== 'unknown')
  const ends = new Set(known.map(endOf))
  const unknown = attempts.filter((each) => !ends.has(endOf(each)))
  const outcome = compare(
    Object.fromEntries(known.map(({ attempt }) => [wordsOf(attempt), expected])),
    Object.fromEntries(known.map(({ attempt, fate }) => [wordsOf(attempt), fate])),
  )
  if (outcome.verdict === 'fail') return outcome
  if (unknown.length > 0) throw new Unobserved(unknown.map(({ attempt }) => reasonOf(attempt)).join('; '))
  if (unproven.length > 0)
    throw new Unobserved(
      `nobody who is let in reached ${unproven.join(', ')}, so that a refusal proves nothing`,
    )
  return outcome
}

function endOf({ attempt }: Judged): string {
  return portOf(attempt)
}

function portOf({ to, port }: PolicyAttempt): string {
  return `${to} port ${String(port)}`
}

/**
 * Policies of the cluster that are not declared and select some of the pods. They add up: one of what comes in can
 * only let in more, where a declared one is; what a client may send can also be cut.
 */
function strangers(
  direction: 'Ingress' | 'Egress',
  keys: readonly string[],
  { declared, observations }: Context,
): string[] {
  const { networkPolicies, pods } = observations.api
  if ('error' in networkPolicies || 'error' in pods) return []
  const known = new Set(declared.networkPolicies.map(keyOf))
  const unknown = networkPolicies.value.filter((other) => !known.has(keyOf(other)))
  const selected = pods.value.filter((pod) => keys.includes(keyOf(pod)))
  return [...new Set(selected.flatMap((pod) => policiesFor(pod, direction, unknown)).map(keyOf))]
}

function explained(outcome: Outcome, undeclared: readonly string[]): Outcome {
  if (outcome.verdict !== 'fail' || undeclared.length === 0) return outcome
  return {
    ...outcome,
    hint: `The cluster has policies that nobody declared and that select these pods: ${undeclared.join(', ')}.`,
  }
}

function wordsOf({ from, to, port }: PolicyAttempt): string {
  return `${from} to ${to} port ${String(port)}`
}

function reasonOf(attempt: PolicyAttempt): string {
  const { outcome, error } = attempt
  const why = error ?? `${outcome ?? 'nothing'}, and whether by the pod or by a policy cannot be told`
  return `${wordsOf(attempt)}: ${why}`
}

/** What a policy says, with what Kubernetes adds where nothing is said. */
function meaning(policy: NetworkPolicy): unknown {
  const { podSelector = {}, ingress = [], egress = [] } = policy.spec ?? {}
  const ports = (list: (typeof ingress)[number]['ports'] = []): unknown =>
    list.map(({ protocol = 'TCP', ...port }) => ({ protocol, ...port }))
  return {
    podSelector,
    policyTypes: [...directionsOf(policy)].sort(),
    ingress: ingress.map((rule) => ({ from: rule.from ?? [], ports: ports(rule.ports) })),
    egress: egress.map((rule) => ({ to: rule.to ?? [], ports: ports(rule.ports) })),
  }
}

function subject(policy: NetworkPolicy): { kind: string; namespace: string; name: string } {
  return { kind: 'NetworkPolicy', namespace: namespaceOf(policy), name: nameOf(policy) }
}
