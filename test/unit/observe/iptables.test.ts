import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseIptables } from '../../../lab/observe/iptables.js'

const text = readFileSync(new URL('../../fixtures/observations/iptables-nat.txt', import.meta.url), 'utf8')
const rules = parseIptables(text)

test('every rule, and nothing that is none', () => {
  expect(rules).toHaveLength(text.split('\n').filter((line) => line.startsWith('-A ')).length)
})

test('the rule of a virtual IP, in its parts', () => {
  expect(rules.find(({ comment }) => comment === 'default/kubernetes:https cluster IP')).toEqual({
    chain: 'KUBE-SERVICES',
    rule: '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y',
    comment: 'default/kubernetes:https cluster IP',
    destination: '10.96.0.1/32',
    protocol: 'tcp',
    dport: '443',
    jump: 'KUBE-SVC-NPX46M4PTMTKRN6Y',
  })
})

test('a comment with a quote in it is one word', () => {
  const [rule] = parseIptables('-A X -m comment --comment "say \\"hi\\" now" -j RETURN')
  expect(rule).toMatchObject({ comment: 'say "hi" now', jump: 'RETURN' })
})
