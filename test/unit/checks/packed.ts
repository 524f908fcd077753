import { Testing } from 'cdk8s'
import type { Chart } from 'cdk8s'
import type { KubernetesObject } from '@kubernetes/client-node'
import type { Check, World } from '../../../lab/checks/check.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { LabFacts } from '../../../lab/observe/model/lab.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'

/** A cluster that no lab made. */
export const CLUSTER: LabFacts = {
  name: 'cluster',
  nodes: ['n1', 'n2'],
  kubeProxyMode: 'iptables',
  clusterDomain: 'cluster.local',
  ipFamilies: [4],
}

export function part<T>(value: T): Part<T> {
  return { value, source: 'a command', durationMs: 1 }
}

/** What constructs declare. */
export function synthesized(chart: Chart): KubernetesObject[] {
  return Testing.synth(chart) as KubernetesObject[]
}

export function world(
  declared: readonly KubernetesObject[],
  observations: object,
  lab: Partial<LabFacts> = {},
): World {
  return {
    lab: { ...CLUSTER, ...lab },
    declared: readDeclared(declared),
    observations: observations as World['observations'],
  }
}

export function resultsOf(checks: readonly Check[], seen: World): CheckResult[] {
  return checks.flatMap((check) => check.run(seen))
}

/** What does not pass: `<id> <name>: <verdict>`. */
export function notPassing(checks: readonly Check[], seen: World): string[] {
  return resultsOf(checks, seen)
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, subject, verdict }) => `${id} ${subject.name}: ${verdict}`)
}

/** A pod of a Deployment, as the API gives it. */
export function podOf(
  app: string,
  name: string,
  { ready = true, ip = '10.244.0.9' }: { readonly ready?: boolean; readonly ip?: string } = {},
): Pod {
  return {
    metadata: { name, namespace: 'default', labels: { app } },
    spec: { containers: [] },
    status: {
      phase: 'Running',
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  }
}
