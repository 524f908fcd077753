import { App } from 'cdk8s'
import fc from 'fast-check'
import { Lab, type LabProps } from '../../../constructs/index.js'
import { synth } from '../objects.js'
import { without, type Subject } from './subject.js'
import * as values from './values.js'

const image = values.image
const scaled = fc.record({ image, replicas: values.whole(1, 9) }, { requiredKeys: [] })
const imaged = fc.record({ image }, { requiredKeys: [] })

const workloads = {
  redis: scaled,
  nginx: scaled,
  multitool: imaged,
  webApi: scaled,
  mysql: fc.record(
    { image, replicas: values.whole(0, 9), flavour: fc.constantFrom('mysql', 'mariadb') },
    { requiredKeys: [] },
  ),
  grpc: fc.record({ image, replicas: values.whole(0, 9) }, { requiredKeys: ['image'] }),
  externalDatabase: fc.record({ addresses: fc.uniqueArray(values.ipv4, { maxLength: 2 }) }),
  postgres: fc.record({ image, replicas: values.whole(1, 9) }, { requiredKeys: ['image'] }),
  kafka: scaled,
  moon: fc.record({ nginx: imaged, tool: imaged }, { requiredKeys: [] }),
  fixtures: fc.record({ nginx: imaged, image }, { requiredKeys: [] }),
}
const names = Object.keys(workloads) as (keyof typeof workloads)[]

/** A few workloads of the lab, whichever: all at once would be many objects and show no more. */
const props: fc.Arbitrary<LabProps> = fc
  .tuple(
    fc.record(
      { clusterDomain: values.domain, labels: values.labels(), nodes: values.count(1) },
      { requiredKeys: [] },
    ),
    fc.record(workloads),
    fc.shuffledSubarray(names, { maxLength: 3 }),
  )
  .map(([options, all, some]) => ({
    ...options,
    ...without(all, ...names.filter((name) => !some.includes(name))),
  }))

type Wrong = readonly [says: string, props: fc.Arbitrary<object>]

const breaks: Wrong[] = [
  ['domain', fc.record({ clusterDomain: values.noDomain, redis: fc.constant({}) })],
  ['label', fc.record({ labels: values.noLabels })],
  ['nodes', fc.record({ nodes: values.noWhole(1) })],
  ['replicas', fc.record({ redis: fc.record({ replicas: values.noWhole(0) }) })],
  ['replicas', fc.record({ kafka: fc.record({ replicas: values.noWhole(1) }) })],
  ['address', fc.record({ externalDatabase: fc.record({ addresses: fc.tuple(values.noAddress) }) })],
  ...(
    ['redis', 'nginx', 'multitool', 'webApi', 'mysql', 'grpc', 'postgres', 'kafka', 'fixtures'] as const
  ).map((key): Wrong => ['image', fc.record({ [key]: fc.record({ image: values.noImage }) })]),
  ['image', fc.constant({ grpc: {} })],
  ['flavour', fc.constant({ mysql: { flavour: 'maria' } })],
  ['image', fc.record({ moon: fc.record({ tool: fc.record({ image: values.noImage }) }) })],
]

/** The whole lab: several charts, whose namespaces are its own. */
export const labSubject: Subject = {
  name: 'Lab',
  valid: props,
  broken: fc.oneof(
    ...breaks.map(([says, wrong]) =>
      fc.tuple(props, wrong).map(([right, part]) => ({ says, props: { ...right, ...part } })),
    ),
  ),
  synth(values) {
    const app = new App()
    new Lab(app, 'in', values as LabProps)
    return app.charts.flatMap(synth)
  },
}
