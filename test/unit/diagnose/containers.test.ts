import { describe, expect, test } from 'vitest'
import type { Part } from '../../../lab/diagnose/part.js'
import { containersSource } from '../../../lab/diagnose/sources/containers.js'
import { BYTES } from '../../../lab/diagnose/tail-of.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { fakeRun, linesOf, never, type Answer } from '../host/fakes.js'

const plan = makePlan(await loadSpec({ name: 'blue' }))
const [node = '', other = ''] = plan.nodes
const database = 'blue-external-db'

interface Facts {
  readonly engine?: 'running' | 'stopped' | 'absent'
  /** State of each container that is there, by name. */
  readonly containers?: Readonly<Record<string, string>>
  readonly answer?: (line: string) => Answer
}

function world({ engine = 'running', containers = {}, answer = () => '' }: Facts) {
  const { run, calls } = fakeRun(({ line, args }) => {
    if (args[0] === 'version') return engine === 'running' ? '28.0' : { exitCode: 1, stderr: 'no daemon' }
    if (args[0] === '-c') return { exitCode: engine === 'stopped' ? 0 : 1 }
    if (line.includes('label=io.x-k8s.kind.cluster=blue'))
      return Object.entries(containers)
        .map(([name, state]) => `id-${name}\t${name}\t${state}\timage`)
        .join('\n')
    return args[0] === 'ps' ? '' : answer(line)
  })
  return { source: containersSource({ plan, run }), calls }
}

const files = (parts: readonly Part[], name: string): string[] =>
  parts.flatMap(({ file }) => (file.startsWith(`containers/${name}/`) ? [file.split('/')[2] ?? ''] : []))

async function read(parts: readonly Part[], file: string): Promise<string | undefined> {
  return parts.find((part) => part.file === file)?.read(never())
}

describe('the containers of a lab', () => {
  test('are all asked, and the nodes among them from inside too', async () => {
    const { source, calls } = world({
      containers: { [node]: 'running', [database]: 'running' },
      answer: (line) => ({ stdout: `out of ${line}\n`, stderr: line.includes(' logs ') ? 'err\n' : '' }),
    })
    const parts = await source.find(never())
    expect(files(parts, node)).toEqual([
      ...['inspect.json', 'docker.log', 'kubelet.log', 'containerd.log', 'pods.txt', 'runtime.txt'],
      'network.txt',
    ])
    expect(files(parts, database)).toEqual(['inspect.json', 'docker.log'])
    expect(await read(parts, `containers/${node}/inspect.json`)).toContain(`container inspect id-${node}`)
    expect(await read(parts, `containers/${node}/docker.log`)).toBe(
      `out of docker logs --tail 5000 id-${node}\nerr\n`,
    )
    expect(await read(parts, `containers/${node}/kubelet.log`)).toContain('journalctl -u kubelet -n 5000')
    expect(await read(parts, `containers/${node}/pods.txt`)).toContain('/var/log/pods/')
    expect(await read(parts, 'containers/network.json')).toContain('network inspect kind')
    const changing = /^docker (?!version|ps|logs|exec|container inspect|network inspect)/
    expect(linesOf(calls).filter((line) => changing.test(line))).toEqual([])
  })

  test('that do not run are not asked from inside', async () => {
    const { source } = world({ containers: { [node]: 'exited', [other]: 'paused' } })
    const parts = await source.find(never())
    await expect(read(parts, `containers/${node}/kubelet.log`)).rejects.toThrow(`${node} is exited`)
    await expect(read(parts, `containers/${other}/pods.txt`)).rejects.toThrow(`${other} is paused`)
    expect(await read(parts, `containers/${node}/docker.log`)).toBe('')
  })

  test('tell more together than one of them may alone', async () => {
    const text = 'a line of a log\n'.repeat(100_000)
    const { source } = world({ containers: { [node]: 'running' }, answer: () => text })
    expect(await read(await source.find(never()), `containers/${node}/pods.txt`)).toBe(text)
  })

  test('may write endless logs, of which the end is kept', async () => {
    const { source } = world({
      containers: { [node]: 'running' },
      answer: () => 'a line of a log that nothing ends\n'.repeat(50_000),
    })
    const log = await read(await source.find(never()), `containers/${node}/docker.log`)
    expect(log).toMatch(/^… the last \d+ of 1700000 bytes …\na line/)
    expect(Buffer.byteLength(log ?? '')).toBeLessThan(BYTES + 100)
  })

  test.each<[string, Facts, string]>([
    ['there are none', {}, 'lab blue has none'],
    ['the engine does not run, and is not started', { engine: 'stopped' }, 'the Docker engine does not run'],
    ['there is no engine', { engine: 'absent' }, 'there is no Docker engine'],
  ])('%s', async (_, facts, reason) => {
    const { source, calls } = world(facts)
    await expect(source.find(never())).rejects.toThrow(reason)
    expect(linesOf(calls).filter((line) => /dockerd$|systemctl|start/.test(line))).toEqual(
      facts.engine === undefined ? [] : ['sh -c command -v "$1" sh dockerd'],
    )
  })
})
