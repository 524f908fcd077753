import { describe, expect, test } from 'vitest'
import { statefulSetChecks } from '../../../lab/checks/statefulsets/index.js'
import type { Service, StatefulSet } from '../../../lab/observe/model/declared.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { NAMESPACE, pod, service } from './made.js'
import { named, one, remove, seen } from './recorded.js'
import type { Mutable } from './recorded.js'
import { find, notPassing, small, statefulSet, without } from './small.js'
import type { Small, SmallWorld } from './small.js'

const labels = { app: 'db' }
const peers = service('peers', { clusterIP: 'None', selector: labels, ports: [{ port: 5432 }] })
const db = (more: object = {}): StatefulSet => {
  const set = statefulSet('db', labels, {
    ...{ replicas: 3, serviceName: 'peers', volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
    ...more,
  })
  return { ...set, status: { ...set.status, replicas: 3, readyReplicas: 3 } }
}
const member = (ordinal: number, hash = 'db-new'): Pod =>
  pod(`db-${ordinal}`, {
    labels: { ...labels, 'apps.kubernetes.io/pod-index': `${ordinal}`, 'controller-revision-hash': hash },
    ip: `10.0.0.${ordinal + 1}`,
    spec: {
      ...{ hostname: `db-${ordinal}`, subdomain: 'peers' },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `data-db-${ordinal}` } }],
    },
  })
const claim = (ordinal: number): object => ({
  metadata: { name: `data-db-${ordinal}`, namespace: NAMESPACE },
  status: { phase: 'Bound' },
})
const all = [0, 1, 2]
const healthy = (more: Small = {}): Small => ({
  services: [peers],
  statefulSets: [db()],
  pods: all.map((ordinal) => member(ordinal)),
  claims: all.map(claim),
  ...more,
})

function about(id: string, of: Small, change: (world: SmallWorld) => void = () => undefined): CheckResult {
  const world = small(of)
  change(world)
  return find(statefulSetChecks, world, id, 'db')
}

const podOf = ({ api }: SmallWorld, name: string): Mutable<Pod> => one(seen(api.pods), named(name))

test('a StatefulSet with all that it needs passes, also on a cluster of others', () => {
  expect(notPassing(statefulSetChecks, small(healthy()))).toEqual([])
  expect(notPassing(statefulSetChecks, small(healthy({ foreign: true })))).toEqual([])
})

describe('the service that gives the pods their names', () => {
  const under = (...services: Service[]): CheckResult =>
    about('statefulsets.service', healthy({ services, foreign: true }))

  test('is not there', () => {
    const found = under()
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: 'no such service' } })
    expect(found.hint).toContain('There is no service peers in namespace made')
  })

  test('is not there under that name, but under another one', () => {
    const found = under(service('db-headless', { clusterIP: 'None', selector: labels }))
    expect(found.hint).toContain('db-headless is headless and selects them')
  })

  test('is not headless', () => {
    const found = under(service('peers', { clusterIP: '10.96.1.1', selector: labels }))
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { clusterIP: '10.96.1.1' } } })
    expect(found.hint).toContain('Service peers is not headless')
    expect(found.hint).toContain('Delete it and make it again with clusterIP: None')
  })

  test('selects other pods', () => {
    const found = under(service('peers', { clusterIP: 'None', selector: { app: 'database' } }))
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { selects: 'not its pods' } } })
    expect(found.hint).toContain('statefulset/db: it asks for app=database, they have app=db')
  })

  test('has no selector', () => {
    expect(under(service('peers', { clusterIP: 'None' })).hint).toContain('has no selector')
  })

  test('of another namespace is none', () => {
    const elsewhere = { ...peers, metadata: { name: 'peers', namespace: 'elsewhere' } }
    expect(under(elsewhere)).toMatchObject({ verdict: 'fail', evidence: { observed: 'no such service' } })
  })

  test('is not named: then nothing is claimed', () => {
    const found = about('statefulsets.service', healthy({ statefulSets: [db({ serviceName: '' })] }))
    expect(found.verdict).toBe('skipped')
  })
})

describe('ordinals and names', () => {
  test('have no gap', () => {
    const found = about('statefulsets.ordinals', healthy(), ({ api }) =>
      remove(seen(api.pods), named('db-1')),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { expected: { 'db-0': '0', 'db-1': '1' }, observed: { 'db-0': '0', 'db-2': '2' } },
    })
  })

  test('begin where it is declared', () => {
    const of = healthy({
      statefulSets: [db({ ordinals: { start: 5 }, replicas: 2 })],
      pods: [member(5), member(6)],
    })
    expect(about('statefulsets.ordinals', of).verdict).toBe('pass')
    expect(about('statefulsets.ordinals', healthy({ ...of, pods: [member(0), member(1)] })).verdict).toBe(
      'fail',
    )
  })

  test('stand in a label, which older control planes do not give', () => {
    const drop = (world: SmallWorld, names: string[]): void => {
      for (const name of names)
        Reflect.deleteProperty(podOf(world, name).metadata?.labels ?? {}, 'apps.kubernetes.io/pod-index')
    }
    expect(about('statefulsets.ordinals', healthy(), (world) => drop(world, ['db-1'])).verdict).toBe('fail')
    const none = (world: SmallWorld): void => drop(world, ['db-0', 'db-1', 'db-2'])
    expect(about('statefulsets.ordinals', healthy(), none).verdict).toBe('pass')
  })

  test.each([{ hostname: 'other' }, { subdomain: 'elsewhere' }, { subdomain: undefined }])(
    'are the host name under the service: %j',
    (spec) => {
      const found = about('statefulsets.identity', healthy(), (world) =>
        Object.assign(podOf(world, 'db-1').spec ?? {}, spec),
      )
      expect(found).toMatchObject({
        verdict: 'fail',
        evidence: { expected: { 'db-0': 'db-0.peers', 'db-1': 'db-1.peers' } },
      })
    },
  )

  test('of a pod that another StatefulSet made do not count', () => {
    const owned = (owner: string): Pod => {
      const made = member(7)
      const reference = {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        name: owner,
        uid: 'u',
        controller: true,
      }
      return { ...made, metadata: { ...made.metadata, ownerReferences: [reference] } }
    }
    const verdict = (owner: string): string =>
      about('statefulsets.ordinals', healthy({ pods: [...all.map((i) => member(i)), owned(owner)] })).verdict
    expect(verdict('other')).toBe('pass')
    expect(verdict('db')).toBe('fail')
  })
})

describe('revisions', () => {
  const rolling = (partition: number): object => ({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
  })
  const between = (world: SmallWorld): void => {
    Object.assign(seen(world.api.statefulSets)[0]?.status ?? {}, { currentRevision: 'db-old' })
  }
  const hashes = (...all: string[]): Pod[] => all.map((hash, i) => member(i, hash))

  test('are the newest of all pods', () => {
    const of = healthy({ pods: hashes('db-new', 'db-old', 'db-new') })
    expect(about('statefulsets.revision', of, between)).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { pods: { 'db-0': 'newest', 'db-1': 'before' } } },
    })
  })

  test('are that before below the partition', () => {
    const verdict = (...all: string[]): string =>
      about(
        'statefulsets.revision',
        healthy({ statefulSets: [db(rolling(2))], pods: hashes(...all) }),
        between,
      ).verdict
    expect(verdict('db-old', 'db-old', 'db-new')).toBe('pass')
    expect(verdict('db-old', 'db-new', 'db-new')).toBe('fail')
    expect(verdict('db-old', 'db-old', 'db-old')).toBe('fail')
  })

  test('cannot be counted by a partition that was edited', () => {
    const found = about('statefulsets.revision', healthy(), ({ api }) =>
      Object.assign(seen(api.statefulSets)[0]?.spec ?? {}, rolling(1)),
    )
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { partition: 1 } } })
  })

  test('are seen by the controller', () => {
    const found = about('statefulsets.revision', healthy(), ({ api }) =>
      Object.assign(seen(api.statefulSets)[0]?.metadata ?? {}, { generation: 2 }),
    )
    expect(found.verdict).toBe('fail')
  })

  test('may be any where pods are updated when they are deleted', () => {
    const set = db({ updateStrategy: { type: 'OnDelete' } })
    const of = healthy({ statefulSets: [set], pods: hashes('db-old', 'db-new', 'db-old') })
    expect(about('statefulsets.revision', of, between).verdict).toBe('pass')
  })
})

describe('volumes', () => {
  test('are claimed by the name of the pod', () => {
    const found = about('statefulsets.volumes', healthy(), (world) =>
      Object.assign(podOf(world, 'db-1').spec ?? {}, {
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }],
      }),
    )
    expect(found).toMatchObject({
      verdict: 'fail',
      evidence: { observed: { 'db-0': ['data-db-0 Bound'], 'db-1': ['data-db-0 Bound'] } },
    })
  })

  test.each([
    [
      ({ api }: SmallWorld): void => remove(seen(api.persistentVolumeClaims), named('data-db-1')),
      'data-db-1 absent',
    ],
    [
      ({ api }: SmallWorld): void => {
        Object.assign(one(seen(api.persistentVolumeClaims), named('data-db-1')).status ?? {}, {
          phase: 'Pending',
        })
      },
      'data-db-1 Pending',
    ],
    [
      (world: SmallWorld): void => void Object.assign(podOf(world, 'db-1').spec ?? {}, { volumes: [] }),
      'no claim',
    ],
  ])('are bound (%#)', (change, said) => {
    const found = about('statefulsets.volumes', healthy(), change)
    expect(found).toMatchObject({ verdict: 'fail', evidence: { observed: { 'db-1': [said] } } })
  })
})

describe('what could not be observed makes nothing pass', () => {
  test.each([
    ['services', ['statefulsets.service']],
    [
      'pods',
      ['statefulsets.identity', 'statefulsets.ordinals', 'statefulsets.revision', 'statefulsets.volumes'],
    ],
    ['statefulSets', ['statefulsets.replicas', 'statefulsets.revision']],
    ['persistentVolumeClaims', ['statefulsets.volumes']],
  ] as const)('%s', (part, ids) => {
    const found = notPassing(statefulSetChecks, without(small(healthy()), part))
    expect(found).toEqual(ids.map((id) => `${id} db inconclusive`))
  })

  test('nor does a StatefulSet without pods', () => {
    const found = notPassing(statefulSetChecks, small(healthy({ pods: [] })))
    expect(found).toEqual(
      ['identity', 'ordinals', 'revision', 'volumes'].map((id) => `statefulsets.${id} db inconclusive`),
    )
  })
})
