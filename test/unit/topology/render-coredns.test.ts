import { expect, test } from 'vitest'
import { renderCoreDns } from '../../../topology/index.js'
import { topologyOf } from './fixtures.js'

test('the pods of CoreDNS run on different nodes, and wait for a second one', () => {
  expect(renderCoreDns(topologyOf({ workers: 1 }))).toEqual([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace: 'kube-system' },
      spec: {
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

test('a lab of one node is left as kubeadm made it', () => {
  expect(renderCoreDns(topologyOf({ workers: 0 }))).toEqual([])
})
