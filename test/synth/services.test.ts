import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClusterIpService, HeadlessService } from '../../constructs/index.js'
import type { ServiceProps } from '../../constructs/index.js'
import { chart, object, plainStatefulSet, synth } from './objects.js'

/** A pod that the selector `app: web` matches, with container ports of these names. */
function pod(scope: Chart, portNames: readonly string[] = []): void {
  const ports = portNames.map((name, i) => ({ name, containerPort: i + 1 }))
  new k8s.KubePod(scope, 'pod', {
    metadata: { name: 'pod', labels: { app: 'web', tier: 'front' } },
    spec: { containers: [{ name: 'c', ports }] },
  })
}

const valid: ServiceProps = { name: 'web', selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] }

function service(props: Partial<ServiceProps>, namespace?: string): Chart {
  const scope = chart(namespace)
  const named = (props.ports ?? []).flatMap(({ targetPort }) =>
    typeof targetPort === 'string' ? [targetPort] : [],
  )
  pod(scope, [...new Set(named)])
  new HeadlessService(scope, 'svc', { ...valid, ...props })
  return scope
}

describe('the kinds differ in the virtual address', () => {
  test('a headless Service has none, and says whether unready pods are in DNS', () => {
    const scope = chart()
    pod(scope)
    new HeadlessService(scope, 'a', { ...valid, name: 'a' })
    new HeadlessService(scope, 'b', { ...valid, name: 'b', publishNotReadyAddresses: true })
    const objects = synth(scope)
    expect(object(objects, 'Service', 'a').spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: false,
    })
    expect(object(objects, 'Service', 'b').spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    })
  })

  test('a ClusterIP Service leaves it to the cluster', () => {
    const scope = chart()
    pod(scope)
    new ClusterIpService(scope, 'svc', valid)
    const { spec } = object(synth(scope), 'Service', 'web')
    expect(spec).toMatchObject({ type: 'ClusterIP' })
    expect(spec).not.toHaveProperty('clusterIP')
  })
})

test('ports keep names, numbers and types: a name is text, a number is a number', () => {
  const ports = [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'admin', port: 81, targetPort: 'adm' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ] as const
  expect(object(synth(service({ ports })), 'Service', 'web').spec['ports']).toEqual([
    { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 },
    { name: 'admin', port: 81, protocol: 'TCP', targetPort: 'adm' },
    { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
  ])
})

test('its DNS names follow the namespace of the chart, the cluster domain and the protocol of the port', () => {
  const scope = chart('moon')
  const dns = new HeadlessService(scope, 'svc', {
    ...valid,
    clusterDomain: 'lab.example',
    ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
  })
  expect(dns.dns.fqdn).toBe('web.moon.svc.lab.example')
  expect(dns.srv('dns')).toBe('_dns._udp.web.moon.svc.lab.example')
  expect(() => dns.srv('http')).toThrow(new RangeError('test/svc: no port "http"'))
})

describe('synthesis refuses, naming the path of the construct', () => {
  const bad: [string, Partial<ServiceProps>, string][] = [
    ['a name with capitals', { name: 'Web' }, 'service name "Web" has a character other than'],
    ['a name that starts with a digit', { name: '0web' }, 'does not start with a letter'],
    ['a cluster domain with a last dot', { clusterDomain: 'cluster.local.' }, 'cluster domain'],
    ['no port', { ports: [] }, 'has no port'],
    [
      'a port name of 16 characters',
      { ports: [{ name: 'postgres-primary', port: 1 }] },
      'port name "postgres-primary" has 16 characters, at most 15',
    ],
    [
      'a target port of 16 characters',
      { ports: [{ name: 'a', port: 1, targetPort: 'x'.repeat(16) }] },
      'target port',
    ],
    ['port 0', { ports: [{ name: 'http', port: 0 }] }, 'port "http" is 0'],
    ['port 65536', { ports: [{ name: 'http', port: 65536 }] }, '65536'],
    ['target port 0.5', { ports: [{ name: 'http', port: 1, targetPort: 0.5 }] }, 'target port is 0.5'],
    [
      'a port name twice',
      {
        ports: [
          { name: 'http', port: 80 },
          { name: 'http', port: 81 },
        ],
      },
      'port name "http" is used twice',
    ],
    [
      'a selector nothing matches',
      { selector: { app: 'wbe' } },
      'selector app=wbe matches the pods of no workload',
    ],
    ['a selector half of which matches', { selector: { app: 'web', tier: 'back' } }, 'app=web,tier=back'],
    ['an empty selector', { selector: {} }, 'selector is empty'],
  ]
  test.each(bad)('%s', (_, props, message) => {
    expect(() => synth(service(props))).toThrow('[test/svc] ')
    expect(() => synth(service(props))).toThrow(message)
  })

  test('a namespace that is no label', () => {
    expect(() => synth(service({}, 'Moon'))).toThrow('[test/svc] namespace "Moon"')
  })

  test('a workload of another namespace', () => {
    const scope = chart('moon')
    new k8s.KubePod(scope, 'pod', {
      metadata: { name: 'pod', namespace: 'sun', labels: { app: 'web' } },
      spec: { containers: [] },
    })
    new HeadlessService(scope, 'svc', valid)
    expect(() => synth(scope)).toThrow('[test/svc] selector app=web matches the pods of no workload')
  })

  test('all mistakes at once', () => {
    const ports = [{ name: 'x'.repeat(16), port: -1 }]
    expect(() => synth(service({ name: 'Web', ports }))).toThrow(/service name[^]*16 characters[^]*is -1/)
  })
})

test('the selector is matched against pod templates, not against the labels of the workload', () => {
  const build = (objectLabels: Record<string, string>, podLabels: Record<string, string>) => {
    const scope = chart()
    new k8s.KubeDeployment(scope, 'd', {
      metadata: { name: 'd', labels: objectLabels },
      spec: {
        selector: { matchLabels: podLabels },
        template: { metadata: { labels: podLabels }, spec: { containers: [{ name: 'c' }] } },
      },
    })
    new HeadlessService(scope, 'svc', valid)
    return scope
  }
  expect(() => synth(build({}, { app: 'web' }))).not.toThrow()
  expect(() => synth(build({ app: 'web' }, { app: 'other' }))).toThrow('matches the pods of no workload')
})

describe('a target port by name, as Kubernetes looks it up', () => {
  const leads = (pod: Partial<k8s.PodSpec>, protocol?: 'TCP' | 'UDP') => {
    const scope = chart()
    new k8s.KubePod(scope, 'pod', {
      metadata: { name: 'pod', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c' }], ...pod },
    })
    const port = {
      name: 'http',
      port: 80,
      targetPort: 'http',
      ...(protocol === undefined ? {} : { protocol }),
    }
    new HeadlessService(scope, 'svc', { ...valid, ports: [port] })
    return () => synth(scope)
  }
  const http = { name: 'http', containerPort: 80 }
  const container = (port: k8s.ContainerPort): k8s.Container => ({ name: 'c', ports: [port] })

  test('is of the same protocol, which is TCP unless said', () => {
    const udp = { ...http, protocol: 'UDP' }
    expect(leads({ containers: [container(http)] })).not.toThrow()
    expect(leads({ containers: [container({ ...http, protocol: 'TCP' })] }, 'TCP')).not.toThrow()
    expect(leads({ containers: [container(udp)] }, 'UDP')).not.toThrow()
    expect(leads({ containers: [container(http)] }, 'UDP')).toThrow(
      '[test/svc] target port "http" (UDP) is the name of a container port of Pod pod, but of one with TCP',
    )
    expect(leads({ containers: [container(udp)] })).toThrow('target port "http" (TCP)')
    expect(leads({ containers: [container(udp), { ...container(http), name: 'd' }] })).not.toThrow()
  })

  test('is of no init container, but of one that stays', () => {
    expect(leads({ initContainers: [container(http)] })).toThrow(
      '[test/svc] target port "http" is the name of no container port of Pod pod',
    )
    expect(leads({ initContainers: [{ ...container(http), restartPolicy: 'Always' }] })).not.toThrow()
  })
})

describe('a StatefulSet of plain Kubernetes behind a Service with a virtual address only', () => {
  const plain = (serviceName: string) => {
    const scope = chart()
    plainStatefulSet(scope, serviceName, { app: 'web' })
    new ClusterIpService(scope, 'svc', valid)
    return () => synth(scope)
  }

  test('is refused when it names that one, under which its pods have no names', () => {
    expect(plain('web')).toThrow(
      '[test/svc] StatefulSet plain has serviceName "web", which is no headless Service that selects its pods',
    )
  })

  test('may name none: its pods are to have no names', () => {
    expect(plain('')).not.toThrow()
  })
})

test('any valid properties come out as they went in', () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,13}[a-z0-9])?$/)
  const port = fc.integer({ min: 1, max: 65535 })
  const ports = fc
    .uniqueArray(fc.record({ name: label, port, targetPort: fc.oneof(port, label) }), {
      selector: ({ name }) => name,
      minLength: 1,
      maxLength: 4,
    })
    .filter((list) => new Set(list.map((each) => each.port)).size === list.length)
  fc.assert(
    fc.property(label, ports, label, (name, portList, namespace) => {
      const manifest = object(synth(service({ name, ports: portList }, namespace)), 'Service', name)
      expect(manifest.metadata.namespace).toBe(namespace)
      expect(manifest.spec['ports']).toEqual(portList.map((each) => ({ ...each, protocol: 'TCP' })))
    }),
    { numRuns: 200 },
  )
})
