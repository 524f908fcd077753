import { describe, expect, it } from 'vitest'
import { Engine } from '../../../lab/cluster/engine.js'
import { ownRun, RUN_LABEL } from '../../../lab/host/descendants.js'
import { fakeRun, linesOf, never, type Answer, type Call } from '../host/fakes.js'

interface Thing {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly state?: string
}

/** An engine that filters as Docker does: `ps` without -a shows running containers only, labels match exactly. */
function engineWith(containers: readonly Thing[], volumes: readonly Thing[] = []) {
  return fakeRun(({ args }): Answer => {
    const filter = args[args.indexOf('--filter') + 1]?.replace(/^label=/, '') ?? ''
    const cut = filter.indexOf('=')
    const matches = ({ labels }: Thing): boolean =>
      cut === -1 ? filter in labels : labels[filter.slice(0, cut)] === filter.slice(cut + 1)
    if (args[0] === 'ps' && cut === -1)
      return containers
        .filter(matches)
        .map(({ name, labels }) => `id-${name}\t${name}\t${labels[filter] ?? ''}\n`)
        .join('')
    if (args[0] === 'ps') {
      return containers
        .filter((one) => matches(one) && (args.includes('-a') || (one.state ?? 'running') === 'running'))
        .map(({ name, state = 'running' }) => `id-${name}\t${name}\t${state}\timage\n`)
        .join('')
    }
    return args[0] === 'volume' && args[1] === 'ls'
      ? volumes
          .filter(matches)
          .map(({ name }) => `${name}\n`)
          .join('')
      : ''
  })
}

describe('what is the lab’s', () => {
  const containers: Thing[] = [
    { name: 'lab-worker', labels: { 'io.x-k8s.kind.cluster': 'lab' }, state: 'exited' },
    {
      name: 'lab-control-plane',
      labels: { 'io.x-k8s.kind.cluster': 'lab', containerlab: 'lab', 'headless-lab.dev/lab': 'lab' },
    },
    { name: 'lab-db', labels: { containerlab: 'lab' }, state: 'created' },
    { name: 'helper', labels: { 'headless-lab.dev/lab': 'lab' } },
    { name: 'lab-2-control-plane', labels: { 'io.x-k8s.kind.cluster': 'lab-2' } },
    { name: 'lab-worker-of-nobody', labels: {} },
    { name: 'other-key', labels: { 'io.x-k8s.kind.role': 'lab', 'containerlab.x': 'lab' } },
  ]

  it('is found by exact labels, once each, whatever its state', async () => {
    const found = await new Engine(engineWith(containers).run).containers('lab')
    expect(found).toEqual([
      { id: 'id-helper', name: 'helper', state: 'running', image: 'image' },
      { id: 'id-lab-control-plane', name: 'lab-control-plane', state: 'running', image: 'image' },
      { id: 'id-lab-db', name: 'lab-db', state: 'created', image: 'image' },
      { id: 'id-lab-worker', name: 'lab-worker', state: 'exited', image: 'image' },
    ])
  })

  it('is nothing of a lab with another name', async () => {
    expect(await new Engine(engineWith(containers).run).containers('la')).toEqual([])
  })

  it('includes volumes', async () => {
    const volumes = [
      { name: 'ours', labels: { containerlab: 'lab', 'headless-lab.dev/lab': 'lab' } },
      { name: 'theirs', labels: { containerlab: 'lab-2' } },
    ]
    expect(await new Engine(engineWith([], volumes).run).volumes('lab')).toEqual(['ours'])
  })

  it('is removed by id, with its anonymous volumes; nothing needs no command', async () => {
    const { run, calls } = engineWith(containers)
    const engine = new Engine(run)
    const found = await engine.containers('lab')
    calls.length = 0
    await engine.removeContainers(found.slice(0, 2))
    await engine.removeContainers([])
    await engine.removeVolumes([])
    expect(linesOf(calls)).toEqual(['docker rm -f -v id-helper id-lab-control-plane'])
  })
})

describe('what only one run needed', () => {
  it('is left by those that are surely over: none of this run, of an image, or of another namespace', async () => {
    const own = await ownRun()
    const [namespace = '', pid = '', startTime = ''] = own.split(' ')
    // Greater than any process id Linux gives.
    const over = [`${namespace} 5000001 7`, `${namespace} ${pid} ${startTime}0`]
    const not = [own, '', 'x', `${namespace} 0 7`, `${namespace} -5000001 7`, 'pid:[1] 5000001 7']
    const things = [...over, ...not].map((run, i) => ({ name: `c${i}`, labels: { [RUN_LABEL]: run } }))
    const { run } = engineWith([...things, { name: 'other', labels: {} }])
    expect(await new Engine(run).leftByRuns()).toEqual([
      { id: 'id-c0', name: 'c0' },
      { id: 'id-c1', name: 'c1' },
    ])
  })
})

describe('a container that the engine is still making', () => {
  const conflict = {
    exitCode: 1,
    stderr:
      'Error response from daemon: Conflict. The container name "/x" is already in use by container "1".',
  }
  const answers =
    (create: Answer, listed: string, images = 'sha256:1\n') =>
    ({ args: [verb = ''] }: Call): Answer =>
      ({ image: images, create, ps: listed })[verb] ?? ''

  it.each([
    ['one whose name is given and which is not listed', conflict, 'other\n', ['x']],
    ['none that is listed, whosever it is', conflict, 'x\nother\n', []],
    ['none whose name is free', 'id-1\n', 'other\n', []],
  ])('is %s', async (_, create, listed, expected) => {
    const { run, calls } = fakeRun(answers(create, listed))
    expect(await new Engine(run).beingMade(['x'], 'lab')).toEqual(expected)
    expect(linesOf(calls).slice(2, 3)).toEqual(
      // Of one that is there nothing has to be found out.
      listed.startsWith('x')
        ? []
        : ['docker create --pull never --name x --label headless-lab.dev/lab=lab sha256:1 true'],
    )
    // What was made to find out goes again.
    expect(linesOf(calls).includes('docker container rm -v id-1')).toBe(create !== conflict)
  })

  it('is none where there are no images', async () => {
    const { run } = fakeRun(answers(conflict, '', ''))
    expect(await new Engine(run).beingMade(['x'], 'lab')).toEqual([])
  })

  it('is none where nothing can be made', async () => {
    const { run } = fakeRun(answers({ exitCode: 1, stderr: 'no space left on device' }, ''))
    expect(await new Engine(run).beingMade(['x'], 'lab')).toEqual([])
  })

  it('is one that is listed while its name is tried', async () => {
    let listed = ''
    const { run } = fakeRun(({ args: [verb] }) => {
      if (verb !== 'create') return verb === 'image' ? 'sha256:1\n' : listed
      listed = 'x\n'
      return conflict
    })
    expect(await new Engine(run).beingMade(['x'], 'lab')).toEqual(['x'])
  })

  it('is looked for with another image where that of the probe is absent', async () => {
    const { run, calls } = fakeRun(({ line, args: [verb] }) => {
      if (verb === 'image') return line.includes('headless-lab/probe') ? '' : 'sha256:2\nsha256:3\n'
      return verb === 'create' ? 'id-1\n' : ''
    })
    expect(await new Engine(run).beingMade(['x'], 'lab')).toEqual([])
    expect(linesOf(calls).some((line) => line.endsWith('sha256:2 true'))).toBe(true)
  })
})

describe('volumes', () => {
  const container = { id: 'id', name: 'lab-worker', state: 'running', image: 'image' }

  it('of a container are those that nobody named, each once', async () => {
    const name = '0123456789abcdef'.repeat(4)
    const { run, calls } = fakeRun(() => `${name}\n\ndata\n${name}\n${name}0\n`)
    expect(await new Engine(run).anonymousVolumes([container])).toEqual([name])
    expect(linesOf(calls)).toEqual([
      'docker container inspect --format {{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}} id',
    ])
  })

  it('of no container need no command', async () => {
    const { run, calls } = fakeRun(() => '')
    expect(await new Engine(run).anonymousVolumes([])).toEqual([])
    expect(calls).toEqual([])
  })
})

describe('an image', () => {
  const has = (answer: Answer): Promise<boolean> => new Engine(fakeRun(() => answer).run).hasImage('redis:8')

  it('is there or not', async () => {
    expect(await has('sha256:1\n')).toBe(true)
    expect(await has({ exitCode: 1, stderr: 'Error response from daemon: No such image: redis:8\n' })).toBe(
      false,
    )
  })

  it('is not said to be absent by an engine that does not answer', async () => {
    const stderr = 'Cannot connect to the Docker daemon\n'
    await expect(has({ exitCode: 1, stderr })).rejects.toMatchObject({
      code: 'command.failed',
      details: 'Cannot connect to the Docker daemon',
    })
  })
})

it('tells what a container wrote to either stream', async () => {
  const { run, calls } = fakeRun(() => ({ stdout: 'out\n', stderr: 'err\n' }))
  expect(await new Engine(run).logs('id', 5)).toBe('out\nerr\n')
  expect(linesOf(calls)).toEqual(['docker logs --tail 5 id'])
})

describe('networks', () => {
  it.each([
    ['both', '172.18.0.9\nfc00::9\n\n', ['172.18.0.9', 'fc00::9']],
    ['IPv4 only', '172.18.0.9\n\n\n', ['172.18.0.9']],
    ['IPv4 only, in the words of newer engines', '172.18.0.9\ninvalid IP\n\n', ['172.18.0.9']],
    ['none, as it does not run', '\n\n\n', []],
    ['none, as it is on another network', '\n', []],
  ])('tell the addresses of a container: %s', async (_, stdout, addresses) => {
    const { run, calls } = fakeRun(() => stdout)
    expect(await new Engine(run).addresses('lab-external-db', 'kind')).toEqual(addresses)
    expect(linesOf(calls)[0]).toMatch(/^docker container inspect .*"kind".* lab-external-db$/)
  })

  it('has no container that is gone; one that does not answer is an error', async () => {
    const asked = (stderr: string): Promise<string[]> =>
      new Engine(fakeRun(() => ({ exitCode: 1, stderr })).run).addresses('lab-external-db', 'kind')
    expect(await asked('Error response from daemon: No such container: lab-external-db\n')).toEqual([])
    await expect(asked('Cannot connect to the Docker daemon\n')).rejects.toMatchObject({
      code: 'command.failed',
      details: 'Cannot connect to the Docker daemon',
    })
  })

  it('are in use also by stopped containers', async () => {
    const { run, calls } = fakeRun(({ args }) => (args.includes('network=kind') ? 'db\n' : ''))
    const engine = new Engine(run)
    expect(await engine.networkUsers('kind')).toEqual(['db'])
    expect(await engine.networkUsers('other')).toEqual([])
    expect(calls[0]?.args).toContain('-a')
  })

  it('and routes of the host, ours told apart', async () => {
    const { run } = fakeRun(({ line }): Answer => {
      if (line === 'docker network ls -q') return 'a\nb\nc\n'
      if (line.startsWith('docker network inspect')) {
        return 'bridge\t172.17.0.0/16 \nkind\tfc00:f853::/64 172.18.0.0/16 \nhost\t\n'
      }
      return line.includes('-6')
        ? 'fe80::/64 dev eth0 proto kernel metric 256 pref medium\n'
        : 'default via 10.0.0.1 dev eth0 \n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.7 \nunreachable 10.9.0.0/16 \n'
    })
    expect(await new Engine(run).hostNetworks(['kind'])).toEqual({
      dockerNetworks: [
        { name: 'bridge', subnets: ['172.17.0.0/16'], ours: false },
        { name: 'kind', subnets: ['fc00:f853::/64', '172.18.0.0/16'], ours: true },
        { name: 'host', subnets: [], ours: false },
      ],
      routes: [
        { destination: 'default', device: 'eth0' },
        { destination: '10.0.0.0/24', device: 'eth0' },
        { destination: 'fe80::/64', device: 'eth0' },
      ],
    })
  })
})

it('counts the containers of every lab, by each of the labels that make one a lab’s, and those that run', async () => {
  const containers: Thing[] = [
    { name: 'lab-control-plane', labels: { 'io.x-k8s.kind.cluster': 'lab' } },
    {
      name: 'lab-worker',
      labels: { 'io.x-k8s.kind.cluster': 'lab', 'headless-lab.dev/lab': 'lab' },
      state: 'exited',
    },
    { name: 'helper', labels: { 'headless-lab.dev/lab': 'lab' } },
    { name: 'lab-external-db', labels: { containerlab: 'lab' } },
    // All that `kind delete cluster` leaves of a lab.
    { name: 'old-external-db', labels: { containerlab: 'old' }, state: 'exited' },
    { name: 'kind-control-plane', labels: { 'io.x-k8s.kind.cluster': 'kind' } },
    { name: 'of-nobody', labels: { other: 'lab' }, state: 'exited' },
  ]
  // As Docker fills in a format.
  const { run } = fakeRun(({ args }) => {
    const format = args[args.indexOf('--format') + 1] ?? ''
    return containers
      .map(({ name, labels, state = 'running' }) =>
        format
          .replaceAll('{{.ID}}', `id-${name}`)
          .replaceAll('{{.State}}', state)
          .replaceAll(/\{\{\.Label "([^"]+)"\}\}/g, (_, label: string) => labels[label] ?? ''),
      )
      .join('\n')
  })
  expect(await new Engine(run).labs()).toEqual([
    { name: 'kind', running: 1, all: 1 },
    { name: 'lab', running: 3, all: 4 },
    { name: 'old', running: 0, all: 1 },
  ])
})

it('ends its commands with the step', async () => {
  const { run, calls } = fakeRun(() => '')
  const signal = never()
  await new Engine(run, { signal }).containers('lab')
  expect(calls.every(({ options }) => options.signal === signal)).toBe(true)
})

it('fails with the engine’s words', async () => {
  const { run } = fakeRun(() => ({ exitCode: 1, stderr: 'Cannot connect to the Docker daemon\n' }))
  await expect(new Engine(run).containers('lab')).rejects.toMatchObject({
    code: 'command.failed',
    details: 'Cannot connect to the Docker daemon',
  })
})

describe('a container', () => {
  const inspecting = (answer: Answer): Engine => new Engine(fakeRun(() => answer).run)
  const gone = { exitCode: 1, stderr: 'Error response from daemon: No such container: x\n' }

  it('was started at a time, or never', async () => {
    const at = '2026-01-02T03:04:05.678901234Z'
    expect(await inspecting(`${at}\n`).startedAt('x')).toEqual(new Date('2026-01-02T03:04:05.678Z'))
    expect(await inspecting('0001-01-01T00:00:00Z\n').startedAt('x')).toBeUndefined()
    expect(await inspecting(gone).startedAt('x')).toBeUndefined()
  })

  it('has a process of the host while it runs', async () => {
    expect(await inspecting('4711\n').pid('x')).toBe(4711)
    expect(await inspecting('0\n').pid('x')).toBeUndefined()
    expect(await inspecting(gone).pid('x')).toBeUndefined()
  })

  it('is stopped with others beside it, and none without any', async () => {
    const { run, calls } = fakeRun(() => '')
    const one = { name: 'a', state: 'running', image: 'i' }
    await new Engine(run).stop([], 9)
    await new Engine(run).stop(
      [
        { ...one, id: '1' },
        { ...one, id: '2' },
      ],
      9,
    )
    expect(linesOf(calls)).toEqual(['docker stop -t 9 1 2'])
  })
})
