import { expect, test } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import type { DiagnoseContext } from '../../../lab/diagnose/context.js'
import { redactor } from '../../../lab/diagnose/redact.js'
import { labSource } from '../../../lab/diagnose/sources/lab.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { parseSpec } from '../../../lab/spec/index.js'
import { well } from '../doctor/well.js'
import { fakeRun, never, temporaryFolder } from '../host/fakes.js'

/** Longer than a line of YAML is where lines are folded. */
const server = 'redis-server --port 6379 --appendonly yes --save 60 1000 --loglevel notice'
const cmd = `${server} --requirepass "correct horse"`
const without = `${server} --requirepass "[redacted]"`

const parsed = parseSpec({ topology: { linuxNodes: [{ name: 'cache', image: 'redis:8', cmd }] } })
if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('\n'))
const { spec } = parsed
const plan = makePlan(spec)

/** A file as the archive has it where the values of Secrets are not known. */
async function archived(file: string): Promise<string> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { args: [cmd] } }
  const context: DiagnoseContext = {
    ...{ spec, plan: { ...plan, manifests: () => [pod] }, cache: '', version: '1' },
    ...{ state: new LabState('blue', await temporaryFolder()), run: fakeRun(() => undefined).run },
    examine: () => Promise.resolve({ findings: [], facts: well }),
    status: () => Promise.reject(new Error('not asked')),
  }
  const parts = await labSource(context).find(never())
  const text = await parts.find((part) => part.file === file)?.read(never())
  return redactor([])(text ?? '').text
}

test('a password in the command of a linux node is in neither the spec nor the topology rendered of it', async () => {
  expect(await archived('plan/spec.json')).toContain(`"cmd": ${JSON.stringify(without)}`)
  const topology = plan.containerlab('headless-lab/node:1', {})
  expect(topology).toContain('correct horse')
  expect(redactor([])(topology).text).toContain(`cmd: ${without}\n`)
})

test('lines of manifests are not folded: a password is told by the flag before it', async () => {
  expect(await archived('plan/manifests.yaml')).toContain(`- ${without}\n`)
})
