import { Construct } from 'constructs'
import { k8s } from 'cdk8s-plus-28'
import { Credentials, ServicePair, StatefulWorkload, resources, scratch, type Peer } from 'headless-lab'

/** Properties of {@link Nats}. */
export interface NatsProps {
  /** Number of servers: 3 or 5, so that most of them can agree. @default 3 */
  readonly replicas?: number
  /** Clients beside the pods of the namespace. @default - none */
  readonly allowFrom?: readonly Peer[]
}

const CLIENT = 4222
const ROUTE = 6222
const MONITOR = 8222

/** The configuration is made where it is used: it holds the token, and the token is only in the Secret. */
const START = `set -eu
umask 077
token=$(cat /run/credentials/token)
cat > /run/nats/nats.conf <<EOF
server_name: $POD_NAME
port: ${CLIENT}
http_port: ${MONITOR}
authorization { token: "$token" }
jetstream { store_dir: /data }
cluster { name: nats, port: ${ROUTE}, routes: [ $ROUTES ] }
EOF
exec nats-server -c /run/nats/nats.conf
`

/** A NATS cluster with JetStream: servers that find each other by their DNS names. */
export class Nats extends Construct {
  readonly services: ServicePair
  readonly workload: StatefulWorkload
  readonly credentials: Credentials

  constructor(scope: Construct, id: string, { replicas = 3, allowFrom = [] }: NatsProps = {}) {
    super(scope, id)
    const name = 'nats'
    const selector = { app: name }
    const labels = { ...selector, 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'messaging' }

    this.credentials = new Credentials(this, 'credentials', { name: `${name}-secret`, keys: ['token'] })
    this.services = new ServicePair(this, 'services', {
      name,
      selector,
      labels,
      ports: [{ name: 'nats', port: CLIENT, targetPort: 'nats' }],
      // Servers must find each other to become Ready.
      headless: { publishNotReadyAddresses: true },
    })
    const { headless } = this.services
    const peers = Array.from({ length: replicas }, (_, ordinal) => headless.pod(`${name}-${ordinal}`).fqdn)

    this.workload = new StatefulWorkload(this, 'workload', {
      name,
      replicas,
      service: headless,
      selector,
      labels,
      podManagement: 'Parallel',
      volumeClaims: [{ name: 'data', size: '2Gi' }],
      // Clients come from the namespace and from where the props say, routes only from the servers themselves.
      ingress: { clients: [CLIENT], peers: [ROUTE], allowFrom },
      pod: {
        containers: [
          {
            name,
            image: 'nats:2.11-alpine',
            command: ['sh', '-c', START],
            env: [
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'ROUTES', value: peers.map((peer) => `"nats://${peer}:${ROUTE}"`).join(', ') },
            ],
            ports: [
              { name: 'nats', containerPort: CLIENT },
              { name: 'route', containerPort: ROUTE },
              { name: 'monitor', containerPort: MONITOR },
            ],
            readinessProbe: {
              httpGet: { path: '/healthz?js-enabled-only=true', port: k8s.IntOrString.fromString('monitor') },
            },
            resources: resources({ cpu: '50m', memory: '64Mi', memoryLimit: '256Mi' }),
            volumeMounts: [
              { name: 'data', mountPath: '/data' },
              { name: 'run', mountPath: '/run/nats' },
              { name: 'credentials', mountPath: '/run/credentials', readOnly: true },
            ],
          },
        ],
        volumes: [scratch('run'), this.credentials.volume('credentials')],
      },
    })
  }
}
