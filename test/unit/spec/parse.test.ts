import { describe, expect, it } from 'vitest'
import { parseSpec } from '../../../lab/spec/parse.js'

const issuesOf = (input: unknown) => {
  const parsed = parseSpec(input)
  return parsed.ok ? [] : parsed.issues
}

describe('parseSpec', () => {
  it('defaults every field', () => {
    expect(parseSpec({})).toMatchObject({
      ok: true,
      spec: {
        apiVersion: 'headless-lab.dev/v1',
        name: 'headless-services',
        topology: { name: 'headless-services', workers: 2 },
        workloads: {
          redis: { replicas: 3 },
          nginx: { replicas: 2 },
          multitool: {},
          postgres: { enabled: true, replicas: 3 },
          kafka: { enabled: true, replicas: 3 },
          mysql: { enabled: true, replicas: 3 },
          grpc: { enabled: true, replicas: 3 },
          externalDatabase: { enabled: true },
          moon: { enabled: true },
          webApi: { enabled: true },
          fixtures: { enabled: true },
        },
        suite: 'trixie',
      },
    })
  })

  it('puts the external database beside the linux nodes of the spec, unless it is turned off', () => {
    const nodes = (workloads: object) => {
      const parsed = parseSpec({ topology: { linuxNodes: [{ name: 'db', image: 'x' }] }, workloads })
      return parsed.ok ? parsed.spec.topology.linuxNodes.map(({ name, image }) => [name, image]) : []
    }
    expect(nodes({})).toEqual([
      ['db', 'x'],
      ['external-db', 'headless-lab/postgres'],
    ])
    expect(nodes({ externalDatabase: { enabled: false } })).toEqual([['db', 'x']])
  })

  it('lets its name be used where it is turned off', () => {
    const topology = { linuxNodes: [{ name: 'external-db', image: 'x' }] }
    expect(issuesOf({ topology, workloads: { externalDatabase: { enabled: false } } })).toEqual([])
  })

  it('counts the pods of what runs only', () => {
    const most = { nginx: { replicas: 70 }, grpc: { replicas: 9 } }
    expect(issuesOf({ topology: { workers: 0 }, workloads: most }).map(({ path }) => path)).toEqual([
      'workloads.nginx.replicas',
    ])
    const off = { enabled: false }
    const workloads = { ...most, grpc: off, postgres: off, kafka: off, mysql: off }
    expect(issuesOf({ topology: { workers: 0 }, workloads })).toEqual([])
  })

  it('defaults what is beside a given field', () => {
    expect(parseSpec({ name: 'other', topology: { workers: 1 }, workloads: { nginx: {} } })).toMatchObject({
      spec: {
        topology: { name: 'other', workers: 1, controlPlanes: 1 },
        workloads: { redis: { replicas: 3 }, nginx: { replicas: 2 } },
      },
    })
  })

  it('lets Redis have more pods than there are nodes', () => {
    expect(issuesOf({ topology: { workers: 0 }, workloads: { redis: { replicas: 5 } } })).toEqual([])
  })

  it.each([
    ['a text', 'hello', '', /^"hello" will not do; write fields: apiVersion, name, topology/],
    ['an unknown field', { topolgy: {} }, 'topolgy', /did you mean topology\?/],
    [
      'a deep unknown field',
      { workloads: { redis: { replica: 2 } } },
      'workloads.redis.replica',
      /did you mean replicas\?/,
    ],
    [
      'a field of multitool',
      { workloads: { multitool: { image: 'x' } } },
      'workloads.multitool.image',
      /it takes none/,
    ],
    [
      'a switch that is no truth value',
      { workloads: { kafka: { enabled: 'no' } } },
      'workloads.kafka.enabled',
      /^"no" will not do; write true or false$/,
    ],
    [
      'too many brokers',
      { workloads: { kafka: { replicas: 10 } } },
      'workloads.kafka.replicas',
      /from 1 to 9/,
    ],
    [
      'a linux node named as that of the external database',
      { topology: { linuxNodes: [{ name: 'external-db', image: 'x' }] } },
      'topology.linuxNodes[0].name',
      /is the node of workloads\.externalDatabase; write another, or turn that off$/,
    ],
    ['a lab named as that', { name: 'external-db' }, 'name', /is the node of workloads\.externalDatabase/],
    ['a name in the topology', { topology: { name: 'x' } }, 'topology.name', /unknown field/],
    ['no replicas', { workloads: { redis: { replicas: 0 } } }, 'workloads.redis.replicas', /from 1 to 90/],
    [
      'more pods than nodes run',
      { topology: { workers: 1 }, workloads: { nginx: { replicas: 90 } } },
      'workloads.nginx.replicas',
      /^90 of nginx, 3 of redis, 3 of postgres, .* are more pods than .* more topology\.workers$/,
    ],
    [
      'more pods than nodes run, by the largest of them',
      { topology: { workers: 1 }, workloads: { redis: { replicas: 90 }, nginx: { replicas: 40 } } },
      'workloads.redis.replicas',
      /^90 of redis, 40 of nginx, 3 of postgres, .* are more pods than/,
    ],
    [
      'more pods than nodes run, of those that are there',
      {
        topology: { workers: 1 },
        workloads: { nginx: { replicas: 80 }, kafka: { replicas: 9 }, mysql: { enabled: false } },
      },
      'workloads.nginx.replicas',
      /^80 of nginx, 9 of kafka, 3 of redis, 3 of postgres, 3 of grpc are more pods than/,
    ],
    ['another suite', { suite: 'bookworm' }, 'suite', /write trixie$/],
    ['another version', { apiVersion: 'v2' }, 'apiVersion', /write headless-lab\.dev\/v1$/],
    ['a hostile name', { name: '../x' }, 'name', /lower-case/],
    [
      'an issue of the topology',
      { topology: { pools: [{ cidr: '10.0.0.1/8' }] } },
      'topology.pools[0].cidr',
      /write 10\.0\.0\.0\/8/,
    ],
    ['an empty field', { topology: null }, 'topology', /an empty value will not do/],
    [
      '__proto__',
      JSON.parse('{"workloads":{"__proto__":{}}}') as unknown,
      'workloads.__proto__',
      /remove it from workloads/,
    ],
  ])('rejects %s', (_, input, path, message) => {
    const issues = issuesOf(input)
    expect(issues.map((issue) => issue.path)).toEqual([path])
    expect(issues[0]?.message).toMatch(message)
  })
})
