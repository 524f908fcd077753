import { describe, expect, test } from 'vitest'
import { parseConntrack } from '../../../lab/observe/conntrack.js'
import { parseReach, reachCommand } from '../../../lab/observe/reach.js'
import { burstCommand, parseBursts } from '../../../lab/observe/traffic-script.js'
import { chanceToMiss, chanceToStay, connectionsFor } from '../../../lab/observe/model/traffic.js'

const attempts = ['10.96.1.73', '10.96.25.42', 'nosuch', '192.168.250.1'].map((host) => ({ host, port: 80 }))

test('the script is always the same; what differs are its arguments', () => {
  const [sh, option, script, ...args] = reachCommand(attempts)
  expect([sh, option]).toEqual(['sh', '-c'])
  expect(script).not.toContain('10.96')
  expect(args.slice(0, 4)).toEqual(['sh', '10.96.1.73', '80', '2'])
})

describe('parseReach', () => {
  test('what bash says, in the order of the attempts', () => {
    const output = [
      '@@ 1 40 0 ',
      '@@ 2 80 1 bash: line 1: nosuch: Name or service not known bash: line 1: /dev/tcp/nosuch/80: Invalid argument',
      '@@ 0 1050 1 bash: connect: Connection refused bash: line 1: /dev/tcp/10.96.1.73/80: Connection refused',
      '@@ 3 2010 124 ',
    ].join('\n')
    expect(parseReach(output, attempts)).toEqual([
      { host: '10.96.1.73', port: 80, outcome: 'refused', ms: 1050 },
      { host: '10.96.25.42', port: 80, outcome: 'open', ms: 40 },
      { host: 'nosuch', port: 80, outcome: 'unknown-name', ms: 80 },
      { host: '192.168.250.1', port: 80, outcome: 'timeout', ms: 2010 },
    ])
  })

  test.each([
    ['nc: connect to 10.0.0.1 port 80 (tcp) failed: Connection refused', 'refused'],
    ['nc: connect to 10.0.0.1 port 80 (tcp) timed out: Operation now in progress', 'timeout'],
    ['nc: getaddrinfo for host "nosuch" port 80: Name or service not known', 'unknown-name'],
    ["nc: bad address 'nosuch'", 'unknown-name'],
    ['nosuch: Name does not resolve', 'unknown-name'],
    ['nosuch: Temporary failure in name resolution', 'timeout'],
    ['bash: connect: No route to host', 'unreachable'],
    ['bash: connect: Network is unreachable', 'unreachable'],
  ])('%s: %s', (said, outcome) => {
    expect(parseReach(`@@ 0 10 1 ${said}\n`, attempts.slice(0, 1))[0]?.outcome).toBe(outcome)
  })

  test('a tool that fails otherwise has tried nothing', () => {
    expect(() => parseReach('@@ 0 10 2 nc: invalid option\n', attempts.slice(0, 1))).toThrow('invalid option')
  })

  test('an attempt without a line is not one that was refused', () => {
    expect(() => parseReach('@@ 0 10 0 \n', attempts)).toThrow('10.96.25.42 port 80')
  })
})

describe('bursts of connections', () => {
  const bursts = [
    { host: '10.96.25.42', port: 80, connections: 21 },
    { host: '10.96.25.43', port: 80, connections: 21 },
  ]

  test('are asked for by arguments', () => {
    expect(burstCommand(bursts).slice(3)).toEqual([
      'sh',
      '4',
      '10.96.25.42',
      '80',
      '21',
      '10.96.25.43',
      '80',
      '21',
    ])
  })

  test('are counted by their dots; the last one is told by its words', () => {
    const output = '@@ 1 1 ...bash: connect: Connection refused\n@@ 0 0 .....................\n'
    expect(parseBursts(output, bursts)).toEqual([
      { made: 21, outcome: 'open' },
      { made: 3, outcome: 'refused' },
    ])
  })
})

describe('the number of connections', () => {
  test.each([1, 2, 3, 5, 18])('leaves less than a millionth to chance with %i pods', (pods) => {
    expect(chanceToMiss(pods, connectionsFor(pods))).toBeLessThan(1e-6)
    if (pods > 1) expect(chanceToStay(pods, connectionsFor(pods))).toBeLessThan(1e-6)
  })

  test('is no more than that needs', () => {
    expect([1, 2, 3].map(connectionsFor)).toEqual([1, 21, 37])
  })

  test('has a bound', () => {
    expect(connectionsFor(1000)).toBe(300)
  })
})

describe('parseConntrack', () => {
  test('where a connection went, by the side that the answers come from', () => {
    const line =
      'tcp      6 119 TIME_WAIT src=192.168.60.198 dst=10.96.98.2 sport=45784 dport=5432 src=192.168.60.204 dst=192.168.60.198 sport=5432 dport=45784 [ASSURED] mark=0 use=1'
    expect(
      parseConntrack(`${line}\nconntrack v1.4.8 (conntrack-tools): 1 flow entries have been shown.\n`),
    ).toEqual([
      {
        ...{ key: '192.168.60.198 45784 10.96.98.2 5432', vip: '10.96.98.2', port: 5432 },
        ...{ backend: '192.168.60.204:5432', answered: true },
      },
    ])
  })

  test('one that nobody answers', () => {
    const line =
      'tcp 6 119 SYN_SENT src=10.0.0.1 dst=10.96.98.2 sport=4 dport=80 [UNREPLIED] src=10.0.0.9 dst=10.0.0.1 sport=8080 dport=4 mark=0 use=1'
    expect(parseConntrack(line)[0]).toMatchObject({ backend: '10.0.0.9:8080', answered: false })
  })
})
