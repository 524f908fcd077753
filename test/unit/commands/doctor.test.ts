import { afterEach, describe, expect, test, vi } from 'vitest'
import { doctor } from '../../../lab/commands/doctor.js'
import type { DoctorFacts } from '../../../lab/doctor/facts.js'
import { well } from '../doctor/well.js'

// What is measured comes from the test; starting the engine is noted.
const world = vi.hoisted((): { facts: unknown[]; done: string[] } => ({ facts: [], done: [] }))
vi.mock('../../../lab/doctor/examine.js', () => ({
  examine: () => Promise.resolve(world.facts.length > 1 ? world.facts.shift() : world.facts[0]),
}))
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () => Promise.resolve({ survey: () => Promise.resolve({ pending: [], tools: [] }) }),
}))
vi.mock('../../../lab/host/engine.js', async (original) => ({
  ...(await original<object>()),
  startEngine: () => Promise.resolve(void world.done.push('start engine')),
}))
vi.mock('../../../lab/host/run.js', async (original) => ({
  ...(await original<object>()),
  tryRun: (file: string, args: readonly string[]) => {
    world.done.push([file, ...args].join(' '))
    return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
  },
}))

afterEach(() => {
  world.facts = []
  world.done = []
})

async function run(facts: DoctorFacts[], options: Parameters<typeof doctor>[0] = {}) {
  world.facts = facts
  const printed: string[] = []
  const said: string[] = []
  const { signal } = new AbortController()
  const code = await doctor(options, {
    signal,
    say: (line) => void said.push(line),
    print: (text) => void printed.push(text),
  })
  return { code, printed: printed.join('\n'), said }
}

const stopped: DoctorFacts = {
  ...well,
  ...{ host: { ...well.host, engine: 'stopped' }, engine: undefined, privileged: undefined },
}
const full: DoctorFacts = { ...well, inotify: { ...well.inotify, instances: 120 } }

describe('doctor', () => {
  test('ends with 0 where all is well, and with 3 where something would make a lab fail', async () => {
    expect(await run([well])).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/all is well$/) as string,
    })
    expect(await run([full])).toMatchObject({ code: 3 })
  })

  test('changes nothing by itself', async () => {
    await run([stopped])
    expect(world.done).toEqual([])
  })

  test('does what is safe with --fix, says it, and looks again', async () => {
    const engine = await run([stopped, well], { fix: true })
    expect(engine).toMatchObject({ code: 0, said: ['starting the Docker engine'] })
    const limits = await run([full, well], { fix: true })
    expect(limits).toMatchObject({
      code: 0,
      said: ['sysctl fs.inotify.max_user_instances=512, until the next start of this host'],
    })
    expect(world.done).toEqual(['start engine', 'sysctl -w fs.inotify.max_user_instances=512'])
  })

  test('prints one object with --json', async () => {
    const { printed } = await run([full], { json: true })
    const { schema, lab, findings } = JSON.parse(printed) as {
      schema: string
      lab: string
      findings: object[]
    }
    expect([schema, lab]).toEqual(['headless-lab/doctor/v1', 'headless-services'])
    expect(findings).toContainEqual(expect.objectContaining({ id: 'inotify.instances', verdict: 'fail' }))
  })
})
