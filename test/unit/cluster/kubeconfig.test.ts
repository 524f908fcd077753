import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { hostKubeconfig } from '../../../lab/cluster/kubeconfig.js'

const adminConf = `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://lab-control-plane:6443
  name: kubernetes
contexts:
- context: {cluster: kubernetes, user: kubernetes-admin}
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
`

it('points at the published port and is named as kind names it', () => {
  expect(parse(hostKubeconfig(adminConf, 'lab', '127.0.0.1:40123'))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'kind-lab',
        cluster: { 'certificate-authority-data': 'Q0E=', server: 'https://127.0.0.1:40123' },
      },
    ],
    contexts: [{ name: 'kind-lab', context: { cluster: 'kind-lab', user: 'kind-lab' } }],
    'current-context': 'kind-lab',
    preferences: {},
    users: [{ name: 'kind-lab', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
  })
})

it('gives the same text for the same input', () => {
  expect(hostKubeconfig(adminConf, 'lab', 'x:1')).toBe(hostKubeconfig(adminConf, 'lab', 'x:1'))
})
