import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  ClusterIpService,
  Credentials,
  ExternalService,
  HeadlessService,
  IngressPolicy,
  ServicePair,
  StatefulWorkload,
} from '../../constructs/index.js'
import { chart, synth, type Manifest } from './objects.js'
import { all, app } from './whole-lab.js'

const written = (objects: readonly Manifest[]): string =>
  objects.map((one) => `---\n${stringify(one, { lineWidth: 0, singleQuote: true })}`).join('')

/** A slice as it is, but with its first two endpoints only: the fixture `many` has 400, of which one is as the other. */
function shortened<T extends Manifest & { readonly endpoints?: readonly unknown[] }>(one: T): T {
  return one.endpoints === undefined ? one : { ...one, endpoints: one.endpoints.slice(0, 2) }
}

// The workloads have theirs beside the tests of each.
test('the parts, put together as a workload of somebody else', async () => {
  const scope = chart('data')
  const selector = { app: 'db' }
  const labels = { ...selector, 'app.kubernetes.io/name': 'db' }
  const ports = [{ name: 'db', port: 80, targetPort: 'db' }]

  const { headless } = new ServicePair(scope, 'pair', {
    name: 'db',
    selector,
    labels,
    ports,
    roles: { primary: { role: 'primary' } },
  })
  const credentials = new Credentials(scope, 'credentials', { name: 'db-secret', keys: ['password'] })
  new StatefulWorkload(scope, 'workload', {
    name: 'db',
    replicas: 3,
    service: headless,
    selector,
    labels,
    volumeClaims: [{ name: 'data', size: '1Gi' }],
    pod: {
      containers: [
        {
          name: 'db',
          image: 'db:1',
          ports: [{ name: 'db', containerPort: 5000 }],
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'credentials', mountPath: '/run/credentials', readOnly: true },
          ],
        },
      ],
      volumes: [credentials.volume('credentials')],
    },
  })
  new HeadlessService(scope, 'joining', {
    name: 'db-joining',
    selector,
    ports,
    publishNotReadyAddresses: true,
    ipFamilyPolicy: 'PreferDualStack',
  })
  new ClusterIpService(scope, 'sticky', { name: 'db-sticky', selector, ports, sessionAffinity: 'ClientIP' })
  new ExternalService(scope, 'external', {
    name: 'external-db',
    addresses: ['172.18.0.9', 'FD00:0::9'],
    ports: [{ name: 'db', port: 5000 }],
  })
  new IngressPolicy(scope, 'policy', {
    name: 'db-monitoring',
    selector,
    rules: [
      {
        from: [{ namespace: 'monitoring', podLabels: { app: 'prometheus' } }, { cidr: '10.1.0.0/16' }],
        ports: [5000],
      },
    ],
  })

  await expect(written(synth(scope))).toMatchFileSnapshot('snapshots/parts.yaml')
})

test('the lab, with everything in it', async () => {
  await expect(written(app(all).charts.flatMap(synth).map(shortened))).toMatchFileSnapshot(
    'snapshots/lab.yaml',
  )
})
