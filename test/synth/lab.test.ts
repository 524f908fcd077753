import { describe, expect, test } from 'vitest'
import { requiredSecrets, type LabProps } from '../../constructs/index.js'
import { env, first, object, synth, template, type Manifest, type PodSpec } from './objects.js'
import { all, app } from './whole-lab.js'

const lab = (props: LabProps = all): Manifest[] => app(props).charts.flatMap(synth)

const pods = (objects: Manifest[]): [string, PodSpec][] =>
  objects
    .filter(({ spec }: Partial<Manifest>) => spec?.['template'] !== undefined)
    .map((workload) => [workload.metadata.name, template(workload).spec])

const containers = (objects: Manifest[]) =>
  pods(objects).flatMap(([name, spec]) =>
    [...(spec.initContainers ?? []), ...spec.containers].map((container) => ({
      ...container,
      name: `${name}/${container.name}`,
    })),
  )

test('Redis, nginx and multitool are the objects of document 001, and what protects them', () => {
  const objects = lab({ redis: {}, nginx: {}, multitool: {} })
  const names = objects.map(({ kind, metadata }) => `${metadata.namespace ?? '?'} ${kind}/${metadata.name}`)
  expect(names.sort()).toEqual([
    'default ConfigMap/nginx-config',
    'default DaemonSet/multitool',
    'default Deployment/nginx-deployment',
    'default Namespace/default',
    'default NetworkPolicy/multitool',
    'default NetworkPolicy/nginx',
    'default NetworkPolicy/redis',
    'default PodDisruptionBudget/redis',
    'default Service/nginx-clusterip',
    'default Service/nginx-headless',
    'default Service/redis-headless',
    'default StatefulSet/redis',
  ])
})

test('the services are those of the four documents, each in its namespace', () => {
  const services = lab()
    .filter(({ kind, metadata }) => kind === 'Service' && metadata.namespace !== 'fixtures')
    .map(
      ({ metadata, spec }) =>
        `${metadata.namespace ?? ''}/${metadata.name}${spec['clusterIP'] === 'None' ? '*' : ''}`,
    )
  expect(services.sort()).toEqual([
    'database/postgres',
    'database/postgres-headless*',
    'database/postgres-primary',
    'default/external-db*',
    'default/grpc-backend*',
    'default/grpc-backend-clusterip',
    'default/mysql',
    'default/mysql-headless*',
    'default/nginx-clusterip',
    'default/nginx-headless*',
    'default/redis-headless*',
    'default/web-api',
    'moon/headless-svc*',
    'moon/regular-svc',
    'streaming/kafka-headless*',
  ])
})

test('each namespace, default too, takes restricted pods only', () => {
  const namespaces = lab().filter(({ kind }) => kind === 'Namespace')
  expect(namespaces.map(({ metadata }) => metadata.name).sort()).toEqual([
    'database',
    'default',
    'fixtures',
    'moon',
    'streaming',
  ])
  for (const { metadata } of namespaces)
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted')
})

test('web-api leads from port 80 to 8080, and regular-svc to the port that nginx listens on', () => {
  const port = (name: string) => first(object(lab(), 'Service', name).spec['ports'] as object[])
  expect(port('web-api')).toMatchObject({ port: 80, targetPort: 'http' })
  const web = first(template(object(lab(), 'Deployment', 'web-api')).spec.containers)
  expect(first(web.ports)).toMatchObject({ name: 'http', containerPort: 8080 })
  expect(port('regular-svc')).toMatchObject({ port: 80, targetPort: 'http' })
  expect(first(first(template(object(lab(), 'Deployment', 'app')).spec.containers).ports).containerPort).toBe(
    80,
  )
})

test('the toolbox reaches what is in other namespaces', () => {
  const toolbox = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
    podSelector: { matchLabels: { app: 'multitool' } },
  }
  for (const name of ['postgres', 'kafka', 'web', 'sticky']) {
    const { spec } = object(lab(), 'NetworkPolicy', name)
    expect(first(spec['ingress'] as { from: object[] }[]).from).toContainEqual(toolbox)
  }
})

test('the Secrets it needs are listed, and none is synthesised', () => {
  expect(requiredSecrets(app(all)).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'database/postgres-secret',
    'default/external-db-secret',
    'default/mysql-secret',
  ])
  expect(lab().filter(({ kind }) => kind === 'Secret')).toEqual([])
})

test('the fixtures are a pod and services, of which the health of the lab does not speak', () => {
  const fixtures = lab().filter(({ metadata }) => metadata.namespace === 'fixtures')
  const slices = fixtures.filter(({ kind }) => kind === 'EndpointSlice') as (Manifest & {
    endpoints: object[]
  })[]
  expect(slices.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 100, 100])
  expect(object(fixtures, 'Service', 'never-ready-published').spec['publishNotReadyAddresses']).toBe(true)
  expect(object(fixtures, 'Service', 'never-ready').spec['publishNotReadyAddresses']).toBe(false)
  expect(object(fixtures, 'Service', 'sticky').spec['sessionAffinity']).toBe('ClientIP')
  expect(object(fixtures, 'Pod', 'never-ready').metadata.labels).toMatchObject({
    'headless-lab.dev/health': 'ignored',
  })
  expect(object(fixtures, 'Service', 'never-ready').metadata.labels).not.toHaveProperty([
    'headless-lab.dev/health',
  ])
  expect(object(fixtures, 'Service', 'no-endpoints').spec).not.toHaveProperty('selector')
})

test('the same properties give the same text', () => {
  expect(app({ ...all, nodes: 3 }).synthYaml()).toBe(app({ ...all, nodes: 3 }).synthYaml())
})

describe('every pod meets the "restricted" Pod Security Standard, and more', () => {
  test.each(pods(lab()))('pod of %s', (name, spec) => {
    // Patroni's store is the API server.
    expect(spec.automountServiceAccountToken).toBe(name === 'postgres')
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    // Not 0, and a number: the kubelet cannot prove that a name is not root.
    expect(spec.securityContext['runAsUser']).toBeGreaterThan(0)
    for (const forbidden of ['hostNetwork', 'hostPID', 'hostIPC']) expect(spec).not.toHaveProperty(forbidden)
    for (const volume of (spec as Partial<PodSpec>).volumes ?? [])
      expect(volume).not.toHaveProperty('hostPath')
  })

  test.each(containers(lab()).map((container) => [container.name, container] as const))(
    'container %s',
    (_, container) => {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    },
  )
})

describe('every container is fit for a small machine with preloaded images', () => {
  test.each(containers(lab()).map((container) => [container.name, container] as const))(
    '%s',
    (_, { imagePullPolicy, resources }) => {
      expect(imagePullPolicy).toBe('IfNotPresent')
      // All of them together fit two cores beside the cluster itself.
      expect(resources.requests['cpu']).toMatch(/^(5|10|25|50|100)m$/)
      expect(resources.requests['memory']).toMatch(/^\d+Mi$/)
      // Quantities that are lost on the way come out as {} (see ADR 0003).
      expect(resources.limits).toEqual({ memory: expect.stringMatching(/^\d+Mi$/) as string })
    },
  )
})

test('selectors match their templates: the API server refuses a workload where they do not', () => {
  for (const workload of lab().filter(({ spec }: Partial<Manifest>) => spec?.['template'] !== undefined)) {
    const { matchLabels } = workload.spec['selector'] as { matchLabels: Record<string, string> }
    expect(Object.keys(matchLabels)).toEqual(['app'])
    expect(template(workload).metadata.labels).toMatchObject(matchLabels)
  }
})

test('multitool runs on the control plane too, and has a home to write to', () => {
  const { spec } = template(object(lab(), 'DaemonSet', 'multitool'))
  expect(spec.tolerations).toEqual([
    { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  ])
  const tool = first(spec.containers)
  expect(tool.volumeMounts).toEqual([{ name: 'tmp', mountPath: env(tool, 'HOME') }])
})

test('the properties reach every workload', () => {
  const objects = lab({
    clusterDomain: 'lab.example',
    labels: { 'headless-lab.dev/lab': 'mine' },
    nodes: 4,
    redis: { image: 'r:1', replicas: 4 },
    nginx: { image: 'n:1', replicas: 1 },
    multitool: { image: 'm:1' },
    postgres: { image: 'p:1' },
    kafka: { image: 'k:1' },
    mysql: { image: 'my:1' },
    grpc: { image: 'g:1', replicas: 2 },
    moon: { nginx: { image: 'n:1' }, tool: { image: 'm:1' } },
    fixtures: { nginx: { image: 'n:1' }, image: 'm:1' },
  })
  for (const { metadata } of objects) {
    expect(metadata.labels).toMatchObject({
      'headless-lab.dev/lab': 'mine',
      'app.kubernetes.io/part-of': 'headless-lab',
    })
  }
  expect([...new Set(containers(objects).map(({ image }) => image))].sort()).toEqual([
    'g:1',
    'k:1',
    'm:1',
    'my:1',
    'n:1',
    'p:1',
    'r:1',
  ])
  for (const name of ['redis', 'postgres', 'kafka', 'mysql']) {
    const set = object(objects, 'StatefulSet', name)
    expect(first(template(set).spec.topologySpreadConstraints)['minDomains']).toBe(4)
    expect(JSON.stringify(set)).toContain('.svc.lab.example')
  }
  expect(object(objects, 'StatefulSet', 'redis').spec['replicas']).toBe(4)
  expect(object(objects, 'Deployment', 'grpc-backend').spec['replicas']).toBe(2)
})

describe('synthesis refuses, naming the path of the construct', () => {
  test.each<[LabProps, string]>([
    [{ redis: { replicas: -1 } }, '[lab/default/redis'],
    [{ redis: {}, nodes: 0 }, 'minDomains is 0'],
    [{ postgres: { image: 'p', replicas: -1 } }, '[lab/database/postgres'],
  ])('%j', (props, message) => {
    expect(() => lab(props)).toThrow(message)
  })
})
