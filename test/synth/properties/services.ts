import type { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import fc from 'fast-check'
import {
  ClusterIpService,
  Credentials,
  ExternalService,
  HeadlessService,
  IngressPolicy,
  ServicePair,
  type ClusterIpServiceProps,
  type CredentialsProps,
  type ExternalServiceProps,
  type HeadlessServiceProps,
  type IngressPolicyProps,
  type Labels,
  type Protocol,
  type ServicePairProps,
  type ServicePort,
  type ServiceProps,
} from '../../../constructs/index.js'
import { restrictContainer, restrictPod } from '../../../constructs/pod-defaults.js'
import { ID, subject, without, wrong, type Break, type Subject } from './subject.js'
import * as values from './values.js'

/** Families of addresses that Services ask for: what a cluster has that is only IPv4, or all there are. */
export type Families = 'IPv4' | 'any'

const protocol = fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP')
const appProtocol = fc.oneof(fc.constantFrom('http', 'kubernetes.io/h2c'), values.labelKey)

/** Ports of a Service. Those that lead to a container's port by name lead to one of {@link backing}. */
const ports: fc.Arbitrary<ServicePort[]> = fc
  .uniqueArray(
    fc.record(
      {
        name: values.portName,
        port: values.port,
        targetPort: fc.oneof(values.port, values.portName),
        protocol,
        appProtocol,
      },
      { requiredKeys: ['name', 'port'] },
    ),
    { minLength: 1, maxLength: 5, selector: ({ name }) => name },
  )
  .filter((list) => new Set(list.map(({ port }) => port)).size === list.length)

const noPorts: Break<{ readonly ports: readonly ServicePort[] }>[] = [
  ['port name', values.noPortName, (props, name: string) => withPort(props, { name })],
  ['port', values.noPort, (props, port: number) => withPort(props, { port })],
  ['appProtocol', values.noLabelKey, (props, wrong: string) => withPort(props, { appProtocol: wrong })],
  ['has no port', fc.constant([]), (props, none: []) => ({ ...props, ports: none })],
  [
    'used twice',
    fc.constant({}),
    (props) => ({ ...props, ports: [...props.ports, ...props.ports.slice(0, 1)] }),
  ],
]
/** The name of a port that {@link backing} declares with TCP, whatever the Service says. */
const OF_TCP = 'of-tcp'

const noTargets: Break<{ readonly ports: readonly ServicePort[] }>[] = [
  ['target port', values.noPortName, (props, targetPort: string) => withPort(props, { targetPort })],
  ['target port', values.noPort, (props, targetPort: number) => withPort(props, { targetPort })],
  [
    'target port',
    fc.constantFrom<Protocol>('UDP', 'SCTP'),
    (props, protocol: Protocol) => withPort(props, { targetPort: OF_TCP, protocol }),
  ],
]

function withPort<P extends { readonly ports: readonly ServicePort[] }>(
  props: P,
  wrong: Partial<ServicePort>,
): P {
  const [first = { name: 'a', port: 1 }, ...rest] = props.ports
  return { ...props, ports: [{ ...first, ...wrong }, ...rest] }
}

const families = (has: Families): fc.Arbitrary<Pick<ServiceProps, 'ipFamilies' | 'ipFamilyPolicy'>> =>
  has === 'IPv4'
    ? fc.constantFrom(
        {},
        { ipFamilies: ['IPv4'] },
        { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
        { ipFamilyPolicy: 'PreferDualStack' },
        { ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' },
      )
    : fc.constantFrom(
        {},
        { ipFamilies: ['IPv6'] },
        { ipFamilyPolicy: 'RequireDualStack' },
        { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
        { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
        { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
      )

const noFamilies = fc.constantFrom([], ['IPv4', 'IPv4'], ['IPv4', 'IPv6', 'IPv4'])

const optional = <T>(value: fc.Arbitrary<T>, key: string): fc.Arbitrary<object> =>
  fc.oneof(
    fc.constant({}),
    value.map((it) => ({ [key]: it })),
  )

/** What all kinds of Services take; `more` is what one of them takes beside it. */
function serviceProps<P extends object>(has: Families, ...more: fc.Arbitrary<object>[]): fc.Arbitrary<P> {
  return fc
    .tuple(
      fc.record({ name: values.label1035(), selector: values.labels(1), ports }),
      families(has),
      optional(values.labels(), 'labels'),
      optional(values.domain, 'clusterDomain'),
      ...more,
    )
    .map((parts) => Object.assign({}, ...parts) as P)
}

type Common = Pick<
  ServiceProps,
  'name' | 'ports' | 'labels' | 'clusterDomain' | 'ipFamilies' | 'ipFamilyPolicy'
>

const commonBreaks: Break<Common>[] = [
  wrong('name', values.noLabel1035()),
  wrong('clusterDomain', values.noDomain, 'domain'),
  wrong('labels', values.noLabels),
  ['ipFamilies', noFamilies, (props, ipFamilies: never) => ({ ...props, ipFamilies })],
  [
    'ipFamilies',
    fc.constantFrom({}, { ipFamilyPolicy: 'SingleStack' } as const),
    (props, policy: object) => ({
      ...without(props, 'ipFamilyPolicy'),
      ipFamilies: ['IPv6', 'IPv4'],
      ...policy,
    }),
  ],
]

type Selecting = Pick<ServiceProps, 'name' | 'ports' | 'selector' | 'runtimeSelector'>

/** What Services of workloads refuse; `runtime` is whether they take labels that pods get while they run. */
const selectorBreaks: Break<Selecting>[] = [
  // What no label can be, no pod of the chart carries.
  wrong('selector', values.noLabels),
  wrong('selector', fc.constant({})),
  wrong('selector', fc.constant({ 'of-nobody': 'at-all' })),
]

/** A pod that a Service selects, with the containers' ports that it leads to by name. */
function backing(chart: Chart, { selector, ports: list }: Pick<ServiceProps, 'selector' | 'ports'>): void {
  if (Object.keys(selector).includes('of-nobody')) return
  const named = list.flatMap(({ targetPort, protocol = 'TCP' }) =>
    typeof targetPort === 'string'
      ? [{ name: targetPort, protocol: targetPort === OF_TCP ? 'TCP' : protocol }]
      : [],
  )
  // One container for each protocol: a name may be that of two ports only where they are of two containers.
  const containers = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({
    name: protocol.toLowerCase(),
    names: new Set(named.filter((port) => port.protocol === protocol).map(({ name }) => name)),
    protocol,
  }))
  new k8s.KubePod(chart, 'backing', {
    metadata: { name: 'backing', labels: { ...selector } },
    spec: restrictPod({
      containers: containers.map(({ name: container, names, protocol }) =>
        restrictContainer({
          name: container,
          image: 'server:1',
          ports: [...names].map((name, i) => ({ name, containerPort: i + 1, protocol })),
        }),
      ),
    }),
  })
}

const runtimeSelector = optional(values.labels(), 'runtimeSelector')

const roles = optional(
  fc.dictionary(
    values.label1123(5).filter((role) => role !== 'h'),
    values.labels(1),
    { maxKeys: 2, noNullPrototype: true },
  ),
  'roles',
)

const pairProps = (has: Families): fc.Arbitrary<ServicePairProps> =>
  serviceProps<ServicePairProps>(
    has,
    roles,
    optional(
      fc.record(
        {
          name: values.label1035(62).map((name) => `h${name}`),
          publishNotReadyAddresses: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      'headless',
    ),
    optional(
      fc.record({ sessionAffinity: fc.constantFrom('None', 'ClientIP') }, { requiredKeys: [] }),
      'clusterIp',
    ),
  )
    // The suffixes `-headless` and of the roles have to find room in a label.
    .map((props) => ({ ...props, name: props.name.slice(0, 54).replace(/-+$/, '') }))

const rules = fc.array(
  fc.record({
    from: values.peers.map((peers) => [{}, ...peers]),
    ports: fc.array(values.port, { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 3 },
)

const inRule =
  (part: object) =>
  (props: IngressPolicyProps): IngressPolicyProps => ({
    ...props,
    rules: [...props.rules, { from: [{}], ports: [80], ...part }],
  })

/** Services, policies and credentials: the parts of workloads. */
export function partSubjects(has: Families): Subject[] {
  return [
    subject<HeadlessServiceProps>(
      'HeadlessService',
      serviceProps(has, runtimeSelector, optional(fc.boolean(), 'publishNotReadyAddresses')),
      (chart, props) => {
        backing(chart, props)
        new HeadlessService(chart, ID, props)
      },
      [
        ...commonBreaks,
        ...noPorts,
        ...noTargets,
        ...selectorBreaks,
        wrong('runtimeSelector', values.noLabels, 'selector'),
      ],
    ),
    subject<ClusterIpServiceProps>(
      'ClusterIpService',
      serviceProps(has, runtimeSelector, optional(fc.constantFrom('None', 'ClientIP'), 'sessionAffinity')),
      (chart, props) => {
        backing(chart, props)
        new ClusterIpService(chart, ID, props)
      },
      [
        ...commonBreaks,
        ...noPorts,
        ...noTargets,
        ...selectorBreaks,
        wrong('runtimeSelector', values.noLabels, 'selector'),
      ],
    ),
    subject<ServicePairProps>(
      'ServicePair',
      pairProps(has),
      (chart, props) => {
        backing(chart, props)
        new ServicePair(chart, ID, props)
      },
      [
        ...commonBreaks,
        ...noPorts,
        ...noTargets,
        ...selectorBreaks,
        [
          'name',
          values.noLabel1035(),
          (props: ServicePairProps, name: string) => ({ ...props, headless: { name } }),
        ],
        [
          'name',
          values.noLabel1035(),
          (props: ServicePairProps, name: string) => ({ ...props, clusterIp: { name } }),
        ],
        [
          'name',
          // After the name and a dash a role may begin with one.
          values.noLabel().filter((role) => !role.startsWith('-')),
          (props: ServicePairProps, role: string) => ({ ...props, roles: { [role]: { a: 'b' } } }),
        ],
        [
          'selector',
          values.noLabels,
          (props: ServicePairProps, bad: Labels) => ({ ...props, roles: { primary: bad } }),
        ],
        [
          'name',
          fc.constant({}),
          (props: ServicePairProps) => ({ ...props, headless: { name: props.name } }),
        ],
        [
          'name',
          fc.constant({ headless: { role: 'x' } }),
          (props: ServicePairProps, clash: Record<string, Labels>) => ({
            ...without(props, 'headless'),
            roles: clash,
          }),
        ],
      ],
    ),
    subject<ExternalServiceProps>(
      'ExternalService',
      fc
        .tuple(
          serviceProps<ServiceProps>(has),
          fc.oneof(
            fc.uniqueArray(fc.oneof(values.ipv4, values.ipv6), { maxLength: 5 }),
            fc.uniqueArray(values.ipv4, { minLength: 90, maxLength: 230, size: 'max' }),
          ),
        )
        .map(([props, addresses]) => ({
          ...without(props, 'selector'),
          addresses,
          ports: props.ports.map((port) => without(port, 'targetPort')),
        })),
      (chart, props) => new ExternalService(chart, ID, props),
      [
        ...commonBreaks,
        ...noPorts,
        [
          'address',
          values.noAddress,
          (props: ExternalServiceProps, bad: string) => ({ ...props, addresses: [...props.addresses, bad] }),
        ],
        [
          'twice',
          values.ipv4,
          (props: ExternalServiceProps, twice: string) => ({ ...props, addresses: [twice, twice] }),
        ],
      ],
    ),
    subject<IngressPolicyProps>(
      'IngressPolicy',
      fc.record(
        { name: values.subdomain(), selector: values.labels(), labels: values.labels(), rules },
        { requiredKeys: ['name', 'selector', 'rules'] },
      ),
      (chart, props) => new IngressPolicy(chart, ID, props),
      [
        wrong('name', values.noSubdomain),
        wrong('labels', values.noLabels),
        wrong('selector', values.noLabels),
        ['port', values.noPort, (props, port: number) => inRule({ ports: [port] })(props)],
        ['peer', values.noPeers, (props, from: never) => inRule({ from })(props)],
        ['peer', fc.constant([]), (props, from: never) => inRule({ from })(props)],
        ['port', fc.constant([]), (props, none: never) => inRule({ ports: none })(props)],
      ],
    ),
    subject<CredentialsProps>(
      'Credentials',
      fc.record({
        name: values.subdomain(),
        keys: fc.uniqueArray(secretKey, { minLength: 1, maxLength: 5 }),
      }),
      (chart, props) => {
        const credentials = new Credentials(chart, ID, props)
        // It makes no object: what there is to see of it is the volume.
        new k8s.KubePod(chart, 'backing', {
          metadata: { name: 'backing' },
          spec: restrictPod({
            containers: [
              restrictContainer({
                name: 'server',
                image: 'server:1',
                volumeMounts: [{ name: 'secret', mountPath: '/secret' }],
              }),
            ],
            volumes: [credentials.volume('secret')],
          }),
        })
      },
      [
        wrong('name', values.noSubdomain),
        ['key', noSecretKey, (props, key: string) => ({ ...props, keys: [...props.keys, key] })],
        ['key', fc.constant([]), (props, keys: []) => ({ ...props, keys })],
      ],
    ),
  ]
}

const KEY = 'abcXYZ019-_.'
const secretKey = fc
  .string({ unit: values.oneOf(KEY), minLength: 1, maxLength: 253, size: 'max' })
  .filter((key) => key !== '.' && !key.startsWith('..'))
const noSecretKey = fc.oneof(
  fc.constantFrom('', '.', '..', '..a', 'a b', 'a/b', 'ä', 'a\n', '$'),
  fc.string({ unit: values.oneOf(KEY), minLength: 254, maxLength: 260 }),
)
