import { describe, expect, test } from 'vitest'
import { findingsOf } from '../../../lab/doctor/findings.js'
import type { DoctorFacts, Nameserver } from '../../../lab/doctor/facts.js'
import type { Finding } from '../../../lab/doctor/finding.js'
import { renderFindings, summaryOf } from '../../../lab/doctor/render.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { well } from './well.js'

const plan = makePlan(await loadSpec({}))

const of = (facts: Partial<DoctorFacts>, kubernetes = 'v1.34.4'): Finding[] =>
  findingsOf({ ...well, ...facts }, plan, kubernetes)

const nameserver = (server: Partial<Nameserver>): Nameserver => ({
  ...{ address: '192.0.2.53', answers: undefined, within: undefined },
  ...server,
})

const notOk = (facts: Partial<DoctorFacts>, kubernetes?: string): string[] =>
  of(facts, kubernetes).flatMap(({ id, verdict }) => (verdict === 'ok' ? [] : [`${id} ${verdict}`]))

describe('a host', () => {
  test('on which nothing is wrong is well', () => {
    expect(notOk({})).toEqual([])
    expect(summaryOf(of({}))).toBe('all is well')
  })

  test.each<[string, Partial<DoctorFacts>, string[]]>([
    ['not root', { isRoot: false }, ['root fail']],
    [
      'whose engine may not be asked',
      {
        ...{ host: undefined, privileged: undefined, clashes: undefined, labs: undefined },
        engine: {
          trouble: { why: 'you may not use the Docker engine of this host', fix: 'run it as root' },
        },
      },
      ['tools unknown', 'engine fail', 'privileged unknown', 'networks unknown', 'labs unknown'],
    ],
    [
      'that tells nothing of inotify',
      { inotify: undefined },
      ['inotify.instances unknown', 'inotify.watches unknown'],
    ],
    [
      'on which the lab runs already, with little left',
      {
        nodesToMake: 0,
        inotify: { ...well.inotify, instances: 120 },
        memory: { available: 1e9, total: 4e9 },
      },
      [],
    ],
    [
      'without an engine',
      {
        host: { ...well.host, engine: 'absent' },
        ...{ engine: undefined, privileged: undefined, clashes: undefined, labs: undefined },
      },
      ['tools warn', 'engine warn', 'privileged unknown', 'networks unknown', 'labs unknown'],
    ],
    [
      'whose engine is stopped',
      {
        host: { ...well.host, engine: 'stopped', maven: false },
        tools: ['maven'],
        ...{ engine: undefined, privileged: undefined, clashes: undefined, labs: undefined },
      },
      ['engine warn', 'privileged unknown', 'networks unknown', 'labs unknown'],
    ],
    [
      'with a slow storage driver',
      { engine: { value: { version: '28.0', storageDriver: 'vfs' } } },
      ['storage-driver warn'],
    ],
    [
      'that starts no privileged container',
      { privileged: { value: { refusal: 'no' } } },
      ['privileged fail'],
    ],
    [
      'on which none can be tried',
      { privileged: { trouble: { why: 'no space left', fix: 'free some' } } },
      ['privileged fail'],
    ],
    ['on which none may be tried', { privileged: undefined }, ['privileged unknown']],
    [
      'without a feature',
      { features: [{ name: 'IP_SET', usedBy: 'Calico', there: false }] },
      ['kernel fail'],
    ],
    [
      'that does not tell its features',
      { features: [{ name: 'IP_SET', usedBy: 'Calico', there: undefined }] },
      ['kernel unknown'],
    ],
    [
      'with few inotify instances left',
      { inotify: { ...well.inotify, instances: 70 } },
      ['inotify.instances fail'],
    ],
    ['with few watches', { inotify: { ...well.inotify, maxWatches: 8192 } }, ['inotify.watches warn']],
    ['without space', { disks: [{ folders: ['/'], free: 1e9, needed: 10e9 }] }, ['disk fail']],
    ['with little memory', { memory: { available: 2e9, total: 4e9 } }, ['memory warn']],
    [
      'whose networks clash',
      {
        clashes: {
          value: [
            { severity: 'block', field: 'topology.podSubnets[0]', message: 'overlaps', fix: 'change it' },
            { severity: 'warn', field: 'topology.serviceSubnets[0]', message: 'overlaps', fix: 'change it' },
          ],
        },
      },
      ['networks fail', 'networks warn'],
    ],
    ['without name servers', { nameservers: [] }, ['dns warn']],
    ['without a port', { freePort: false }, ['ports fail']],
    [
      'one of whose name servers is a service of the lab, and one on loopback that does not answer',
      {
        nameservers: [
          nameserver({ address: '10.96.0.10', within: { of: 'services', cidr: '10.96.0.0/16' } }),
          nameserver({ address: '127.0.0.1', answers: false }),
        ],
      },
      ['dns fail', 'dns warn'],
    ],
    [
      'whose name server is in the nodes’ network',
      {
        nameservers: [nameserver({ address: '172.18.0.1', within: { of: 'nodes', cidr: '172.18.0.0/16' } })],
      },
      ['dns fail'],
    ],
    [
      'whose name server may come to be a pod, as that of a home network may',
      {
        nameservers: [nameserver({ address: '192.168.1.1', within: { of: 'pods', cidr: '192.168.0.0/16' } })],
      },
      ['dns warn'],
    ],
    [
      'whose name server on loopback answers',
      { nameservers: [nameserver({ address: '127.0.0.1', answers: true })] },
      [],
    ],
    ['with what is left of a lab', { labs: { value: [{ name: 'old', running: 1, all: 3 }] } }, ['labs warn']],
    [
      'whose lab lost its cluster, and kept the database beside it',
      { labs: { value: [{ name: 'headless-services', running: 1, all: 1 }] } },
      ['labs warn'],
    ],
    ['with somebody’s kind cluster', { labs: { value: [{ name: 'kind', running: 1, all: 1 }] } }, []],
  ])('%s', (_, facts, expected) => {
    expect(notOk(facts)).toEqual(expected)
    for (const { verdict, fix } of of(facts))
      if (verdict === 'fail' || verdict === 'warn') expect(fix).toBeTruthy()
  })

  test.each([
    ['19.03.15', ['engine warn']],
    ['20.9.9', ['engine warn']],
    ['20.10.0', []],
    ['20.10.24+dfsg1', []],
    ['28', []],
    ['a-build-of-somebody', []],
  ])('with Docker %s', (version, expected) => {
    expect(notOk({ engine: { value: { version, storageDriver: 'overlay2' } } })).toEqual(expected)
  })

  test('is not advised to remove what may be somebody’s', () => {
    const labs = { value: [{ name: 'theirs', running: 0, all: 3 }] }
    const [{ fix = '' } = {}] = of({ labs }).filter(({ id }) => id === 'labs')
    expect(fix).toMatch(/^it may be somebody's kind cluster or containerlab topology\. Only where/)
  })

  test('with cgroup v1 is too old for Kubernetes 1.35', () => {
    expect(notOk({}, 'v1.35.0')).toEqual(['cgroup fail'])
    expect(notOk({ cgroupVersion: 2 }, 'v1.35.0')).toEqual([])
  })
})

describe('what is safe to do', () => {
  const repairs = (facts: Partial<DoctorFacts>): unknown[] => of(facts).flatMap(({ repair }) => repair ?? [])

  test('is nothing where all is well', () => expect(repairs({})).toEqual([]))

  test('is to start an engine that is stopped, and none that is not there', () => {
    expect(repairs({ engine: undefined, host: { ...well.host, engine: 'stopped' } })).toEqual([
      { kind: 'start-engine' },
    ])
    expect(repairs({ engine: undefined, host: { ...well.host, engine: 'absent' } })).toEqual([])
  })

  test('is to raise limits, so far that a lab fits whatever is taken', () => {
    const inotify = { maxInstances: 128, maxWatches: 8192, instances: 100 }
    expect(repairs({ inotify })).toEqual([
      { kind: 'sysctl', key: 'fs.inotify.max_user_instances', value: 512 },
      { kind: 'sysctl', key: 'fs.inotify.max_user_watches', value: 524_288 },
    ])
    const many = { ...inotify, maxInstances: 1000, maxWatches: 65_536, instances: 990 }
    expect(repairs({ inotify: many })).toEqual([
      { kind: 'sysctl', key: 'fs.inotify.max_user_instances', value: 1050 },
    ])
    expect(of({ inotify: many }).find(({ id }) => id === 'inotify.instances')?.fix).toMatch(
      /^sysctl fs\.inotify\.max_user_instances=1050 /,
    )
  })
})

test('people read a line for each finding, and below it what to do', () => {
  const text = renderFindings(of({ freePort: false }).filter(({ id }) => ['root', 'ports'].includes(id)))
  expect(text.split('\n')).toEqual([
    '✔ user                     root',
    '✖ port for the API server  127.0.0.1 gives none',
    expect.stringMatching(/^ {27}bring the loopback interface up/),
  ])
})
