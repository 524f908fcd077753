/**
 * What a verifier has to find in the documents' YAML on a cluster that is not ours: the faults that it really has.
 * A finding is `<id> <namespace>/<name>`.
 */
export interface Expected {
  /** The checks that fail, each with its subject, and no others. */
  readonly fail: readonly string[]
  /** The checks that cannot be judged of some subject, and no others. */
  readonly inconclusive: readonly string[]
}

/** 000: nginx listens on 80, and the regular service leads to 8080. The headless one has no proxy to be misled by. */
const regularService = ['services.answers moon/regular-svc']

/** 002: nothing gives a pod the label role=primary, so postgres-primary has nobody behind it and refuses. */
const nobodyIsPrimary = [
  'services.selector database/postgres-primary',
  'services.endpoints database/postgres-primary',
  'postgres.service database/postgres-primary',
  // Each of the three is primary, and none has the label.
  'postgres.role.label database/postgres-primary',
]

/** 002: nothing sets up replication, so "the cluster" is three servers that do not know one another. */
const independentServers = ['postgres.primary.one database/postgres']

/** 002: neither listeners nor voters nor a cluster id, and $(POD_NAME) is used before it is defined: no broker starts. */
const kafkaDoesNotStart = [
  'workloads.ready streaming/kafka',
  'statefulsets.replicas streaming/kafka',
  'services.endpoints streaming/kafka-headless',
  'kafka.bootstrap streaming/kafka-headless',
  ...['kafka-0', 'kafka-1', 'kafka-2'].flatMap((pod) => [
    // Without publishNotReadyAddresses a broker that is not ready has no name.
    `dns.pod.a streaming/${pod}`,
    `kafka.broker.answers streaming/${pod}`,
  ]),
]

/** 003: a MySQL without a root password, and without a database, does not start. */
const mysqlDoesNotStart = [
  'workloads.ready default/mysql',
  'statefulsets.replicas default/mysql',
  'services.endpoints default/mysql',
  'services.endpoints default/mysql-headless',
]
const mysqlPodsHaveNoNames = ['mysql-0', 'mysql-1', 'mysql-2'].map((pod) => `dns.pod.a default/${pod}`)

/** 003: services for workloads that the document does not have. */
const selectNothing = ['web-api', 'grpc-backend'].flatMap((service) => [
  `services.selector default/${service}`,
  `services.endpoints default/${service}`,
])

/** 003: an address that nobody has here. */
const nobodyOutside = ['external.reachable default/external-db']

/** The routing tables of nodes whose machines nobody named, and nodes on which no pod may be asked. */
const notLookedAt = ['calico.path.same-node', 'calico.route.nodes', 'calico.route.pods']

/** Which server follows which cannot be said while each is its own. */
const withoutOnePrimary = [
  'postgres.replication.source',
  'postgres.replication.streaming',
  'postgres.replication.sync',
]

/** What servers that do not run would have to say themselves. */
const ofMysql = [
  'mysql.answers',
  'mysql.pod-name',
  'mysql.primary.one',
  'mysql.replica.read-only',
  'mysql.replication.gtid',
  'mysql.replication.running',
  'mysql.replication.source',
  'mysql.service',
]
const ofKafka = [
  'kafka.broker.advertised',
  'kafka.node-id',
  'kafka.partitions.in-sync',
  'kafka.quorum.leader',
  'kafka.quorum.voters',
]

/** That a name is absent, or said of an address, needs a pod of the set that has a name. */
const withoutReadyPods = ['dns.pod.absent-ordinal', 'dns.ptr.pod', 'endpointslices.hostname.present']

/**
 * All the YAML, applied from the top of each document to its end. A service that was made headless stays so: the
 * API server keeps its clusterIP, so `postgres` and `mysql` never become the ClusterIP services that the last
 * sections of 002 and 003 speak of.
 */
export const inOrder: Expected = {
  fail: [
    ...regularService,
    ...nobodyIsPrimary,
    ...independentServers,
    ...kafkaDoesNotStart,
    ...mysqlDoesNotStart,
    ...mysqlPodsHaveNoNames,
    ...selectNothing,
    ...nobodyOutside,
  ],
  inconclusive: [...notLookedAt, ...withoutOnePrimary, ...ofMysql, ...ofKafka, ...withoutReadyPods],
}

/**
 * `postgres` and `mysql` deleted and made again as the last sections have them: ClusterIP services now. They are
 * still the serviceName of the StatefulSets, which has to be a headless one.
 */
export const combined: Expected = {
  fail: [
    'statefulsets.service database/postgres',
    'statefulsets.service default/mysql',
    ...nobodyIsPrimary,
    ...independentServers,
    ...mysqlDoesNotStart,
    ...selectNothing,
    ...nobodyOutside,
  ],
  inconclusive: [...notLookedAt, ...withoutOnePrimary, ...ofMysql],
}
