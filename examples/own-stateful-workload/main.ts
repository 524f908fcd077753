import { App, Chart } from 'cdk8s'
import { IngressPolicy } from 'headless-lab'
import { Nats } from './nats.js'

const app = new App()
const chart = new Chart(app, 'messaging', { namespace: 'messaging' })
new Nats(chart, 'nats', { allowFrom: [{ namespace: 'web' }] })

// Policies add up: beside what the workload lets in, the monitoring may read the servers' state.
new IngressPolicy(chart, 'monitoring', {
  name: 'nats-monitoring',
  selector: { app: 'nats' },
  rules: [{ from: [{ namespace: 'monitoring', podLabels: { app: 'prometheus' } }], ports: [8222] }],
})

console.log(app.synthYaml())
