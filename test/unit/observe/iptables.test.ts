import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseIptables } from '../../../lab/observe/iptables.js'

const recorded = (name: string): string =>
  readFileSync(new URL(`../../fixtures/observations/${name}`, import.meta.url), 'utf8')

const text = recorded('iptables-nat.txt')
const rules = parseIptables(text)

test('every rule of the nat table, and nothing that is none', () => {
  expect(rules).toHaveLength(text.split('\n').filter((line) => line.startsWith('-A ')).length)
})

test('the rule of a virtual IP, in its parts', () => {
  expect(rules.find(({ comment }) => comment === 'default/kubernetes:https cluster IP')).toEqual({
    table: 'nat',
    chain: 'KUBE-SERVICES',
    rule: '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y',
    comment: 'default/kubernetes:https cluster IP',
    destination: '10.96.0.1/32',
    protocol: 'tcp',
    dport: '443',
    jump: 'KUBE-SVC-NPX46M4PTMTKRN6Y',
  })
})

test('of the filter table only the chain of services, where those without endpoints are refused', () => {
  expect(recorded('iptables-filter.txt')).toContain('-A cali-')
  expect(parseIptables(recorded('iptables-filter.txt'))).toEqual([
    {
      table: 'filter',
      chain: 'KUBE-SERVICES',
      rule: '-A KUBE-SERVICES -d 10.96.1.73/32 -p tcp -m comment --comment "fixtures/empty:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
      comment: 'fixtures/empty:http has no endpoints',
      destination: '10.96.1.73/32',
      protocol: 'tcp',
      dport: '80',
      jump: 'REJECT',
    },
  ])
})

test('tables that have nothing to do with services are left out', () => {
  expect(
    parseIptables('*mangle\n-A KUBE-SERVICES -j RETURN\nCOMMIT\n*nat\n-A X -j RETURN\nCOMMIT'),
  ).toHaveLength(1)
})

test('a comment with a quote in it is one word', () => {
  const [rule] = parseIptables('*nat\n-A X -m comment --comment "say \\"hi\\" now" -j RETURN')
  expect(rule).toMatchObject({ comment: 'say "hi" now', jump: 'RETURN' })
})
