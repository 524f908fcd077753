import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { consumer, listed, objects, type Consumer, type KubeObject } from './consumer.js'

const examples = join(import.meta.dirname, '../../examples')

/** A copy of an example with the packed library in it, type-checked by its own compiler and settings. */
async function installed(name: string): Promise<Consumer> {
  const project = await consumer(join(examples, name))
  await project.install()
  await project.run('npm', 'run', 'check')
  return project
}

function one(all: readonly KubeObject[], kind: string, name: string): KubeObject {
  const found = all.find((object) => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`no ${kind} ${name}`)
  return found
}

test('each example has a test', async () => {
  expect((await readdir(examples)).sort()).toEqual([
    'own-stateful-workload',
    'postgres-dual-service',
    'redis',
  ])
})

test('redis: ESM, the smallest app', async () => {
  const project = await installed('redis')
  const all = objects(await project.run('npm', 'run', '--silent', 'synth'))
  expect(listed(all)).toEqual([
    'NetworkPolicy redis',
    'PodDisruptionBudget redis',
    'Service redis-headless',
    'StatefulSet redis',
  ])
  expect(one(all, 'StatefulSet', 'redis').spec).toMatchObject({ replicas: 2, serviceName: 'redis-headless' })
})

test('postgres-dual-service: CommonJS, for an existing cluster', async () => {
  const project = await installed('postgres-dual-service')
  const said = await project.run('npm', 'run', '--silent', 'synth')
  expect(said).toContain('write: orders-primary.database.svc.cluster.local:5432')
  expect(said).toContain('needs: Secret orders-secret with password,replication-password,restapi-password')
  const all = objects(await readFile(join(project.folder, 'dist/orders.k8s.yaml'), 'utf8'))
  expect(listed(all)).toEqual(
    expect.arrayContaining([
      'NetworkPolicy orders',
      'Service orders',
      'Service orders-headless',
      'Service orders-primary',
      'StatefulSet orders',
    ]),
  )
  expect(all.map(({ kind }) => kind)).not.toContain('Secret')
  expect(one(all, 'Service', 'orders-primary').spec['selector']).toEqual({ app: 'orders', role: 'primary' })
  expect(one(all, 'StatefulSet', 'orders').spec['volumeClaimTemplates']).toMatchObject([
    { spec: { storageClassName: 'standard', resources: { requests: { storage: '20Gi' } } } },
  ])
})

test('own-stateful-workload: built from the parts', async () => {
  const project = await installed('own-stateful-workload')
  const all = objects(await project.run('npm', 'run', '--silent', 'synth'))
  expect(listed(all)).toEqual([
    'NetworkPolicy nats',
    'NetworkPolicy nats-monitoring',
    'PodDisruptionBudget nats',
    'Service nats',
    'Service nats-headless',
    'StatefulSet nats',
  ])
  const text = JSON.stringify(one(all, 'StatefulSet', 'nats'))
  expect(text).toContain('nats://nats-2.nats-headless.messaging.svc.cluster.local:6222')
  expect(text).toContain('"readOnlyRootFilesystem":true')
  expect(one(all, 'NetworkPolicy', 'nats').spec['ingress']).toMatchObject([
    { ports: [{ port: 4222 }] },
    { ports: [{ port: 6222 }], from: [{ podSelector: { matchLabels: { app: 'nats' } } }] },
  ])
})
