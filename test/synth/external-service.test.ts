import { describe, expect, test } from 'vitest'
import { ExternalService, type ExternalServiceProps } from '../../constructs/index.js'
import { chart, object, synth, type Manifest } from './objects.js'

const valid: ExternalServiceProps = {
  name: 'external-db',
  addresses: ['172.18.0.5'],
  ports: [{ name: 'postgresql', port: 5432 }],
}

function objects(props: Partial<ExternalServiceProps> = {}): Manifest[] {
  const scope = chart('data')
  new ExternalService(scope, 'db', { ...valid, ...props })
  return synth(scope)
}

interface Slice extends Manifest {
  readonly addressType: string
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly conditions: object }[]
  readonly ports: readonly object[]
}

const slices = (props: Partial<ExternalServiceProps>): Slice[] =>
  objects(props).filter(({ kind }) => kind === 'EndpointSlice') as Slice[]

test('it is a headless Service without a selector, and a slice that names it', () => {
  const made = objects()
  const { spec } = object(made, 'Service', 'external-db')
  expect(spec).toEqual({
    clusterIP: 'None',
    ports: [{ name: 'postgresql', port: 5432, protocol: 'TCP', targetPort: 5432 }],
  })
  expect(object(made, 'EndpointSlice', 'external-db-ipv4-1')).toMatchObject({
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { namespace: 'data', labels: { 'kubernetes.io/service-name': 'external-db' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['172.18.0.5'], conditions: { ready: true } }],
    ports: [{ name: 'postgresql', port: 5432, protocol: 'TCP' }],
  })
})

test('slices hold one family each, and at most 100 addresses', () => {
  const v4 = Array.from({ length: 250 }, (_, i) => `198.18.${Math.floor(i / 250)}.${i + 1}`)
  const made = slices({ addresses: ['2001:db8::1', ...v4] })
  expect(
    made.map(({ metadata, addressType, endpoints }) => [metadata.name, addressType, endpoints.length]),
  ).toEqual([
    ['external-db-ipv4-1', 'IPv4', 100],
    ['external-db-ipv4-2', 'IPv4', 100],
    ['external-db-ipv4-3', 'IPv4', 50],
    ['external-db-ipv6-1', 'IPv6', 1],
  ])
  expect(
    made.slice(0, 3).flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses)),
  ).toEqual(v4)
})

test('IPv6 addresses are written as the API server wants them, whatever the notation', () => {
  const [slice] = slices({ addresses: ['2001:DB8:0:0::0', 'fd00:0:0:1::a'] })
  expect(slice?.endpoints.map(({ addresses }) => addresses)).toEqual([['2001:db8::'], ['fd00:0:0:1::a']])
})

test('without an address yet, the slice is there and empty', () => {
  expect(slices({ addresses: [] }).map(({ endpoints }) => endpoints)).toEqual([[]])
})

test('its name follows the namespace and the domain', () => {
  const scope = chart('data')
  const { dns } = new ExternalService(scope, 'db', { ...valid, clusterDomain: 'lab.example' })
  expect(dns.fqdn).toBe('external-db.data.svc.lab.example')
})

describe('synthesis refuses, naming the path of the construct', () => {
  const message =
    (props: Partial<ExternalServiceProps>): (() => Manifest[]) =>
    () =>
      objects(props)

  test('a host name, and says what serves one', () => {
    expect(message({ addresses: ['db.example.com'] })).toThrow(
      '[test/db] address "db.example.com" is no IP address; EndpointSlices of host names are served by nothing, use a Service of type ExternalName',
    )
  })

  test.each(['127.0.0.1', '169.254.1.1', '0.0.0.0', '224.0.0.1', '::1', '::', 'fe80::1', 'ff02::1'])(
    '%s, as the API server does',
    (address) => {
      expect(message({ addresses: [address] })).toThrow(`[test/db] address "${address}" is loopback`)
    },
  )

  test('an address twice, a bad name and no port', () => {
    expect(message({ addresses: ['10.0.0.1', '10.0.0.1'] })).toThrow('address "10.0.0.1" is given twice')
    expect(message({ addresses: ['fd00::1', 'FD00:0::1'] })).toThrow('address "FD00:0::1" is given twice')
    expect(message({ name: 'External' })).toThrow('[test/db] service name "External"')
    expect(message({ ports: [] })).toThrow('[test/db] has no port')
  })
})
