import { describe, expect, test } from 'vitest'
import {
  directionsOf,
  isIn,
  matches,
  mayConnect,
  namesSuffice,
  portNumbers,
} from '../../../lab/observe/model/policies.js'
import type { NetworkPolicy, PolicySpec } from '../../../lab/observe/model/policies.js'
import { podOf, policyOf } from '../checks/network-world.js'

const db = podOf('data/db-0', {
  ip: '10.0.0.1',
  labels: { app: 'db' },
  ports: [{ name: 'sql', containerPort: 5432 }, 8008],
})
const peer = podOf('data/db-1', { ip: '10.0.0.2', labels: { app: 'db' } })
const tool = podOf('default/tool', { ip: '10.0.1.1', labels: { app: 'tool' } })
const other = podOf('default/other', { ip: '10.0.1.2', labels: { app: 'other' } })
const stranger = podOf('moon/tool', { ip: '10.0.2.1', labels: { app: 'tool' } })

const namespaces = new Map([
  ['data', { 'kubernetes.io/metadata.name': 'data' }],
  ['default', { 'kubernetes.io/metadata.name': 'default', team: 'blue' }],
  ['moon', { 'kubernetes.io/metadata.name': 'moon', team: 'red' }],
])

const may = (policies: readonly NetworkPolicy[], from: typeof db, port = 5432, to = db): boolean =>
  mayConnect({ from, to, port }, { policies, namespaces })

const ingress = (rules: PolicySpec['ingress'], name = 'p'): NetworkPolicy =>
  policyOf(`data/${name}`, {
    podSelector: { matchLabels: { app: 'db' } },
    policyTypes: ['Ingress'],
    ...(rules === undefined ? {} : { ingress: rules }),
  })

test('a pod that no policy selects is open to all', () => {
  expect(may([], stranger)).toBe(true)
  expect(may([policyOf('data/p', { podSelector: { matchLabels: { app: 'web' } } })], stranger)).toBe(true)
  expect(may([policyOf('moon/p', { podSelector: {} })], tool)).toBe(true)
})

test('a policy without rules lets nobody in, and an empty selector selects every pod of its namespace', () => {
  expect(may([ingress(undefined)], peer)).toBe(false)
  expect(may([policyOf('data/p', { podSelector: {} })], peer)).toBe(false)
})

test('a rule without peers is for everybody, and one without ports for all of them', () => {
  expect(may([ingress([{ ports: [{ port: 5432 }] }])], stranger)).toBe(true)
  expect(may([ingress([{ ports: [{ port: 5432 }] }])], stranger, 8008)).toBe(false)
  expect(may([ingress([{}])], stranger, 1)).toBe(true)
})

describe('peers', () => {
  test('without a namespace selector they are pods of the policy', () => {
    const policy = ingress([{ from: [{ podSelector: {} }] }])
    expect(may([policy], peer)).toBe(true)
    expect(may([policy], tool)).toBe(false)
  })

  test('with both selectors a pod has to fit both', () => {
    const policy = ingress([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
            podSelector: { matchLabels: { app: 'tool' } },
          },
        ],
      },
    ])
    expect(may([policy], tool)).toBe(true)
    expect(may([policy], other)).toBe(false)
    expect(may([policy], stranger)).toBe(false)
  })

  test('one of two peers is enough', () => {
    const policy = ingress([
      { from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }, { podSelector: {} }] },
    ])
    expect([other, peer, stranger].map((from) => may([policy], from))).toEqual([true, true, false])
  })

  test('a range of addresses, without those that are excepted', () => {
    const policy = ingress([{ from: [{ ipBlock: { cidr: '10.0.0.0/15', except: ['10.0.1.0/24'] } }] }])
    expect([peer, tool, stranger].map((from) => may([policy], from))).toEqual([true, false, true])
  })
})

describe('ports', () => {
  test('by name, as the pod that is connected to has it', () => {
    const policy = ingress([{ ports: [{ port: 'sql' }] }])
    expect([5432, 8008].map((port) => may([policy], tool, port))).toEqual([true, false])
  })

  test('a range, with its ends', () => {
    const policy = ingress([{ ports: [{ port: 8000, endPort: 8008 }] }])
    expect([7999, 8000, 8008, 8009].map((port) => may([policy], tool, port))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test('of another protocol they are other ports', () => {
    expect(may([ingress([{ ports: [{ port: 5432, protocol: 'UDP' }] }])], tool)).toBe(false)
    expect(may([ingress([{ ports: [{ protocol: 'TCP' }] }])], tool, 77)).toBe(true)
  })

  test('their numbers in a pod', () => {
    expect(portNumbers({ port: 'sql' }, db)).toEqual([5432])
    expect(portNumbers({ port: 'none' }, db)).toEqual([])
    expect(portNumbers({ port: 1, endPort: 9 }, db)).toEqual([1, 9])
    expect(portNumbers({}, db)).toEqual([5432, 8008])
  })
})

test('policies add up: what one of them lets in is let in', () => {
  const first = ingress([{ from: [{ podSelector: {} }], ports: [{ port: 5432 }] }])
  const second = ingress([{ ports: [{ port: 8008 }] }], 'second')
  expect(may([first], tool, 8008)).toBe(false)
  expect(may([first, second], tool, 8008)).toBe(true)
  expect(may([first, second], tool, 5432)).toBe(false)
})

test('what may leave a pod counts as much as what may come in', () => {
  const egress = policyOf('default/p', {
    podSelector: { matchLabels: { app: 'tool' } },
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: {} }] }],
  })
  expect(may([egress], tool)).toBe(false)
  expect(may([egress], other)).toBe(true)
  expect(may([egress], tool, 5432, other)).toBe(true)
})

test('without types a policy is one of what comes in, and with rules for what leaves one of that too', () => {
  expect(directionsOf(policyOf('data/p', {}))).toEqual(['Ingress'])
  expect(directionsOf(policyOf('data/p', { egress: [{}] }))).toEqual(['Ingress', 'Egress'])
  expect(directionsOf(policyOf('data/p', { policyTypes: ['Egress'] }))).toEqual(['Egress'])
})

test('expressions of selectors', () => {
  const fits = (operator: string, values?: string[]): boolean =>
    matches({ matchExpressions: [{ key: 'app', operator, ...(values ? { values } : {}) }] }, { app: 'db' })
  expect(fits('In', ['db', 'web'])).toBe(true)
  expect(fits('In', ['web'])).toBe(false)
  expect(fits('NotIn', ['web'])).toBe(true)
  expect(fits('NotIn', ['db'])).toBe(false)
  expect(fits('Exists')).toBe(true)
  expect(fits('DoesNotExist')).toBe(false)
  // A label that is not there is in no list, so that NotIn holds of it.
  expect(matches({ matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['y'] }] }, {})).toBe(true)
})

test('whether the names of namespaces suffice to tell whom the policies mean', () => {
  const by = (key: string): NetworkPolicy =>
    ingress([{ from: [{ namespaceSelector: { matchLabels: { [key]: 'x' } } }] }])
  expect(namesSuffice([by('kubernetes.io/metadata.name'), ingress([{}])])).toBe(true)
  expect(namesSuffice([by('team')])).toBe(false)
})

test('addresses in ranges, of either family', () => {
  expect(isIn('192.168.60.255', '192.168.60.192/26')).toBe(true)
  expect(isIn('192.168.61.0', '192.168.60.192/26')).toBe(false)
  expect(isIn('fd00::1', 'fd00::/122')).toBe(true)
  expect(isIn('10.0.0.1', 'fd00::/8')).toBe(false)
  expect(isIn('no address', '0.0.0.0/0')).toBe(false)
})
