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
        workloads: { redis: { replicas: 3 }, nginx: { replicas: 2 }, multitool: {} },
        suite: 'trixie',
      },
    })
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
    ['a name in the topology', { topology: { name: 'x' } }, 'topology.name', /unknown field/],
    ['no replicas', { workloads: { redis: { replicas: 0 } } }, 'workloads.redis.replicas', /from 1 to 90/],
    [
      'more pods than nodes run',
      { topology: { workers: 1 }, workloads: { nginx: { replicas: 90 } } },
      'workloads.nginx.replicas',
      /more topology\.workers/,
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
