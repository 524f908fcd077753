import { App } from 'cdk8s'
import { describe, expect, test } from 'vitest'
import { LabChart, type LabChartProps } from '../../constructs/index.js'
import { env, first, object, synth, template, type Manifest, type PodSpec } from './objects.js'

const lab = (props?: LabChartProps): Manifest[] => synth(new LabChart(new App(), 'lab', props))

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

test('the default lab is exactly the objects of document 001, and the configuration of nginx', () => {
  const names = lab().map(({ kind, metadata }) => `${metadata.namespace ?? '?'} ${kind}/${metadata.name}`)
  expect(names.sort()).toEqual([
    'default ConfigMap/nginx-config',
    'default DaemonSet/multitool',
    'default Deployment/nginx-deployment',
    'default Service/nginx-clusterip',
    'default Service/nginx-headless',
    'default Service/redis-headless',
    'default StatefulSet/redis',
  ])
})

test('the same properties give the same text', () => {
  const text = () => {
    const app = new App()
    new LabChart(app, 'lab', { nodes: 3 })
    return app.synthYaml()
  }
  expect(text()).toBe(text())
})

describe('every pod meets the "restricted" Pod Security Standard, and more', () => {
  test.each(pods(lab()))('pod of %s', (_, spec) => {
    expect(spec.automountServiceAccountToken).toBe(false)
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    // Not 0, and a number: the kubelet cannot prove that a name is not root.
    expect(spec.securityContext['runAsUser']).toBeGreaterThan(0)
    for (const forbidden of ['hostNetwork', 'hostPID', 'hostIPC']) expect(spec).not.toHaveProperty(forbidden)
    for (const volume of spec.volumes) expect(volume).not.toHaveProperty('hostPath')
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
      expect(resources.requests['cpu']).toMatch(/^(10|25|50)m$/)
      expect(resources.requests['memory']).toMatch(/^(32|64)Mi$/)
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
    namespace: 'moon',
    clusterDomain: 'lab.example',
    labels: { 'headless-lab.dev/lab': 'mine' },
    nodes: 4,
    redis: { image: 'r:1', replicas: 4 },
    nginx: { image: 'n:1', replicas: 1 },
    multitool: { image: 'm:1' },
  })
  for (const { metadata } of objects) {
    expect(metadata.namespace).toBe('moon')
    expect(metadata.labels).toMatchObject({
      'headless-lab.dev/lab': 'mine',
      'app.kubernetes.io/part-of': 'headless-lab',
    })
  }
  expect(containers(objects).map(({ name, image }) => `${name} ${image}`)).toEqual([
    'redis/wait-for-master r:1',
    'redis/redis r:1',
    'nginx-deployment/nginx n:1',
    'multitool/multitool m:1',
  ])
  const redis = object(objects, 'StatefulSet', 'redis')
  expect(redis.spec['replicas']).toBe(4)
  expect(first(template(redis).spec.topologySpreadConstraints)['minDomains']).toBe(4)
  expect(env(first(template(redis).spec.containers), 'MASTER_FQDN')).toBe(
    'redis-0.redis-headless.moon.svc.lab.example',
  )
  expect(object(objects, 'Deployment', 'nginx-deployment').spec['replicas']).toBe(1)
})

test('the services of the chart know their names in its namespace and cluster domain', () => {
  const chart = new LabChart(new App(), 'lab', { namespace: 'moon', clusterDomain: 'lab.example' })
  expect(chart.redis.pod(0).fqdn).toBe('redis-0.redis-headless.moon.svc.lab.example')
  expect(chart.nginx.clusterIp.dns.fqdn).toBe('nginx-clusterip.moon.svc.lab.example')
  expect(chart.nginx.headless.srv('http')).toBe('_http._tcp.nginx-headless.moon.svc.lab.example')
})

describe('synthesis refuses, naming the path of the construct', () => {
  test.each<[LabChartProps, string]>([
    [{ namespace: 'my namespace' }, '[lab] namespace "my namespace"'],
    [{ redis: { replicas: -1 } }, '[lab/redis] replicas is -1'],
    [{ nodes: 0 }, '[lab/redis] minDomains is 0'],
  ])('%j', (props, message) => {
    expect(() => lab(props)).toThrow(message)
  })
})
