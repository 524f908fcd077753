import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Multitool, ToolPod, type MultitoolProps, type ToolPodProps } from '../../constructs/index.js'
import { chart, first, object, synth, template, type PodSpec } from './objects.js'

function multitool(props: MultitoolProps = {}) {
  const scope = chart()
  new Multitool(scope, 'multitool', props)
  return synth(scope)
}

function toolPod(props: ToolPodProps = {}) {
  const scope = chart('moon')
  new ToolPod(scope, 'tool-pod', props)
  return synth(scope)
}

test('all objects, as they are written', async () => {
  const yaml = [...multitool(), ...toolPod()].map(
    (one) => `---\n${stringify(one, { lineWidth: 0, singleQuote: true })}`,
  )
  await expect(yaml.join('')).toMatchFileSnapshot('snapshots/toolbox.yaml')
})

test('multitool is on every node, the control plane included', () => {
  const daemonSet = object(multitool(), 'DaemonSet', 'multitool')
  expect(daemonSet.spec['selector']).toEqual({ matchLabels: { app: 'multitool' } })
  expect(template(daemonSet).metadata.labels['app']).toBe('multitool')
  expect(template(daemonSet).spec.tolerations).toEqual([
    { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  ])
})

test('the pod of document 000 is a plain pod, in the namespace of the chart', () => {
  const pod = object(toolPod(), 'Pod', 'tmp01')
  expect(pod.metadata).toMatchObject({ namespace: 'moon', labels: { app: 'tmp01' } })
  expect(pod.spec).not.toHaveProperty('tolerations')
})

test('both run the same container: it stays until it is told to end, and has a home to write to', () => {
  const own = first(
    template(object(multitool({ image: 'tools:1' }), 'DaemonSet', 'multitool')).spec.containers,
  )
  const [other] = (object(toolPod({ image: 'tools:1' }), 'Pod', 'tmp01').spec as unknown as PodSpec)
    .containers
  expect({ ...own, name: '' }).toEqual({ ...other, name: '' })
  expect([own.name, other?.name]).toEqual(['multitool', 'tmp01'])
  expect(own.image).toBe('tools:1')
  expect(own.command[2]).toMatch(/^trap 'exit 0' TERM/)
  expect(own.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/tmp'])
})

test.each([
  ['multitool', multitool],
  ['tmp01', toolPod],
])('nobody may connect to %s', (name, made) => {
  expect(object(made(), 'NetworkPolicy', name).spec).toEqual({
    podSelector: { matchLabels: { app: name } },
    policyTypes: ['Ingress'],
  })
})

test('synthesis refuses a bad name, naming the path of the construct', () => {
  expect(() => multitool({ name: 'Multi' })).toThrow('[test/multitool] name "Multi"')
  expect(() => toolPod({ name: '' })).toThrow('[test/tool-pod] name is empty')
})
