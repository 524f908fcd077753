import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { Check, World } from '../../../lab/checks/check.js'
import type { CheckResult } from '../../../lab/report/model.js'
import type { Observations, Part } from '../../../lab/observe/model/observations.js'
import type { NetworkPolicy, PolicySpec } from '../../../lab/observe/model/policies.js'
import type { Pod } from '../../../lab/observe/model/pods.js'

export const NODES = ['a', 'b']

/** A part that was seen. */
export const part = <T>(value: T, source = 'a command'): Part<T> => ({ value, source, durationMs: 1 })

export interface PodFacts {
  readonly ip: string
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string
  readonly ports?: readonly (number | { readonly name: string; readonly containerPort: number })[]
  readonly ready?: boolean
  readonly hostNetwork?: boolean
  readonly image?: string
}

/** A pod by `<namespace>/<name>`. */
export function podOf(key: string, facts: PodFacts): Pod {
  const [namespace = '', name = ''] = key.split('/')
  const { ip, labels = {}, node = 'a', ports = [], ready = true, hostNetwork = false, image = 'web' } = facts
  return {
    metadata: { name, namespace, labels },
    spec: {
      ...{ nodeName: node, hostNetwork },
      containers: [
        {
          ...{ name: 'one', image },
          ports: ports.map((port) => (typeof port === 'number' ? { containerPort: port } : port)),
        },
      ],
    },
    status: {
      ...{ phase: 'Running', podIPs: [{ ip }], hostIP: '172.18.0.3' },
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}

/** A policy by `<namespace>/<name>`. */
export function policyOf(key: string, spec: PolicySpec): NetworkPolicy {
  const [namespace = '', name = ''] = key.split('/')
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name } },
    spec,
  }
}

export interface NetworkWorld {
  readonly lab?: Partial<World['lab']>
  readonly policies?: readonly NetworkPolicy[]
  readonly workloads?: readonly object[]
  readonly api?: Partial<Observations['api']>
  readonly seen?: Partial<Observations>
}

/** A small cluster of two nodes, of which only what a test is about is known. */
export function networkWorld({
  lab,
  policies = [],
  workloads = [],
  api = {},
  seen = {},
}: NetworkWorld): World {
  const observations = { api, policies: {}, calico: {}, ...seen } as unknown as Observations
  return {
    lab: {
      ...{ name: 'lab', nodes: NODES, kubeProxyMode: 'iptables', clusterDomain: 'cluster.local' },
      ...{ ipFamilies: [4] },
      ...lab,
    },
    declared: readDeclared([...policies, ...(workloads as readonly NetworkPolicy[])]),
    observations,
  }
}

/** What one check says of each of its subjects, by name. */
export function verdictsOf(checks: readonly Check[], id: string, world: World): Record<string, string> {
  return Object.fromEntries(
    resultsOf(checks, id, world).map(({ subject, verdict }) => [subject.name, verdict]),
  )
}

export function resultsOf(checks: readonly Check[], id: string, world: World): CheckResult[] {
  const check = checks.find((each) => each.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return check.run(world)
}
