import type { KubernetesObject } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { makePlan } from '../../../lab/plan/plan.js'
import { PASSING_KINDS, undeclared } from '../../../lab/plan/undeclared.js'
import { loadSpec } from '../../../lab/spec/index.js'

const LABEL = 'headless-lab.dev/lab'
const applied = { manager: 'headless-lab', operation: 'Apply' }

const object = (kind: string, name: string, metadata: object = {}): KubernetesObject => {
  const labels = { [LABEL]: 'lab' }
  const managedFields = [{ manager: 'kubectl-edit', operation: 'Update' }, applied]
  const made = {
    ...{ apiVersion: 'v1', kind },
    metadata: { name, namespace: 'shop', labels, managedFields, ...metadata },
  }
  return made
}

describe('what is not declared any more', () => {
  it('is what was applied for this lab, and is not among what is declared', () => {
    const [kept, gone] = [object('Service', 'kept'), object('Service', 'gone')]
    expect(undeclared([kept, gone], [object('Service', 'kept', { labels: {} })], 'lab')).toEqual([gone])
  })

  it('tells kinds and namespaces apart, and takes no namespace for default', () => {
    const live = [
      object('ConfigMap', 'web'),
      object('Service', 'web', { namespace: 'a' }),
      object('Service', 'web', { namespace: 'default' }),
    ]
    const declared = [object('Service', 'web'), object('Service', 'web', { namespace: undefined })]
    expect(undeclared(live, declared, 'lab')).toEqual(live.slice(0, 2))
  })

  it.each<[string, object]>([
    ['that has no label of a lab', { labels: {} }],
    [
      'that somebody else made with its labels',
      { managedFields: [{ ...applied, manager: 'kubectl-expose' }] },
    ],
    ['that was changed here only', { managedFields: [{ ...applied, operation: 'Update' }] }],
    ['of which nobody tells who made it', { managedFields: undefined }],
    ['of another lab', { labels: { [LABEL]: 'lab-2' } }],
    ['that belongs to another', { ownerReferences: [{ kind: 'Service', name: 'web', uid: 'u' }] }],
    ['that is being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['of Kubernetes or Calico', { namespace: 'kube-system' }],
  ])('is nothing %s', (_, metadata) => {
    expect(undeclared([object('EndpointSlice', 'web', metadata)], [], 'lab')).toEqual([])
  })
})

it('the kinds that pass are all that a lab is made of, but for what holds data', async () => {
  const manifests = makePlan(await loadSpec({})).manifests(['172.18.0.5'])
  const kinds = new Set(manifests.map(({ apiVersion, kind }) => `${apiVersion ?? ''} ${kind ?? ''}`))
  expect(kinds.delete('v1 Namespace')).toBe(true)
  expect(PASSING_KINDS.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort()).toEqual(
    [...kinds].sort(),
  )
})
