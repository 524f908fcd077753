import type { Check } from '../../../lab/checks/check.js'
import type { Service, StatefulSet } from '../../../lab/observe/model/declared.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { healthy, recording } from './recorded.js'
import type { World } from './recorded.js'

/** Namespace of the databases in these worlds. */
export const SPACE = 'data'

export function host(pod: string, service = `${pod.replace(/-\d+$/, '')}-headless`): string {
  return `${pod}.${service}.${SPACE}.svc.cluster.local`
}

export function serviceHost(name: string): string {
  return `${name}.${SPACE}.svc.cluster.local`
}

export function ok<T>(value: T): Part<T> {
  return { value, source: 'a command', durationMs: 5 }
}

export function lost(error: string): Part<never> {
  return { error, source: 'a command', durationMs: 5 }
}

/** What a world of one database is made of. */
export interface DatabaseWorld {
  readonly name: string
  readonly port: number
  readonly replicas: number
  /** Selectors by the name of the service; the headless one is there. */
  readonly services?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Labels of pods beside `app`. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly pod?: Partial<NonNullable<StatefulSet['spec']>['template']['spec']>
}

/** A recorded lab with one database instead of all it declares; what the packs saw is the test's. */
export function databaseWorld(made: DatabaseWorld): World {
  const { name, port, replicas, services = {}, labels = {} } = made
  const world = healthy()
  const app = { app: name }
  const metadata = (of: string): { name: string; namespace: string } => ({ name: of, namespace: SPACE })
  const set: StatefulSet = {
    metadata: metadata(name),
    spec: {
      replicas,
      serviceName: `${name}-headless`,
      selector: { matchLabels: app },
      template: {
        metadata: { labels: app },
        spec: { containers: [{ name, ports: [{ containerPort: port }] }], ...made.pod },
      },
    },
  }
  const selectors = { [`${name}-headless`]: app, ...services }
  const all = Object.entries(selectors).map(([of, selector]): Service => ({
    metadata: metadata(of),
    spec: { selector, ports: [{ port }], ...(of.endsWith('-headless') ? { clusterIP: 'None' } : {}) },
  }))
  const pods = Array.from({ length: replicas }, (_, ordinal): Pod => {
    const pod = `${name}-${ordinal}`
    return {
      metadata: { ...metadata(pod), labels: { ...app, ...labels[pod] } },
      spec: { containers: [] },
      status: {
        phase: 'Running',
        podIPs: [{ ip: `10.0.0.${ordinal}` }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    }
  })
  Object.assign(world, {
    declared: [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', ...set },
      ...all.map((service) => ({ apiVersion: 'v1', kind: 'Service', ...service })),
    ],
  })
  Object.assign(world.observations.api, { pods: ok(pods), services: ok(all), statefulSets: ok([set]) })
  Object.assign(world.observations, { postgres: {}, mysql: {}, redis: {}, initLogs: {} })
  return world
}

/** The results of one check, `<subject> <verdict>`, and all that is known of them. */
export function run(checks: readonly Check[], id: string, world: World): CheckResult[] {
  const check = checks.find((each) => each.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  const { lab, declared, observations } = recording(world)
  return check.run({ lab, declared: readDeclared(declared), observations })
}

export function verdicts(checks: readonly Check[], id: string, world: World): Record<string, string> {
  return Object.fromEntries(run(checks, id, world).map(({ subject, verdict }) => [subject.name, verdict]))
}

/** Of all checks: the ids with each verdict but pass. */
export function notPassed(checks: readonly Check[], world: World): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const { id } of checks) {
    for (const { verdict } of run(checks, id, world)) {
      if (verdict !== 'pass' && found[verdict]?.includes(id) !== true) (found[verdict] ??= []).push(id)
    }
  }
  return found
}
