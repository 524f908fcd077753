import { App, Chart } from 'cdk8s'
import { Redis } from 'headless-lab'

const app = new App()
const chart = new Chart(app, 'cache', { namespace: 'shop' })
const redis = new Redis(chart, 'redis', { replicas: 2 })

console.error(`write to ${redis.headless.pod(0).fqdn}`)
console.log(app.synthYaml())
