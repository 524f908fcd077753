import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import type { DiagnoseContext } from '../../../lab/diagnose/context.js'
import { diagnose } from '../../../lab/diagnose/diagnose.js'
import { LabError } from '../../../lab/errors.js'
import { tryRun, type Run } from '../../../lab/host/run.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { apiServer, muteServer, type ApiAnswer, type ApiCall } from '../cluster/api-server.js'
import { well } from '../doctor/well.js'
import { fakeRun, never, rejectionOf, temporaryFolder } from '../host/fakes.js'

const spec = await loadSpec({ name: 'blue' })
const plan = makePlan(spec)
const [node = ''] = plan.nodes
const at = new Date('2026-01-31T23:59:58Z')
const limits = { answerMs: 10_000, partMs: 10_000, wholeMs: 60_000 }

/** The password of a Secret of the lab, which everything here speaks of. */
const PASSWORD = 'Correct-Horse-7'
const ENCODED = Buffer.from(PASSWORD).toString('base64')

interface Facts {
  readonly engine?: 'running' | 'stopped'
  /** State of the first node; without it there is no container. */
  readonly node?: 'running' | 'exited'
  /** Whether there is a folder of the lab. */
  readonly folder?: boolean
  readonly api?: 'answers' | 'silent'
}

function answer({ path }: ApiCall): ApiAnswer {
  const container = { name: 'web', ready: true }
  const pod = { metadata: { namespace: 'shop', name: 'web-0' }, status: { containerStatuses: [container] } }
  if (path === '/api/v1/pods') return [200, { items: [pod] }]
  if (path === '/api/v1/secrets') return [200, { items: [{ type: 'Opaque', data: { a: ENCODED } }] }]
  if (path.endsWith('/log')) return [200, `connecting with ${PASSWORD}\n`]
  return [200, { items: [{ note: `${PASSWORD} or ${ENCODED}` }] }]
}

/** Docker as the facts have it; tar is the host's own. */
function dockerOf({ engine = 'running', node: state }: Facts): Run {
  const { run } = fakeRun(({ line, args }) => {
    if (args[0] === 'version') return engine === 'running' ? '{"v":1}' : { exitCode: 1, stderr: 'no daemon' }
    if (args[0] === '-c') return '/usr/bin/dockerd'
    if (line.includes('label=io.x-k8s.kind.cluster=blue'))
      return state === undefined ? '' : `id\t${node}\t${state}\timage\n`
    if (args[0] === 'ps') return ''
    if (args[0] === 'info') return engine === 'running' ? '{}' : { exitCode: 1, stderr: 'no daemon' }
    if (args[0] === 'exec' && line.includes('kubernetes.io~secret')) return `${ENCODED}\n`
    if (args[0] === 'exec' || args[0] === 'logs') return `the node knows ${PASSWORD}\n`
    return args.includes('inspect') ? `[{"Env":["DB_PASSWORD=x"]}]` : undefined
  })
  return (file, args, options) => (file === 'tar' ? tryRun : run)(file, args, options)
}

async function world(facts: Facts) {
  const folder = await temporaryFolder()
  const state = new LabState('blue', join(folder, '.lab/blue'))
  if (facts.folder === true) {
    await state.journal({ event: 'nodes-intent' })
    await writeFile(state.logFile('containerlab'), 'deploying')
  }
  if (facts.api !== undefined) {
    const { config } = facts.api === 'answers' ? await apiServer(answer) : await muteServer()
    await mkdir(dirname(state.kubeconfig()), { recursive: true })
    await writeFile(state.kubeconfig(), config.exportConfig())
  }
  const context: DiagnoseContext = {
    ...{ spec, plan, state, run: dockerOf(facts), cache: join(folder, 'cache'), version: '1.2.3' },
    examine: () => Promise.resolve({ findings: [], facts: well }),
    status: () =>
      Promise.resolve({
        ...{ lab: 'blue', phase: 'absent', nodes: [] },
        versions: { kubernetes: 'v1', calico: 'v3' },
      }),
  }
  return { folder, context, file: join(folder, 'out.tar.gz') }
}

async function diagnosed(facts: Facts, { answerMs }: { answerMs: number } = limits) {
  const { folder, context, file } = await world(facts)
  const told: string[] = []
  const result = await diagnose(context, file, at, {
    signal: never(),
    onProblem: ({ what }) => void told.push(what),
    limits: { ...limits, answerMs },
  })
  await execa('tar', ['-xzf', file, '-C', folder])
  const top = join(folder, 'headless-lab-blue-20260131T235958Z')
  const entries = await readdir(top, { recursive: true, withFileTypes: true })
  const names = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const texts = await Promise.all(names.map((name) => readFile(name, 'utf8')))
  const files = new Map(names.map((name, i) => [name.slice(top.length + 1), texts[i] ?? '']))
  return { result, told, files }
}

const ALWAYS = [
  ...['README.md', 'problems.txt', 'status.json', 'plan/spec.json', 'plan/kind.yaml', 'plan/manifests.yaml'],
  ...['host/versions.json', 'host/artifacts.json', 'host/doctor.json'],
]

describe('a lab that runs', () => {
  test('is in the archive, and its passwords are not, wherever they were', async () => {
    const { files, result, told } = await diagnosed({ node: 'running', folder: true, api: 'answers' })
    for (const file of [
      ...ALWAYS,
      ...['state/journal.jsonl', 'state/logs/containerlab.log', `containers/${node}/inspect.json`],
      ...[`containers/${node}/docker.log`, `containers/${node}/kubelet.log`, 'cluster/services.json'],
      ...['cluster/secrets.json', 'cluster/logs/shop/web-0/web.log', 'host/docker-version.json'],
    ])
      expect([...files.keys()]).toContain(file)
    expect(files.get('cluster/logs/shop/web-0/web.log')).toBe('connecting with [redacted]\n')
    expect(files.get(`containers/${node}/kubelet.log`)).toBe('the node knows [redacted]\n')
    expect(files.get('cluster/services.json')).toContain('"[redacted] or [redacted]"')
    expect(files.get(`containers/${node}/inspect.json`)).toContain('DB_PASSWORD=[redacted]')
    const all = [...files.values()].join('\n')
    for (const secret of [PASSWORD, ENCODED]) expect(all).not.toContain(secret)
    expect(result.secrets).toBe('read from the API server (Secrets: 1)')
    expect(told).toEqual(['logs of the cache'])
  })

  test('has an index of its files, and what could not be collected', async () => {
    const { files } = await diagnosed({ node: 'running', folder: true, api: 'answers' })
    const index = files.get('README.md') ?? ''
    expect(index).toContain('# Lab blue, 2026-01-31T23:59:58.000Z')
    expect(index).toContain('headless-lab 1.2.3')
    expect(index).toContain('| cluster/logs/shop/web-0/web.log | log of a container | 1 |')
    const listed = [...index.matchAll(/^\| (\S+\.\w+) \|/gm)].map(([, name]) => name)
    expect([...listed, 'README.md', 'problems.txt'].sort()).toEqual([...files.keys()].sort())
    expect(files.get('problems.txt')).toMatch(/^logs of the cache: there is no folder \S+\n$/)
  })
})

describe('whatever the state, an archive is written', () => {
  test.each<[string, Facts, string[]]>([
    [
      'no lab at all',
      {},
      [
        "the lab's folder: there is no folder",
        'containers: lab blue has none',
        'cluster: there is no kubeconfig',
      ],
    ],
    [
      'a lab, and the engine does not run',
      { engine: 'stopped', folder: true },
      ['containers: the Docker engine does not run', 'host/docker-version.json: docker version'],
    ],
    [
      'a lab half made',
      { folder: true, node: 'running' },
      ['cluster: there is no kubeconfig: no lab was made here to the end'],
    ],
    [
      'a lab whose node is dead',
      { folder: true, node: 'exited' },
      [`containers/${node}/kubelet.log: ${node} is exited`],
    ],
  ])('%s', async (_, facts, problems) => {
    const { files } = await diagnosed(facts)
    for (const file of ALWAYS) expect([...files.keys()]).toContain(file)
    for (const problem of problems) expect(files.get('problems.txt')).toContain(problem)
    expect([...files.keys()].includes('state/journal.jsonl')).toBe(facts.folder === true)
  })

  test('an API server that is silent, and values of Secrets that the nodes know', async () => {
    const { files, result } = await diagnosed(
      { node: 'running', folder: true, api: 'silent' },
      { answerMs: 20 },
    )
    expect(files.get('problems.txt')).toContain('cluster: no answer within 0.02 s')
    expect(files.get(`containers/${node}/docker.log`)).toBe('the node knows [redacted]\n')
    expect(result.secrets).toContain(`read from mounts on ${node}`)
    expect(files.get('README.md')).toContain(`read from mounts on ${node}`)
  })
})

test('nothing is written when it is interrupted', async () => {
  const { context, file, folder } = await world({ folder: true })
  const controller = new AbortController()
  const status = (): Promise<never> => {
    controller.abort(new LabError('interrupted', 'stop'))
    return new Promise(() => undefined)
  }
  const told: string[] = []
  const onProblem = ({ what }: { what: string }): void => void told.push(what)
  const running = diagnose({ ...context, status }, file, at, {
    ...{ signal: controller.signal, onProblem, limits },
  })
  expect(await rejectionOf(running)).toMatchObject({ code: 'interrupted' })
  expect(await readdir(folder)).toEqual(['.lab'])
  expect(told).not.toContain('status.json')
})
