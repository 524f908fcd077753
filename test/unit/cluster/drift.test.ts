import { describe, expect, test } from 'vitest'
import { fieldDrift } from '../../../lab/cluster/drift.js'

const object = (spec: object, metadata: object = {}, status: object = {}): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', status, spec },
  metadata: { name: 'web', ...metadata },
})

describe('drift of fields', () => {
  test('is none where nothing would change', () => {
    const live = object({ ports: [{ port: 80 }] })
    expect(fieldDrift(live, structuredClone(live))).toEqual([])
  })

  test('is not what the API server writes by itself', () => {
    const live = object({}, { resourceVersion: '1', generation: 1, managedFields: [1] }, { replicas: 1 })
    const applied = object({}, { resourceVersion: '2', generation: 2, managedFields: [2] }, { replicas: 2 })
    expect(fieldDrift(live, applied)).toEqual([])
  })

  test('names each field with what it is and what is declared', () => {
    const live = object({ selector: { app: 'ngnix' }, ports: [{ port: 80, name: 'web' }], type: 'ClusterIP' })
    const applied = object({
      selector: { app: 'nginx' },
      ports: [{ port: 80 }, { port: 443 }],
      type: 'ClusterIP',
    })
    expect(fieldDrift(live, applied)).toEqual([
      { path: 'spec.ports[0].name', live: 'web' },
      { path: 'spec.ports[1]', declared: { port: 443 } },
      { path: 'spec.selector.app', live: 'ngnix', declared: 'nginx' },
    ])
  })

  test('quotes keys that are no words', () => {
    const label = (value: string): object => object({}, { labels: { 'app.kubernetes.io/name': value } })
    expect(fieldDrift(label('a'), label('b'))).toEqual([
      { path: 'metadata.labels["app.kubernetes.io/name"]', live: 'a', declared: 'b' },
    ])
  })
})
