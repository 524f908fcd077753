import { given, inPod, kubectl, onNode, patch, saved, until, untilReverseNamesExpire } from './fault.js'
import type { RealFault, Saved, Step } from './fault.js'

const service = (namespace: string, name: string): Saved => ({ kind: 'service', namespace, name })
const nginxHeadless = service('default', 'nginx-headless')
const webApi = service('default', 'web-api')
const grpcBackend = service('default', 'grpc-backend')
const postgresPrimary = service('database', 'postgres-primary')
const neverReady = service('fixtures', 'never-ready')
const sticky = service('fixtures', 'sticky')
const redisPolicy: Saved = { kind: 'networkpolicy', namespace: 'default', name: 'redis' }
const nginxPolicy: Saved = { kind: 'networkpolicy', namespace: 'default', name: 'nginx' }
const corefile: Saved = { kind: 'configmap', namespace: 'kube-system', name: 'coredns' }
const pool: Saved = { kind: 'ippools.crd.projectcalico.org', namespace: '', name: 'default-ipv4-ippool' }

/** The chain of a service's port in a node's nat table, kept in a file before it is changed. */
const KEEP = `
chain=$(iptables-save -t nat | sed -n "s|^-A KUBE-SERVICES .*\\"$1 cluster IP\\".* -j \\(KUBE-SVC-[A-Z0-9]*\\)$|\\1|p")
[ -n "$chain" ] || exit 1
{ echo '*nat'; echo ":$chain - [0:0]"; iptables-save -t nat | grep -- "^-A $chain "; echo COMMIT; } > /run/real-fault.rules
`
const PUT_BACK = 'iptables-restore --noflush < /run/real-fault.rules && rm /run/real-fault.rules'

/** In the control plane container, since sed is there: the records of one name come from a file. */
const HOSTS = `
export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl -n kube-system get configmap coredns -o json |
  sed 's|    kubernetes cluster.local|    hosts {\\\\n       192.0.2.1 web-api.default.svc.cluster.local\\\\n       fallthrough\\\\n    }\\\\n&|' |
  kubectl replace -f -
`
const RESTART_DNS = [
  kubectl('rollout', 'restart', '-n', 'kube-system', 'deployment/coredns'),
  kubectl('rollout', 'status', '-n', 'kube-system', 'deployment/coredns', '--timeout=120s'),
]

/** On whichever node the pod is: the others have no such container. */
const onItsNode = (verb: 'pause' | 'resume', pod: string, container: string): Step[] =>
  (['control-plane', 'worker', 'worker2'] as const).map((node) =>
    onNode(
      ...([node, 'sh', '-c', CTR, 'sh', verb] as const),
      `labels."io.kubernetes.pod.name"==${pod},labels."io.kubernetes.container.name"==${container}`,
    ),
  )
const CTR = `
id=$(ctr -n k8s.io containers list -q "$2")
[ -z "$id" ] || ctr -n k8s.io tasks "$1" "$id"
`

/** The process of Postgres that replays, on whichever node there is one: the primary has none. */
const replaying = (signal: 'STOP' | 'CONT'): Step[] =>
  (['control-plane', 'worker', 'worker2'] as const).map((node) =>
    onNode(node, 'sh', '-c', `pkill -${signal} -f '^postgres: .*startup recovering' || [ $? -eq 1 ]`),
  )

const mariadb = (pod: string, statement: string): Step =>
  inPod('default', pod, 'mariadb', '--defaults-file=/run/mysqld/client.cnf', '-e', statement)

/**
 * Single faults that are made in a real lab, one after the other, by `npm run record-faults`. What each expects was
 * written down before it was made for the first time.
 */
export const realFaults: readonly RealFault[] = [
  {
    name: 'selector-misspelt',
    first: {
      why: '`dns.ptr.dashed` was not found: CoreDNS keeps answers of the reverse zones for 30 seconds, so that it still knew the names. Since then it is waited for that.',
    },
    what: 'the selector of nginx-headless is `app: ngnix`',
    inject: [patch(nginxHeadless, { spec: { selector: { app: 'ngnix' } } }), untilReverseNamesExpire],
    restore: [patch(nginxHeadless, { spec: { selector: { app: 'nginx' } } })],
    expected: {
      fails: [
        'services.selector',
        'services.endpoints',
        'endpointslices.addresses',
        'dns.headless.a-set',
        'dns.headless.srv',
        'dns.deployment.dashed-ip',
        'dns.ptr.dashed',
      ],
      inconclusive: [
        'services.target-port',
        'endpointslices.hostname.absent',
        'dns.deployment.no-pod-name',
        'dns.nodata',
        'dns.tcp',
        'dns.search-path',
        'dns.ttl',
      ],
    },
  },
  {
    name: 'port-without-name',
    what: 'the port of nginx-headless has lost its name',
    inject: [
      patch(nginxHeadless, {
        spec: { ports: [{ appProtocol: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }] },
      }),
    ],
    restore: [
      patch(nginxHeadless, {
        spec: {
          ports: [{ appProtocol: 'http', name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }],
        },
      }),
    ],
    expected: { fails: ['services.ports', 'dns.headless.srv'] },
  },
  {
    name: 'headless-made-clusterip',
    what: 'nginx-headless was deleted and made again with a virtual IP',
    saves: [nginxHeadless],
    inject: [
      kubectl('delete', 'service', '-n', 'default', 'nginx-headless'),
      given(
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'nginx-headless', namespace: 'default', labels: { app: 'nginx' } },
          spec: {
            selector: { app: 'nginx' },
            ports: [{ name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' }],
          },
        },
        ...['create', '-f', '-'],
      ),
    ],
    restore: [saved(nginxHeadless)],
    expected: {
      fails: [
        'services.type',
        'services.ip-families',
        'dns.headless.a-set',
        'dns.headless.endpointslices',
        'dns.headless.srv',
        'kube-proxy.no-headless-rule',
      ],
    },
  },
  {
    name: 'target-port-wrong',
    what: 'the target port of web-api is 9090, where nothing listens',
    inject: [
      patch(webApi, {
        spec: { ports: [{ appProtocol: 'http', name: 'http', port: 80, protocol: 'TCP', targetPort: 9090 }] },
      }),
    ],
    restore: [
      patch(webApi, {
        spec: {
          ports: [{ appProtocol: 'http', name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }],
        },
      }),
    ],
    // The policy of web-api keeps everybody out of that port, so that the traffic tells nothing.
    expected: { fails: ['services.ports'], inconclusive: ['kube-proxy.every-backend'] },
  },
  {
    name: 'affinity-switched-off',
    what: 'session affinity of the service sticky is None',
    inject: [patch(sticky, { spec: { sessionAffinity: 'None', sessionAffinityConfig: null } })],
    restore: [
      patch(sticky, {
        spec: {
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
        },
      }),
    ],
    expected: { fails: ['services.traffic', 'kube-proxy.affinity.rule', 'kube-proxy.affinity.pinned'] },
  },
  {
    name: 'not-ready-published',
    what: 'never-ready publishes its pod that is not Ready',
    inject: [patch(neverReady, { spec: { publishNotReadyAddresses: true } })],
    restore: [patch(neverReady, { spec: { publishNotReadyAddresses: null } })],
    expected: {
      fails: [
        'services.publish-not-ready',
        'endpointslices.addresses',
        'dns.headless.a-set',
        'dns.headless.srv',
        'dns.headless.not-ready',
      ],
    },
  },
  {
    name: 'slice-by-hand',
    what: 'somebody wrote nginx-headless a slice of their own, with an address that nobody has',
    inject: [
      given(
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            name: 'nginx-headless-by-hand',
            namespace: 'default',
            labels: { 'kubernetes.io/service-name': 'nginx-headless' },
          },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['192.168.255.250'], conditions: { ready: true } }],
          ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
        },
        ...['create', '-f', '-'],
      ),
    ],
    restore: [
      kubectl(
        ...['delete', 'endpointslice', '-n', 'default', 'nginx-headless-by-hand', '--ignore-not-found'],
      ),
    ],
    expected: {
      fails: [
        'endpointslices.addresses',
        'endpointslices.sum',
        'endpointslices.orphans',
        'endpointslices.labels',
        'dns.headless.a-set',
        'dns.headless.srv',
      ],
    },
  },
  {
    name: 'record-from-elsewhere',
    first: {
      why: '`dns.ttl` was expected too, since records of a hosts block live for an hour. It passed, and rightly: the cache of the Corefile lets no answer live longer than its own 30 seconds, also those that it does not keep.',
    },
    what: 'the Corefile has a hosts block, with another address for web-api',
    saves: [corefile],
    inject: [onNode('control-plane', 'sh', '-c', HOSTS), ...RESTART_DNS],
    restore: [saved(corefile), ...RESTART_DNS],
    expected: { fails: ['dns.clusterip.a-vip'] },
  },
  {
    name: 'rule-by-hand',
    what: 'on one node somebody led an address of their own to nginx-headless',
    inject: [
      onNode(
        ...(['worker2', 'iptables', '-t', 'nat', '-A', 'PREROUTING', '-d', '10.96.255.250/32'] as const),
        ...['-p', 'tcp', '--dport', '80', '-m', 'comment', '--comment', 'default/nginx-headless:http'],
        ...['-j', 'DNAT', '--to-destination', '192.168.255.250:80'],
      ),
    ],
    restore: [
      onNode(
        ...(['worker2', 'iptables', '-t', 'nat', '-D', 'PREROUTING', '-d', '10.96.255.250/32'] as const),
        ...['-p', 'tcp', '--dport', '80', '-m', 'comment', '--comment', 'default/nginx-headless:http'],
        ...['-j', 'DNAT', '--to-destination', '192.168.255.250:80'],
      ),
    ],
    expected: { fails: ['kube-proxy.no-headless-rule'] },
  },
  {
    name: 'endpoint-rule-lost',
    what: 'on one node the rules of web-api lead to one of its two pods only',
    inject: [
      onNode(
        ...(['worker', 'sh', '-ec', `${KEEP} iptables -t nat -D "$chain" 2`, 'sh'] as const),
        'default/web-api:http',
      ),
    ],
    restore: [onNode('worker', 'sh', '-c', PUT_BACK)],
    expected: { fails: ['kube-proxy.endpoints', 'kube-proxy.every-backend'] },
  },
  {
    name: 'vip-led-astray',
    mended:
      '`kube-proxy.endpoints` did not see where rules in the chain of the service itself lead. Now it does.',
    what: 'on one node a rule before those of nginx-clusterip leads to an address that nobody has',
    inject: [
      onNode(
        ...(['control-plane', 'sh', '-ec'] as const),
        `${KEEP} iptables -t nat -I "$chain" 1 -p tcp -j DNAT --to-destination 192.168.255.250:80`,
        ...['sh', 'default/nginx-clusterip:http'],
      ),
    ],
    restore: [onNode('control-plane', 'sh', '-c', PUT_BACK)],
    expected: { fails: ['kube-proxy.endpoints', 'kube-proxy.every-backend'] },
  },
  {
    name: 'policy-deleted',
    what: 'the policy redis is gone',
    saves: [redisPolicy],
    inject: [kubectl('delete', 'networkpolicy', '-n', 'default', 'redis')],
    restore: [saved(redisPolicy)],
    expected: { fails: ['network-policy.exists', 'network-policy.refused', 'network-policy.unlisted-port'] },
  },
  {
    name: 'policy-selects-nobody',
    mended:
      '`network-policy.selects-pods` judged the declared selector, not the one on the cluster. Now it judges that.',
    what: 'the policy nginx is for pods with `app: ngnix`',
    inject: [patch(nginxPolicy, { spec: { podSelector: { matchLabels: { app: 'ngnix' } } } })],
    restore: [patch(nginxPolicy, { spec: { podSelector: { matchLabels: { app: 'nginx' } } } })],
    expected: {
      fails: [
        'network-policy.exists',
        'network-policy.selects-pods',
        'network-policy.refused',
        'network-policy.unlisted-port',
      ],
    },
  },
  {
    name: 'primary-service-to-replicas',
    what: 'postgres-primary selects the replicas',
    inject: [patch(postgresPrimary, { spec: { selector: { role: 'replica' } } })],
    restore: [patch(postgresPrimary, { spec: { selector: { role: 'primary' } } })],
    expected: {
      fails: [
        'services.selector',
        'endpointslices.addresses',
        'kube-proxy.endpoints',
        'kube-proxy.every-backend',
        'postgres.role.label',
        'postgres.service',
        'postgres.write',
      ],
      inconclusive: ['postgres.write-read'],
    },
  },
  {
    name: 'replay-stopped',
    first: {
      why: 'replay was paused (`pg_wal_replay_pause()`), then delayed (`recovery_min_apply_delay`), and nothing was found: Patroni takes both back whenever its loop comes round, before verify has asked. Since then the process is stopped.',
    },
    what: 'the Postgres replicas receive, and do not replay (SIGSTOP)',
    inject: replaying('STOP'),
    restore: replaying('CONT'),
    expected: { fails: ['postgres.write-read'] },
  },
  {
    name: 'redis-replica-writable',
    what: 'redis-1 takes writes (`replica-read-only no`)',
    inject: [inPod('default', 'redis-1', 'redis-cli', 'config', 'set', 'replica-read-only', 'no')],
    restore: [inPod('default', 'redis-1', 'redis-cli', 'config', 'set', 'replica-read-only', 'yes')],
    expected: { fails: ['redis.replication.replica', 'redis.readonly'] },
  },
  {
    name: 'redis-replica-detached',
    what: 'redis-2 was told to replicate from nobody',
    inject: [inPod('default', 'redis-2', 'redis-cli', 'replicaof', 'no', 'one')],
    restore: [
      inPod(
        ...(['default', 'redis-2', 'redis-cli', 'replicaof'] as const),
        ...['redis-0.redis-headless.default.svc.cluster.local', '6379'],
      ),
    ],
    expected: {
      fails: [
        'redis.replication.master',
        'redis.replication.replica',
        'redis.write-ack',
        'redis.write-read',
        'redis.replication.offset',
        'redis.readonly',
      ],
    },
  },
  {
    name: 'label-of-pod-changed',
    first: {
      why: '`dns.ptr.pod` was expected to fail, and could not be judged: verify asks for the names of addresses that have one only, as CoreDNS would pass others on.',
    },
    what: 'redis-2 has the label `app: lost`',
    inject: [
      kubectl('label', 'pod', '-n', 'default', 'redis-2', 'app=lost', '--overwrite'),
      until(
        kubectl(
          ...['wait', 'statefulset', '-n', 'default', 'redis', '--timeout=1s'],
          '--for=jsonpath={.status.readyReplicas}=2',
        ),
      ),
      untilReverseNamesExpire,
    ],
    restore: [kubectl('label', 'pod', '-n', 'default', 'redis-2', 'app=redis', '--overwrite')],
    // It is connected to the master all the same: what it cannot be any more is found by its name.
    expected: {
      fails: ['workloads.ready', 'statefulsets.replicas', 'dns.pod.a', 'redis.ping'],
      inconclusive: [
        'dns.ptr.pod',
        'redis.replication.replica',
        'redis.write-read',
        'redis.replication.offset',
        'redis.readonly',
      ],
    },
  },
  {
    name: 'scaled-by-hand',
    what: 'redis has two replicas',
    inject: [
      kubectl('scale', 'statefulset', '-n', 'default', 'redis', '--replicas=2'),
      kubectl('wait', 'pod', '-n', 'default', 'redis-2', '--for=delete', '--timeout=90s'),
    ],
    restore: [kubectl('scale', 'statefulset', '-n', 'default', 'redis', '--replicas=3')],
    expected: {
      fails: [
        'workloads.ready',
        'statefulsets.replicas',
        'dns.pod.a',
        'redis.ping',
        'redis.replication.master',
        'redis.write-ack',
      ],
      inconclusive: [
        'dns.ptr.pod',
        'redis.replication.replica',
        'redis.write-read',
        'redis.replication.offset',
        'redis.readonly',
        'redis.init-log',
      ],
    },
  },
  {
    name: 'mysql-replica-writable',
    what: 'mysql-2 takes writes (`read_only` is off)',
    inject: [mariadb('mysql-2', 'SET GLOBAL read_only = 0')],
    restore: [mariadb('mysql-2', 'SET GLOBAL read_only = 1')],
    expected: { fails: ['mysql.replica.read-only', 'mysql.replica.refuses-writes'] },
  },
  {
    name: 'mysql-replica-stopped',
    what: 'mysql-1 receives, and does not apply (`STOP REPLICA SQL_THREAD`)',
    inject: [
      mariadb('mysql-1', 'STOP REPLICA SQL_THREAD'),
      kubectl(...['wait', 'pod', '-n', 'default', 'mysql-1', '--for=condition=Ready=false', '--timeout=60s']),
    ],
    restore: [mariadb('mysql-1', 'START REPLICA SQL_THREAD')],
    // Its readiness probe asks for that, and a pod that is not Ready has no name.
    expected: {
      fails: [
        'workloads.ready',
        'statefulsets.replicas',
        'dns.pod.a',
        'mysql.replication.running',
        'mysql.replication.gtid',
        'mysql.pod-name',
        'mysql.write-read',
      ],
      inconclusive: ['dns.ptr.pod', 'mysql.replica.refuses-writes'],
    },
  },
  {
    name: 'external-database-paused',
    what: 'the container of the external database is paused',
    inject: [{ on: 'docker', verb: 'pause', container: 'external-db' }],
    restore: [{ on: 'docker', verb: 'unpause', container: 'external-db' }],
    expected: { fails: ['external.reachable'] },
  },
  {
    name: 'grpc-headless-deleted',
    what: 'the headless service grpc-backend is gone',
    saves: [grpcBackend],
    inject: [kubectl('delete', 'service', '-n', 'default', 'grpc-backend'), untilReverseNamesExpire],
    restore: [saved(grpcBackend)],
    expected: {
      fails: [
        'services.exists',
        'endpointslices.addresses',
        'dns.headless.a-set',
        'dns.headless.srv',
        'dns.deployment.dashed-ip',
        'dns.ptr.dashed',
        'grpc.headless.spread',
      ],
      inconclusive: [
        'services.type',
        'services.ports',
        'services.ip-families',
        'services.publish-not-ready',
        'services.traffic',
        'services.selector',
        'services.target-port',
        'services.endpoints',
        'endpointslices.sum',
        'endpointslices.orphans',
        'endpointslices.ports',
        'endpointslices.labels',
        'endpointslices.address-type',
        'endpointslices.node-name',
        'endpointslices.target-ref',
        'endpointslices.conditions',
        'endpointslices.hostname.absent',
        'dns.deployment.no-pod-name',
        'dns.nodata',
        'dns.tcp',
        'dns.search-path',
        'dns.ttl',
        'grpc.clusterip.pinned',
      ],
    },
  },
  {
    name: 'pool-without-nat',
    what: "Calico's pool has natOutgoing off",
    inject: [patchPool(false)],
    restore: [patchPool(true)],
    // Nobody outside knows the way back to a pod.
    expected: { fails: ['calico.pools', 'external.reachable'] },
  },
  {
    name: 'broker-frozen',
    what: 'the processes of kafka-2 stand still',
    inject: [
      ...onItsNode('pause', 'kafka-2', 'kafka'),
      until(
        kubectl(
          ...[
            'exec',
            '-n',
            'default',
            'daemonset/multitool',
            '--',
            'sh',
            '-c',
            '! kcat -L -b "$0" -m 3 | grep "broker 2 at"',
          ],
          'kafka-0.kafka-headless.streaming.svc.cluster.local:9092',
        ),
      ),
    ],
    restore: onItsNode('resume', 'kafka-2', 'kafka'),
    // A connection is accepted by the kernel: to Kubernetes the pod is as Ready as before.
    expected: {
      fails: ['kafka.broker.answers', 'kafka.bootstrap', 'kafka.partitions.in-sync'],
      inconclusive: [
        'kafka.node-id',
        'kafka.quorum.voters',
        'kafka.quorum.leader',
        'kafka.broker.advertised',
      ],
    },
  },
]

function patchPool(natOutgoing: boolean): Step {
  return kubectl(
    'patch',
    pool.kind,
    pool.name,
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { natOutgoing } }),
  )
}
