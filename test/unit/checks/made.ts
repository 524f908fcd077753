import type { EndpointSlice, Service, StatefulSet } from '../../../lab/observe/model/declared.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { DnsAnswer, IptablesRule, Part } from '../../../lab/observe/model/observations.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import { questionKey, questionsFor } from '../../../lab/observe/model/questions.js'
import { completed, served } from './control-plane.js'
import { healthyAnswer } from './dns-world.js'
import { iptables, recording, seen } from './recorded.js'
import type { Mutable, World } from './recorded.js'

/** What is put into the recorded lab, as the API and the DNS server show it in health. */
export interface Made {
  readonly services: readonly Service[]
  readonly pods?: readonly Pod[]
  readonly statefulSets?: readonly StatefulSet[]
  /** Written by hand, so declared. */
  readonly slices?: readonly EndpointSlice[]
  /** Written by the control plane, so only seen. */
  readonly controlled?: readonly EndpointSlice[]
  /** Data of the records of each name; every other name is unknown. */
  readonly dns: Readonly<Record<string, readonly string[]>>
  /** The same on every node. */
  readonly rules?: readonly IptablesRule[]
}

/** None of the lab's: what is made there is beside what the recording has. */
export const NAMESPACE = 'made'

export function add(world: World, made: Made): World {
  const { services, pods = [], statefulSets = [], slices = [], controlled = [], rules = [] } = made
  const { api } = world.observations
  const kinds: [list: readonly object[], kind: string, apiVersion: string][] = [
    [services, 'Service', 'v1'],
    [statefulSets, 'StatefulSet', 'apps/v1'],
    [slices, 'EndpointSlice', 'discovery.k8s.io/v1'],
  ]
  for (const [list, kind, apiVersion] of kinds) {
    for (const object of list) world.declared.push({ ...structuredClone(object), kind, apiVersion })
  }
  push(api.services, services.map(served))
  push(api.statefulSets, statefulSets)
  push(api.pods, pods)
  push(api.endpointSlices, [
    ...slices,
    ...controlled.map((one) => {
      const label = one.metadata?.labels?.['kubernetes.io/service-name']
      const of = services.find(({ metadata }) => metadata?.name === label)
      return of === undefined ? one : completed(one, of, pods)
    }),
  ])
  const { declared, lab } = recording(world)
  const questions = questionsFor(readDeclared(declared), lab, 'default', seen(api.pods), seen(api.services))
  for (const node of lab.nodes) {
    iptables(world, node).push(...rules)
    const answers = seen(world.observations.dns[node] as Part<readonly DnsAnswer[]>)
    const answered = new Set(answers.map(({ question }) => questionKey(question)))
    for (const question of questions) {
      if (answered.has(questionKey(question))) continue
      answers.push(healthyAnswer(question, made.dns, lab) as Mutable<DnsAnswer>)
    }
  }
  return world
}

function push<T>(part: Part<readonly T[]>, items: readonly T[]): void {
  ;(seen(part) as T[]).push(...structuredClone(items))
}

export function service(name: string, spec: NonNullable<Service['spec']>): Service {
  return { metadata: { name, namespace: NAMESPACE }, spec }
}

export interface PodFacts {
  readonly labels: Readonly<Record<string, string>>
  readonly ip: string
  readonly ready?: boolean
  readonly deleted?: boolean
  readonly phase?: string
  readonly spec?: Partial<NonNullable<Pod['spec']>>
}

export function pod(name: string, facts: PodFacts): Pod {
  const { labels, ip, ready = true, deleted = false, phase = 'Running', spec } = facts
  return {
    metadata: {
      name,
      namespace: NAMESPACE,
      labels,
      ...(deleted ? { deletionTimestamp: '2026-11-21T06:00:00Z' } : {}),
    },
    spec: { containers: [], ...spec },
    status: { phase, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

export function slice(
  of: string,
  endpoints: EndpointSlice['endpoints'] | null,
  ports: EndpointSlice['ports'] = [],
  number = 1,
): EndpointSlice {
  return {
    metadata: {
      name: `${of}-${number}`,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': of },
    },
    addressType: 'IPv4',
    endpoints: endpoints as EndpointSlice['endpoints'],
    ports,
  }
}

/** A rule of kube-proxy for a virtual IP. */
export function vipRule(table: IptablesRule['table'], of: string, vip: string): IptablesRule {
  const comment = `${NAMESPACE}/${of}:http ${table === 'nat' ? 'cluster IP' : 'has no endpoints'}`
  return {
    table,
    chain: 'KUBE-SERVICES',
    rule: `-A KUBE-SERVICES -d ${vip}/32 -p tcp -m comment --comment "${comment}" -m tcp --dport 80`,
    comment,
    destination: `${vip}/32`,
    protocol: 'tcp',
    dport: '80',
    jump: table === 'nat' ? 'KUBE-SVC-X' : 'REJECT',
  }
}
