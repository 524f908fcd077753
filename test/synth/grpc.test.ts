import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  GrpcBackend,
  GrpcClient,
  type GrpcBackendProps,
  type GrpcClientProps,
} from '../../constructs/index.js'
import { chart, first, object, synth, template, type Manifest } from './objects.js'
import { LIVENESS } from '../../constructs/pod-defaults.js'

function backend(props: Partial<GrpcBackendProps> = {}, namespace?: string) {
  const scope = chart(namespace)
  const construct = new GrpcBackend(scope, 'backend', { image: 'grpc:1', ...props })
  const objects = synth(scope)
  const deployment = object(objects, 'Deployment', props.name ?? 'grpc-backend')
  const pod = template(deployment)
  return { construct, objects, deployment, pod, main: first(pod.spec.containers) }
}

function client(props: Partial<GrpcClientProps> = {}) {
  const scope = chart()
  new GrpcClient(scope, 'client', { image: 'grpc:1', ...props })
  return synth(scope)
}

const names = (objects: readonly Manifest[]) =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)

describe('the backend', () => {
  test('all objects, as they are written', async () => {
    const yaml = backend().objects.map((one) => `---\n${stringify(one, { lineWidth: 0, singleQuote: true })}`)
    await expect(yaml.join('')).toMatchFileSnapshot('snapshots/grpc-backend.yaml')
  })

  test('the headless Service, its port and its selector are those of document 003, with a ClusterIP one beside it', () => {
    const { objects, deployment, main } = backend()
    const ports = [{ name: 'grpc', port: 50051, targetPort: 'grpc', appProtocol: 'kubernetes.io/h2c' }]
    const common = { selector: { app: 'grpc-backend' }, ports }
    expect(object(objects, 'Service', 'grpc-backend').spec).toMatchObject({ ...common, clusterIP: 'None' })
    const clusterIp = object(objects, 'Service', 'grpc-backend-clusterip').spec
    expect(clusterIp).toMatchObject({ ...common, type: 'ClusterIP' })
    expect(clusterIp).not.toHaveProperty('clusterIP')
    expect(deployment.spec).toMatchObject({
      replicas: 3,
      selector: { matchLabels: { app: 'grpc-backend' } },
    })
    expect(main.ports).toEqual([{ name: 'grpc', containerPort: 50051 }])
  })

  test('the kubelet asks its health by gRPC, often for readiness', () => {
    const { main } = backend()
    expect(main.readinessProbe).toEqual({ grpc: { port: 50051 }, periodSeconds: 2, timeoutSeconds: 2 })
    expect(main.livenessProbe).toEqual({ grpc: { port: 50051 }, ...LIVENESS })
  })

  test('it has time to finish its calls', () => {
    // The server of images/grpc gives them 5 seconds.
    expect(backend().pod.spec).toMatchObject({ terminationGracePeriodSeconds: 10 })
  })

  test('only the pods of its namespace may connect, and those it is told', () => {
    const { objects } = backend({ allowFrom: [{ cidr: '10.1.0.0/16' }] })
    expect(object(objects, 'NetworkPolicy', 'grpc-backend').spec).toEqual({
      podSelector: { matchLabels: { app: 'grpc-backend' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: {} }, { ipBlock: { cidr: '10.1.0.0/16' } }],
          ports: [{ protocol: 'TCP', port: 50051 }],
        },
      ],
    })
  })

  test('it knows its names', () => {
    const { construct } = backend({ clusterDomain: 'lab.example' }, 'moon')
    expect(construct.headless.dns.fqdn).toBe('grpc-backend.moon.svc.lab.example')
    expect(construct.headless.srv('grpc')).toBe('_grpc._tcp.grpc-backend.moon.svc.lab.example')
    expect(construct.clusterIp.dns.fqdn).toBe('grpc-backend-clusterip.moon.svc.lab.example')
  })

  test('another name, server and number of pods', () => {
    const { objects, deployment, main } = backend({
      name: 'greeter',
      command: ['/greeter', '--verbose'],
      replicas: 5,
    })
    expect(names(objects).sort()).toEqual([
      'Deployment/greeter',
      'NetworkPolicy/greeter',
      'Service/greeter',
      'Service/greeter-clusterip',
    ])
    expect(deployment.spec['replicas']).toBe(5)
    expect(main).toMatchObject({ image: 'grpc:1', command: ['/greeter', '--verbose'] })
  })

  test.each<[Partial<GrpcBackendProps>, string]>([
    [{ name: 'grpc_backend' }, '[test/backend] name "grpc_backend"'],
    [{ name: 'g'.repeat(54) }, '[test/backend] name "ggg'],
    [{ name: '9' }, '[test/backend/services/headless] service name "9"'],
    [{ replicas: 0.5 }, '[test/backend] replicas is 0.5'],
    [{ allowFrom: [{ cidr: 'x' }] }, '[test/backend/ingress] peer cidr "x"'],
  ])('synthesis refuses %j, naming the path of the construct', (props, message) => {
    expect(() => backend(props)).toThrow(message)
  })

  test('synthesis refuses to do without an image, which the types refuse too', () => {
    const scope = chart()
    // @ts-expect-error there is no image
    new GrpcBackend(scope, 'backend', {})
    expect(() => synth(scope)).toThrow('[test/backend] image is missing')
  })
})

describe('the client', () => {
  test('all objects, as they are written', async () => {
    const yaml = client().map((one) => `---\n${stringify(one, { lineWidth: 0, singleQuote: true })}`)
    await expect(yaml.join('')).toMatchFileSnapshot('snapshots/grpc-client.yaml')
  })

  test('is one pod that stays', () => {
    const deployment = object(client({ name: 'caller' }), 'Deployment', 'caller')
    expect(deployment.spec['replicas']).toBe(1)
    const pod = template(deployment)
    expect(pod.metadata.labels['app']).toBe('caller')
    expect(first(pod.spec.containers).command[2]).toMatch(/^trap 'exit 0' TERM/)
  })

  test('lets nobody in', () => {
    expect(object(client(), 'NetworkPolicy', 'grpc-client').spec).toEqual({
      podSelector: { matchLabels: { app: 'grpc-client' } },
      policyTypes: ['Ingress'],
    })
  })

  test('synthesis refuses a bad name', () => {
    expect(() => client({ name: 'a.b' })).toThrow('[test/client] name "a.b"')
  })

  test('synthesis refuses to do without an image, which the types refuse too', () => {
    const scope = chart()
    // @ts-expect-error there is no image
    new GrpcClient(scope, 'client', {})
    expect(() => synth(scope)).toThrow('[test/client] image is missing')
  })
})
