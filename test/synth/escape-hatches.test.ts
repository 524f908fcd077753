import { JsonPatch } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { expect, test } from 'vitest'
import { Redis } from '../../constructs/index.js'
import { chart, first, object, synth, template } from './objects.js'

// What docs/constructs.md says about patches; the last test is the trap it warns of.
const memoryLimit = '/spec/template/spec/containers/0/resources/limits/memory'

function patched(...patches: JsonPatch[]) {
  const scope = chart()
  new Redis(scope, 'redis').workload.statefulSet.addJsonPatch(...patches)
  return template(object(synth(scope), 'StatefulSet', 'redis')).spec
}

test('a patch sets a field that has no property', () => {
  expect(patched(JsonPatch.add('/spec/template/spec/priorityClassName', 'high'))).toHaveProperty(
    'priorityClassName',
    'high',
  )
})

test('a patch sets a quantity that is typed', () => {
  const spec = patched(JsonPatch.replace(memoryLimit, k8s.Quantity.fromString('1Gi')))
  expect(first(spec.containers).resources.limits).toEqual({ memory: '1Gi' })
})

test('a patch loses a quantity that is text, and a field the types do not know', () => {
  const spec = patched(
    JsonPatch.replace(memoryLimit, '1Gi'),
    JsonPatch.add('/spec/template/spec/newField', 'x'),
  )
  expect(first(spec.containers).resources.limits['memory']).toBeUndefined()
  expect(spec).not.toHaveProperty('newField')
})
