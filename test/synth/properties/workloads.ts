import { k8s } from 'cdk8s-plus-28'
import fc from 'fast-check'
import {
  GrpcBackend,
  GrpcClient,
  HeadlessService,
  Kafka,
  Multitool,
  Mysql,
  Nginx,
  Postgres,
  Redis,
  StatefulWorkload,
  ToolPod,
  type GrpcBackendProps,
  type GrpcClientProps,
  type KafkaProps,
  type MultitoolProps,
  type MysqlProps,
  type NginxProps,
  type RedisProps,
  type ReplicatedPostgresProps,
  type SinglePostgresProps,
  type StatefulWorkloadProps,
  type ToolPodProps,
} from '../../../constructs/index.js'
import { ID, subject, without, wrong, type Break, type Subject } from './subject.js'
import * as values from './values.js'

/** The longest name of what has pods with names. */
const SET_NAME = 52

/** Properties that workloads have in common, and the ways to break them. */
const common = { image: values.image, allowFrom: values.peers, clusterDomain: values.domain }
const commonBreaks: Break<object>[] = [
  wrong('image', values.noImage),
  wrong('allowFrom', values.noPeers, 'peer'),
  wrong('clusterDomain', values.noDomain, 'domain'),
]

/** Those of workloads whose pods have names and volumes. */
const set = {
  ...common,
  name: values.label1035(SET_NAME),
  minDomains: values.count(1),
}
const setBreaks: Break<object>[] = [
  ...commonBreaks,
  wrong('name', values.noLabel1035(SET_NAME)),
  wrong('minDomains', values.noWhole(1)),
]
const volumeBreaks: Break<{ readonly volume?: object }>[] = [
  ['size', values.noSize, (props, size: string) => ({ ...props, volume: { ...props.volume, size } })],
  [
    'storage',
    values.noSubdomain,
    (props, storageClass: string) => ({ ...props, volume: { ...props.volume, storageClass } }),
  ],
]

type OwnProps = Omit<StatefulWorkloadProps, 'service'>

const claim = fc.record(
  {
    name: values.label1123(),
    size: values.size,
    storageClass: values.subdomain(),
  },
  { requiredKeys: ['name', 'size'] },
)

/** Containers that are not the same in name or port, the first one with a port. */
const containers: fc.Arbitrary<k8s.Container[]> = fc
  .array(fc.tuple(values.image, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((list) =>
    list.map(([image, open, capable], i) => ({
      name: `container-${i}`,
      image,
      ...(capable ? { securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } } : {}),
      ...(open || i === 0 ? { ports: [{ name: `port-${i}`, containerPort: 8000 + i }] } : {}),
    })),
  )

const ownProps: fc.Arbitrary<OwnProps> = fc
  .tuple(
    fc.record({ name: values.label1123(SET_NAME), replicas: values.count(0), selector: values.labels(1) }),
    values.labels(),
    containers,
    fc.record(
      {
        podAnnotations: fc.dictionary(values.labelKey, fc.string(), { maxKeys: 3, noNullPrototype: true }),
        user: values.count(1),
        volumeClaims: fc.uniqueArray(claim, { maxLength: 3, selector: ({ name }) => name }),
        volumeClaimRetention: fc.record(
          {
            whenDeleted: fc.constantFrom('Retain', 'Delete'),
            whenScaled: fc.constantFrom('Retain', 'Delete'),
          },
          { requiredKeys: [] },
        ),
        podManagement: fc.constantFrom('OrderedReady', 'Parallel'),
        update: fc.record(
          { type: fc.constantFrom('RollingUpdate', 'OnDelete'), partition: values.count(0) },
          { requiredKeys: [] },
        ),
        minReadySeconds: values.count(0),
        maxUnavailable: fc.oneof(values.count(1), fc.constant<false>(false)),
        ingress: fc.oneof(
          fc.constant<false>(false),
          fc.record(
            {
              clients: fc.uniqueArray(values.port, { maxLength: 3 }),
              peers: fc.uniqueArray(values.port, { maxLength: 3 }),
              allowFrom: values.peers,
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    ),
    fc.oneof(
      fc.constantFrom({}, { spread: 'ScheduleAnyway' as const }, { spread: 'DoNotSchedule' as const }),
      fc.record({ minDomains: values.count(1) }),
      fc.record({ minDomains: values.count(1), spread: fc.constant<'DoNotSchedule'>('DoNotSchedule') }),
    ),
  )
  .map(([required, labels, list, optional, spread]) => ({
    ...required,
    labels: { ...labels, ...required.selector },
    pod: { containers: list },
    ...optional,
    ...spread,
  }))

const inPod =
  (part: object) =>
  (props: OwnProps): OwnProps => ({
    ...props,
    pod: { containers: [...props.pod.containers, { name: 'broken', image: 'broken:1', ...part }] },
  })

/** What has pods with names of their own. */
const sets: Subject[] = [
  subject<OwnProps>(
    'StatefulWorkload',
    ownProps,
    (chart, props) => {
      const service = new HeadlessService(chart, 'headless', {
        name: 'own-headless',
        selector: props.selector,
        ports: [{ name: 'own', port: 8000 }],
      })
      new StatefulWorkload(chart, ID, { ...props, service })
    },
    [
      wrong('name', values.noLabel(SET_NAME)),
      wrong('replicas', values.noWhole(0)),
      [
        'label',
        values.noLabels,
        (props, bad: never) => ({ ...props, labels: { ...props.labels, ...(bad as object) } }),
      ],
      [
        'selector',
        fc.constant({ 'not-among': 'them' }),
        (props, bad: never) => ({ ...props, selector: bad }),
      ],
      [
        'annotation',
        values.noLabelKey,
        (props, key: string) => ({ ...props, podAnnotations: { [key]: '' } }),
      ],
      wrong('user', values.noWhole(1)),
      wrong('minReadySeconds', values.noWhole(0)),
      wrong('maxUnavailable', values.noWhole(1)),
      wrong('minDomains', values.noWhole(1)),
      [
        'spread',
        values.count(1),
        (props, minDomains: number) => ({ ...props, minDomains, spread: 'ScheduleAnyway' }),
      ],
      ['partition', values.noWhole(0), (props, partition: number) => ({ ...props, update: { partition } })],
      [
        'claim',
        fc.oneof(
          fc.record({ name: values.noLabel(), size: values.size }),
          fc.record({ name: values.label1123(), size: values.noSize }),
          fc.record({ name: values.label1123(), size: values.size, storageClass: values.noSubdomain }),
        ),
        (props, claim: never) => ({ ...props, volumeClaims: [claim] }),
      ],
      ['twice', claim, (props, one: never) => ({ ...props, volumeClaims: [one, one] })],
      ['port', values.noPort, (props, port: number) => ({ ...props, ingress: { clients: [port] } })],
      ['port', values.noPort, (props, port: number) => ({ ...props, ingress: { peers: [port] } })],
      [
        'peer',
        values.noPeers,
        (props, allowFrom: never) => ({ ...props, ingress: { clients: [80], allowFrom } }),
      ],
      ['image', values.noImage, (props, image: string) => inPod({ image })(props)],
      [
        'nobody',
        values.peers,
        (props, allowFrom: never) => ({
          ...props,
          pod: { containers: [{ name: 'closed', image: 'closed:1' }] },
          ingress: { allowFrom },
        }),
      ],
      ['container', fc.constant([]), (props, none: []) => ({ ...props, pod: { containers: none } })],
      [
        'resources',
        fc.oneof(
          values.noQuantity.map((value) => k8s.Quantity.fromString(value)),
          fc.constantFrom('1', 1, '100m'),
        ),
        (props, cpu: never) => inPod({ resources: { limits: { cpu } } })(props),
      ],
      [
        'Probe',
        fc.oneof(
          values.noPort.map((value) => k8s.IntOrString.fromNumber(value)),
          values.noPortName.map((value) => k8s.IntOrString.fromString(value)),
          fc.constantFrom('http', 80),
        ),
        (props, port: never) => inPod({ readinessProbe: { tcpSocket: { port } } })(props),
      ],
    ],
  ),

  subject<RedisProps>(
    'Redis',
    fc
      .record(
        {
          ...set,
          replicas: values.count(0),
          memoryMiB: values.count(16),
          volume: values.volume,
          auth: fc.record(
            {
              secretName: values.subdomain(),
              users: fc.dictionary(redisUser(), redisRules(), { maxKeys: 3, noNullPrototype: true }),
            },
            { requiredKeys: [] },
          ),
          sentinel: fc.record({ quorum: values.whole(1, 3) }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      )
      .map((props) =>
        props.sentinel === undefined || props.replicas === undefined
          ? props
          : { ...props, replicas: Math.max(3, props.replicas) },
      ),
    (chart, props) => new Redis(chart, ID, props),
    [
      ...setBreaks,
      ...volumeBreaks,
      wrong('replicas', values.noWhole(0)),
      wrong('memoryMiB', values.noWhole(16)),
      [
        'sentinel',
        fc.integer({ min: 0, max: 2 }),
        (props: RedisProps, replicas: number) => ({ ...props, replicas, sentinel: {} }),
      ],
      [
        'quorum',
        values.noWhole(1, 3),
        (props: RedisProps, quorum: number) => ({ ...props, replicas: 3, sentinel: { quorum } }),
      ],
      [
        'name',
        values.noSubdomain,
        (props: RedisProps, secretName: string) => ({ ...props, auth: { ...props.auth, secretName } }),
      ],
      [
        'auth.users',
        fc.constantFrom('', 'default', 'a b', '-a', '.a', 'ä', 'a\n', `x${'y'.repeat(63)}`),
        (props: RedisProps, user: string) => ({ ...props, auth: { users: { [user]: '+@all' } } }),
      ],
      [
        'auth.users',
        fc.constantFrom(
          '',
          ' ',
          '+@all\n',
          '~ä',
          '"',
          "'",
          '\\',
          '$HOME',
          '>secret',
          '+@all nopass',
          '#00',
          'RESET',
        ),
        (props: RedisProps, rules: string) => ({ ...props, auth: { users: { app: rules } } }),
      ],
    ],
  ),

  subject<ReplicatedPostgresProps>(
    'Postgres',
    fc.record(
      {
        ...set,
        replicas: values.whole(1, 10),
        volume: values.volume,
        synchronous: fc.boolean(),
        replication: fc.constant<'patroni'>('patroni'),
      },
      { requiredKeys: ['image'] },
    ),
    (chart, props) => new Postgres(chart, ID, props),
    [
      ...setBreaks,
      ...volumeBreaks,
      wrong('replicas', values.noWhole(1, 99)),
      ['image', fc.constant({}), (props: ReplicatedPostgresProps) => without(props, 'image')],
      wrong('replication', otherWord()),
    ],
  ),

  subject<SinglePostgresProps>(
    'Postgres without replication',
    fc.record(
      {
        ...set,
        volume: values.volume,
        replication: fc.constant<'none'>('none'),
      },
      { requiredKeys: ['replication'] },
    ),
    (chart, props) => new Postgres(chart, ID, props),
    [
      ...setBreaks,
      ...volumeBreaks,
      wrong('replicas', fc.oneof(values.noWhole(1), values.count(2))),
      wrong('replication', otherWord()),
    ],
  ),

  subject<KafkaProps>(
    'Kafka',
    fc.record(
      {
        ...set,
        replicas: values.whole(1, 10),
        volume: values.volume,
        heapMiB: values.count(128),
        clusterId: clusterId(),
      },
      { requiredKeys: [] },
    ),
    (chart, props) => new Kafka(chart, ID, props),
    [
      ...setBreaks,
      ...volumeBreaks,
      wrong('replicas', values.noWhole(1, 99)),
      wrong('heapMiB', values.noWhole(128)),
      wrong(
        'clusterId',
        fc.oneof(
          fc.constantFrom(
            '',
            'a',
            'B'.repeat(22),
            'A'.repeat(21),
            'A'.repeat(23),
            '!'.repeat(22),
            `${'A'.repeat(22)}==`,
          ),
          clusterId().map((id) => `-${id.slice(1)}`),
          fc.string(),
        ),
      ),
    ],
  ),

  subject<MysqlProps>(
    'Mysql',
    fc.record(
      {
        ...set,
        flavour: fc.constantFrom('mysql', 'mariadb'),
        replicas: values.count(0),
        volume: values.volume,
      },
      { requiredKeys: [] },
    ),
    (chart, props) => new Mysql(chart, ID, props),
    [...setBreaks, ...volumeBreaks, wrong('replicas', values.noWhole(0)), wrong('flavour', otherWord())],
  ),
]

/** What is none of the words that a property is one of, some of them names that every object of JavaScript has. */
function otherWord(): fc.Arbitrary<string> {
  return fc.constantFrom(
    '',
    'x',
    'maria',
    'MySQL',
    'None',
    'patroni ',
    'toString',
    'constructor',
    '__proto__',
  )
}

/** Name of a user of Redis. */
function redisUser(): fc.Arbitrary<string> {
  return fc
    .string({ unit: values.oneOf('abcXYZ019-_.'), minLength: 0, maxLength: 62, size: 'max' })
    .map((rest) => `u${rest}`)
}

/** What a user may do, as Redis writes it. */
function redisRules(): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom('+@all', '-@dangerous', '~app:*', '&*', 'on', '%R~x:*', '(+get ~y)', 'allkeys'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((rules) => rules.join(' '))
}

/** Sixteen bytes, as Kafka writes ids. */
function clusterId(): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('base64url'))
    .filter((id) => !id.startsWith('-'))
}

/** What has pods without names. */
const others: Subject[] = [
  subject<NginxProps>(
    'Nginx',
    fc
      .tuple(
        fc.record(
          {
            ...common,
            deploymentName: values.label1123(),
            containerPort: values.port,
            replicas: values.count(0),
          },
          { requiredKeys: [] },
        ),
        fc.oneof(
          fc.record({ name: values.label1035(SET_NAME) }, { requiredKeys: [] }),
          fc.record({
            name: values.label1123(SET_NAME),
            services: fc.record(
              {
                clusterIp: values.label1035(62).map((name) => `c${name}`),
                headless: values.label1035(62).map((name) => `h${name}`),
              },
              { requiredKeys: [] },
            ),
          }),
        ),
      )
      .map(([props, names]) => ({ ...props, ...names })),
    (chart, props) => new Nginx(chart, ID, props),
    [
      ...commonBreaks.slice(0, 2),
      wrong('name', values.noLabel(SET_NAME)),
      wrong('deploymentName', values.noLabel()),
      wrong('replicas', values.noWhole(0)),
      wrong('containerPort', values.noPort, 'port'),
      [
        'domain',
        values.noDomain,
        (props: NginxProps, clusterDomain: string) => ({
          ...props,
          services: { headless: 'a' },
          clusterDomain,
        }),
      ],
      [
        'name',
        values.noLabel1035(),
        (props: NginxProps, clusterIp: string) => ({ ...props, services: { clusterIp } }),
      ],
      [
        'name',
        values.noLabel1035(),
        (props: NginxProps, headless: string) => ({ ...props, services: { headless } }),
      ],
      [
        'name',
        values.label1035(),
        (props: NginxProps, one: string) => ({ ...props, services: { clusterIp: one, headless: one } }),
      ],
    ],
  ),

  subject<GrpcBackendProps>(
    'GrpcBackend',
    fc.record(
      {
        ...common,
        name: values.label1035(53),
        replicas: values.count(0),
        command: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: ['image'] },
    ),
    (chart, props) => new GrpcBackend(chart, ID, props),
    [
      ...commonBreaks,
      wrong('name', values.noLabel1035(53)),
      wrong('replicas', values.noWhole(0)),
      wrong('command', fc.constant([])),
      ['image', fc.constant({}), (props: GrpcBackendProps) => without(props, 'image')],
    ],
  ),

  subject<GrpcClientProps>(
    'GrpcClient',
    fc.record({ name: values.label1123(), image: values.image }, { requiredKeys: ['image'] }),
    (chart, props) => new GrpcClient(chart, ID, props),
    [
      wrong('name', values.noLabel()),
      wrong('image', values.noImage),
      ['image', fc.constant({}), (props: GrpcClientProps) => without(props, 'image')],
    ],
  ),

  subject<MultitoolProps>(
    'Multitool',
    fc.record({ name: values.label1123(), image: values.image }, { requiredKeys: [] }),
    (chart, props) => new Multitool(chart, ID, props),
    [wrong('name', values.noLabel()), wrong('image', values.noImage)],
  ),

  subject<ToolPodProps>(
    'ToolPod',
    fc.record({ name: values.label1123(), image: values.image }, { requiredKeys: [] }),
    (chart, props) => new ToolPod(chart, ID, props),
    [wrong('name', values.noLabel()), wrong('image', values.noImage)],
  ),
]

/** What has pods. */
export const workloadSubjects: Subject[] = [...sets, ...others]
