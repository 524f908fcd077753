import { describe, expect, test } from 'vitest'
import { confidential, listed, literals, type LiveSecret } from '../../../lab/diagnose/secret-values.js'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const secret = (type: string, data: Record<string, string>): LiveSecret => ({
  type,
  metadata: { namespace: 'shop', name: 'one' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
})

test('a list has names and keys, and no values', () => {
  expect(listed([secret('Opaque', { password: 'tiger77', admin: 'lion888' }), {}])).toEqual([
    { namespace: 'shop', name: 'one', type: 'Opaque', keys: ['admin', 'password'] },
    { namespace: '', name: '', type: '', keys: [] },
  ])
})

test('what Kubernetes itself keeps in Secrets and tells everybody is not confidential', () => {
  const secrets = [
    secret('bootstrap.kubernetes.io/token', {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      expiration: '2026-01-01T00:00:00Z',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
    }),
    secret('kubernetes.io/service-account-token', { namespace: 'kube-system', token: 'aa', 'ca.crt': 'bb' }),
    secret('Opaque', { namespace: 'not-public' }),
  ]
  expect(confidential(secrets)).toEqual(['0123456789abcdef', 'aa', 'not-public'].map(base64))
})

describe('literals', () => {
  const of = (...values: string[]): string[] => literals(values.map(base64), new Set(['postgres']))

  test('of one value are it, its form in JSON and URLs, and base64 with and without its padding', () => {
    expect(of('tig"er\n')).toEqual(
      [
        ...['tig%22er', 'tig"er', 'tig\\"er'],
        // In strings of JSON inside strings of JSON.
        ...[`tig${'\\'.repeat(3)}"er`, `tig${'\\'.repeat(7)}"er`],
        ...[base64('tig"er\n'), base64('tig"er\n').slice(0, -2), base64('tig"er')],
      ].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)),
    )
  })

  test('are those that Go writes, which escapes more in JSON than Node does', () => {
    const found = of('a<b>c&\u2028d')
    expect(found).toContain('a\\u003cb\\u003ec\\u0026\\u2028d')
    // Go has taken a string of Node into its own, and the other way round.
    expect(of('"<long>"')).toEqual(
      expect.arrayContaining(['\\\\\\"\\u003clong\\u003e\\\\\\"', '\\\\\\"\\\\u003clong\\\\u003e\\\\\\"']),
    )
    expect(of('tiger77').filter((form) => form.includes('tiger'))).toEqual(['tiger77'])
  })

  test('are those of both alphabets of base64', () => {
    const found = of('>>>???>>')
    expect(found).toEqual(expect.arrayContaining(['Pj4+Pz8/Pj4=', 'Pj4+Pz8/Pj4', 'Pj4-Pz8_Pj4']))
  })

  test('are none of what is short, or what something is called', () => {
    expect(of('12345', 'postgres', '  a  ')).toEqual([])
  })

  test('of many lines are also the long ones without blanks, each of which a log may have alone', () => {
    const found = of('user = someone of us\nkey0123456789abcdef\nshort\n')
    expect(found).toContain('key0123456789abcdef')
    expect(found).not.toContain('short')
    expect(found).not.toContain('user = someone of us')
  })

  test('come longest first', () => {
    const lengths = of('aaaaaaaa', 'bbbbbbbbbbbbbbbb').map(({ length }) => length)
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a))
  })
})
