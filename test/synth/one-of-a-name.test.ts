import { Chart, JsonPatch } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { expect, test } from 'vitest'
import { ExternalService, GrpcClient, Multitool, Nginx, Redis, ToolPod } from '../../constructs/index.js'
import { chart, synth } from './objects.js'

type Make = (scope: Chart, id: string) => unknown

test.each<[string, Make, string]>([
  ['Multitool', (scope, id) => new Multitool(scope, id), 'DaemonSet name "multitool" is used 2 times'],
  ['ToolPod', (scope, id) => new ToolPod(scope, id), 'Pod name "tmp01" is used 2 times'],
  [
    'GrpcClient',
    (scope, id) => new GrpcClient(scope, id, { image: 'grpc:1' }),
    'Deployment name "grpc-client" is used 2 times',
  ],
  ['Redis', (scope, id) => new Redis(scope, id), 'StatefulSet name "redis" is used 2 times'],
])('two of %s under its default name are refused', (_, make, message) => {
  const scope = chart()
  make(scope, 'a')
  make(scope, 'b')
  expect(() => synth(scope)).toThrow(`[test] ${message}`)
})

test('two kinds of workloads under one name share its NetworkPolicy; both constructs are named, once', () => {
  const scope = chart()
  new Redis(scope, 'redis', { name: 'web' })
  new Nginx(scope, 'nginx', { name: 'web' })
  const message =
    '[test] NetworkPolicy name "web" is used 2 times, by test/redis/workload/ingress/network-policy and test/nginx/ingress/network-policy; the last one would replace the others'
  expect(() => synth(scope)).toThrow(message)
  try {
    synth(scope)
  } catch (error) {
    expect(String(error).split('NetworkPolicy name')).toHaveLength(2)
  }
})

test('what somebody else makes counts too, in any version of its group', () => {
  const scope = chart()
  new Multitool(scope, 'multitool')
  const spec = { selector: {}, template: {} }
  new k8s.KubeDeployment(scope, 'deployment', { metadata: { name: 'multitool' }, spec })
  expect(() => synth(scope)).not.toThrow()
  new k8s.KubeDaemonSet(scope, 'daemon-set', { metadata: { name: 'multitool' }, spec })
  expect(() => synth(scope)).toThrow('DaemonSet name "multitool" is used 2 times')
})

test('a Service and one for addresses may not share a name', () => {
  const scope = chart()
  new Redis(scope, 'redis')
  new ExternalService(scope, 'external', {
    name: 'redis-headless',
    addresses: [],
    ports: [{ name: 'redis', port: 6379 }],
  })
  expect(() => synth(scope)).toThrow('[test] Service name "redis-headless" is used 2 times')
})

test('a name is one of its namespace', () => {
  const scope = chart('here')
  new ToolPod(scope, 'a')
  new k8s.KubePod(scope, 'b', {
    metadata: { name: 'tmp01', namespace: 'there' },
    spec: { containers: [] },
  })
  expect(() => synth(scope)).not.toThrow()
})

test('a name counts as a patch leaves it', () => {
  const patched = (second: string, name: string) => {
    const scope = chart()
    new ToolPod(scope, 'a')
    const { pod } = new ToolPod(scope, 'b', { name: second })
    pod.addJsonPatch(JsonPatch.replace('/metadata/name', name))
    return synth(scope)
  }
  expect(() => patched('tmp02', 'tmp03')).not.toThrow()
  expect(() => patched('tmp02', 'tmp01')).toThrow('[test] Pod name "tmp01" is used 2 times')
})
