import { expect, test } from 'vitest'
import { renderCoreDns } from '../../../topology/index.js'
import { topologyOf } from './fixtures.js'

test('CoreDNS has two pods, which run on different nodes and wait for a second one', () => {
  expect(renderCoreDns(topologyOf({ workers: 1 }))).toEqual([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system' },
      spec: {
        replicas: 2,
        template: {
          spec: {
            topologySpreadConstraints: [
              {
                topologyKey: 'kubernetes.io/hostname',
                maxSkew: 1,
                minDomains: 2,
                whenUnsatisfiable: 'DoNotSchedule',
                nodeTaintsPolicy: 'Honor',
                matchLabelKeys: ['pod-template-hash'],
                labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
              },
            ],
          },
        },
      },
    },
  ])
})

test('in a lab of one node both of them run there', () => {
  expect(renderCoreDns(topologyOf({ workers: 0 }))).toEqual([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system' },
      spec: { replicas: 2 },
    },
  ])
})
