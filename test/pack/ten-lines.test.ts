import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { consumer, listed, objects } from './consumer.js'

const APP = `import { App, Chart } from 'cdk8s'
import { Redis, ServicePair } from 'headless-lab'
const app = new App()
const chart = new Chart(app, 'cache', { namespace: 'shop' })
new Redis(chart, 'redis', { replicas: 2 })
const selector = { app: 'redis' }
new ServicePair(chart, 'pair', { name: 'cache', selector, ports: [{ name: 'redis', port: 6379 }] })
console.log(app.synthYaml())
`
const REDIS = [
  'NetworkPolicy redis',
  'PodDisruptionBudget redis',
  'Service redis-headless',
  'StatefulSet redis',
]

test('an empty folder gets from npm install to YAML in ten lines, and loads nothing of the program', async () => {
  expect(APP.trim().split('\n').length).toBeLessThanOrEqual(10)
  const project = await consumer()
  await project.install()
  await project.write('app.mjs', APP)

  const yaml = await project.run('env', 'NODE_V8_COVERAGE=loaded', 'node', 'app.mjs')
  const ours = ['Service cache', 'Service cache-headless']
  expect(listed(objects(yaml))).toEqual([...REDIS, ...ours].sort())

  // Node's coverage has an entry for each script that was loaded, CommonJS or not.
  const modules = `file://${project.folder}/node_modules/`
  const loaded = new Set<string>()
  for (const file of await readdir(join(project.folder, 'loaded'))) {
    const text = await readFile(join(project.folder, 'loaded', file), 'utf8')
    const { result } = JSON.parse(text) as { result: { url: string }[] }
    for (const { url } of result) if (url.startsWith(modules)) loaded.add(url.slice(modules.length))
  }
  const packages = new Set([...loaded].map((file) => file.split('/')[0]))
  expect([...packages].sort()).toEqual(['cdk8s', 'cdk8s-plus-28', 'constructs', 'headless-lab'])
  const own = [...loaded].filter((file) => file.startsWith('headless-lab/'))
  expect(own.filter((file) => !file.startsWith('headless-lab/build/constructs/'))).toEqual([])

  // The same from CommonJS, and the program from the same package.
  const required = APP.replaceAll(/import (\{.*\}) from ('.*')/g, 'const $1 = require($2)')
  await project.write('app.cjs', required)
  expect(await project.run('node', 'app.cjs')).toBe(yaml)
  expect(await project.run('npx', '--no-install', 'headless-lab', '--help')).toContain('deploy')
  const topology = `const { parseTopology } = require('headless-lab/topology'); console.log(typeof parseTopology)`
  expect(await project.run('node', '-e', topology)).toBe('function')
  const verifier = `const { verify } = require('headless-lab/verify'); console.log(typeof verify)`
  expect(await project.run('node', '-e', verifier)).toBe('function')
  const esm = `import { verify } from 'headless-lab/verify'; console.log(typeof verify)`
  expect(await project.run('node', '--input-type=module', '-e', esm)).toBe('function')
})
