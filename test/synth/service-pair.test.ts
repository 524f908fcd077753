import type { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { expect, test } from 'vitest'
import {
  ClusterIpService,
  HeadlessService,
  ServicePair,
  type ServicePairProps,
} from '../../constructs/index.js'
import { chart, object, synth } from './objects.js'

function pair(props: Partial<ServicePairProps> = {}): { scope: Chart; made: ServicePair } {
  const scope = chart('data')
  new k8s.KubePod(scope, 'pod', {
    metadata: { name: 'pod', labels: { app: 'db' } },
    spec: { containers: [{ name: 'c', ports: [{ name: 'db', containerPort: 1 }] }] },
  })
  const made = new ServicePair(scope, 'pair', {
    name: 'db',
    selector: { app: 'db' },
    ports: [{ name: 'db', port: 5000, targetPort: 'db' }],
    ...props,
  })
  return { scope, made }
}

test('peers get a headless Service, clients one with a virtual address, under the names of the documents', () => {
  const { scope, made } = pair()
  const objects = synth(scope)
  expect(object(objects, 'Service', 'db-headless').spec).toMatchObject({
    clusterIP: 'None',
    selector: { app: 'db' },
  })
  expect(object(objects, 'Service', 'db').spec).toMatchObject({ type: 'ClusterIP', selector: { app: 'db' } })
  expect(made.headless.dns.fqdn).toBe('db-headless.data.svc.cluster.local')
  expect(made.clusterIp.srv('db')).toBe('_db._tcp.db.data.svc.cluster.local')
})

test('a role is one more Service, for pods that get its label while they run', () => {
  const { scope, made } = pair({ roles: { primary: { role: 'primary' } } })
  expect(object(synth(scope), 'Service', 'db-primary').spec).toMatchObject({
    type: 'ClusterIP',
    selector: { app: 'db', role: 'primary' },
  })
  expect(made.role('primary').dns.short).toBe('db-primary')
  expect(() => made.role('replica')).toThrow(new RangeError('test/pair: no role "replica"'))
})

test('names, unready peers and affinity can be said', () => {
  const { scope } = pair({
    headless: { name: 'peers', publishNotReadyAddresses: true },
    clusterIp: { name: 'clients', sessionAffinity: 'ClientIP' },
  })
  const objects = synth(scope)
  expect(object(objects, 'Service', 'peers').spec).toMatchObject({ publishNotReadyAddresses: true })
  expect(object(objects, 'Service', 'clients').spec).toMatchObject({ sessionAffinity: 'ClientIP' })
})

test('a port that no container names is refused, by each of the Services', () => {
  const { scope } = pair({ ports: [{ name: 'db', port: 5000, targetPort: 'dbx' }] })
  expect(() => synth(scope)).toThrow(
    '[test/pair/headless] target port "dbx" is the name of no container port of Pod pod',
  )
})

test('families, their policy and application protocols come out as they went in', () => {
  const { scope } = pair({
    ipFamilies: ['IPv6', 'IPv4'],
    ipFamilyPolicy: 'PreferDualStack',
    ports: [{ name: 'db', port: 5000, appProtocol: 'kubernetes.io/h2c' }],
  })
  expect(object(synth(scope), 'Service', 'db').spec).toMatchObject({
    ipFamilies: ['IPv6', 'IPv4'],
    ipFamilyPolicy: 'PreferDualStack',
    ports: [{ appProtocol: 'kubernetes.io/h2c' }],
  })
})

test.each([
  [{ ipFamilies: [] }, 'ipFamilies is []'],
  [
    { ipFamilies: ['IPv4', 'IPv4'] as const, ipFamilyPolicy: 'PreferDualStack' as const },
    'ipFamilies is [IPv4, IPv4]',
  ],
  [{ ipFamilies: ['IPv4', 'IPv6'] as const }, 'ipFamilies has two families; write ipFamilyPolicy'],
  [{ ports: [{ name: 'a', port: 1, appProtocol: 'a b' }] }, 'appProtocol "a b"'],
  [
    {
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 1 },
      ],
    },
    'port 1 (TCP) is used twice',
  ],
  [{ headless: { name: 'db' }, clusterIp: { name: 'db' } }, '[test] Service name "db" is used 2 times'],
  [{ roles: { headless: { role: 'any' } } }, '-headless" is used 2 times'],
])('%j is refused', (props, message) => {
  expect(() => synth(pair(props).scope)).toThrow(message)
})

test('both are the kinds one can make alone', () => {
  const { made } = pair()
  expect(made.headless).toBeInstanceOf(HeadlessService)
  expect(made.clusterIp).toBeInstanceOf(ClusterIpService)
})
