import { App, Chart, ChartProps } from 'cdk8s'
import { Construct } from 'constructs'
import { Postgres } from 'headless-lab'

export class OrdersDatabase extends Chart {
  readonly postgres: Postgres

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, props)
    this.postgres = new Postgres(this, 'postgres', {
      name: 'orders',
      // An image with Patroni, of your own registry: there is no official one.
      image: 'registry.example.com/postgres-patroni:17',
      replicas: 3,
      volume: { size: '20Gi', storageClass: 'standard' },
      // Clients of another namespace, beside those of this one.
      allowFrom: [{ namespace: 'web', podLabels: { app: 'shop' } }],
    })
  }
}

const app = new App()
const { postgres } = new OrdersDatabase(app, 'orders', { namespace: 'database' })
app.synth()

console.log(`write: ${postgres.primary.dns.fqdn}:5432`)
console.log(`read:  ${postgres.clusterIp.dns.fqdn}:5432`)
console.log(`pods:  ${postgres.headless.pods().map((pod) => pod.fqdn)}`)
console.log(`needs: Secret ${postgres.credentials.secretName} with ${postgres.credentials.keys}`)
