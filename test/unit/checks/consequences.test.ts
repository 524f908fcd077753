import { expect, test } from 'vitest'
import { follow } from './consequences.js'
import { healthy } from './recorded.js'
import type { World } from './recorded.js'

test('what follows from the objects of the recorded lab is what was recorded', () => {
  expect(comparable(follow(healthy()))).toEqual(comparable(healthy()))
})

/** The observations, without the order that nobody promises: that of slices, and within them. */
function comparable({ observations }: World): object {
  const { api, ...others } = observations
  const slices = 'value' in api.endpointSlices ? api.endpointSlices.value : []
  const unordered = slices.map(({ endpoints, ports, ...rest }) => ({
    ...rest,
    endpoints: sorted(endpoints),
    ports: sorted(ports ?? []),
  }))
  return { others, api: { ...api, endpointSlices: sorted(unordered) } }
}

function sorted(list: readonly unknown[]): readonly unknown[] {
  const key = (one: unknown): string =>
    JSON.stringify(one, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    )
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
