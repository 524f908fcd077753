import type { KubernetesObject } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../lab/errors.js'
import { nameOf, type Applied } from '../../lab/cluster/object-api.js'
import { applyAll } from '../../lab/pipeline/apply-all.js'
import { deferred, never, rejectionOf } from '../unit/host/fakes.js'

const object = (kind: string, name = 'a'): KubernetesObject => {
  const made = { apiVersion: 'v1', kind, metadata: { name } }
  return made
}

/** A cluster that does as the test says, and remembers what it was asked, in order. */
function clusterThat(apply: (name: string, time: number) => Promise<Applied | undefined>) {
  const asked: string[] = []
  return {
    asked,
    kube: {
      apply: (one: KubernetesObject) => {
        asked.push(nameOf(one))
        return apply(nameOf(one), asked.filter((name) => name === nameOf(one)).length)
      },
    },
  }
}

const quick = { signal: never(), everyMs: 1 }

describe('applyAll', () => {
  it('applies first what others need, whatever the order it is given in', async () => {
    const { kube, asked } = clusterThat(() => Promise.resolve('created'))
    const kinds = ['Deployment', 'ConfigMap', 'IPPool', 'Service', 'CustomResourceDefinition', 'Namespace']
    await applyAll(
      kube,
      kinds.map((kind) => object(kind)),
      quick,
    )
    expect(asked).toEqual([
      'Namespace a',
      'CustomResourceDefinition a',
      'IPPool a',
      'ConfigMap a',
      'Deployment a',
      'Service a',
    ])
  })

  it('does not begin with what needs it before the first is done', async () => {
    const end = deferred<Applied>()
    const { kube, asked } = clusterThat((name) =>
      name.startsWith('Namespace') ? end.promise : Promise.resolve('created'),
    )
    const done = applyAll(kube, [object('Service'), object('Namespace')], quick)
    await Promise.resolve()
    expect(asked).toEqual(['Namespace a'])
    end.resolve('created')
    await done
    expect(asked).toEqual(['Namespace a', 'Service a'])
  })

  it('tries again while a kind is not served, and tells so', async () => {
    const told: string[] = []
    const { kube, asked } = clusterThat((_, time) => Promise.resolve(time < 3 ? undefined : 'created'))
    const wait = { ...quick, onWaiting: (what: string) => told.push(what) }
    await applyAll(kube, [object('IPPool')], wait)
    expect(asked).toHaveLength(3)
    expect(told).toEqual(['IPPool a: its kind is not served yet'])
  })

  it('ends when its signal does', async () => {
    const interrupted = new LabError('interrupted', 'interrupted')
    const controller = new AbortController()
    const { kube } = clusterThat(() => Promise.resolve(undefined))
    const wait = { signal: controller.signal, everyMs: 1, onWaiting: () => controller.abort(interrupted) }
    expect(await rejectionOf(applyAll(kube, [object('IPPool')], wait))).toBe(interrupted)
  })

  it('stops at an object that is rejected', async () => {
    const rejected = new LabError('cluster.rejected', 'no')
    const { kube, asked } = clusterThat(() => Promise.reject(rejected))
    expect(await rejectionOf(applyAll(kube, [object('Service'), object('Namespace')], quick))).toBe(rejected)
    expect(asked).toEqual(['Namespace a'])
  })
})
