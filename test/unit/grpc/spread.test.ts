import { expect, test, vi } from 'vitest'

interface WarmUp {
  readonly call: () => Promise<{ peer: string }>
  readonly addresses: readonly string[]
  readonly expired: () => boolean
  readonly pause: () => Promise<void>
}

// The image's programs are plain JavaScript: what they export has no types of its own.
const url = new URL('../../../images/grpc/spread.mjs', import.meta.url)
const { warmUp, count } = (await import(url.href)) as {
  warmUp: (options: WarmUp) => Promise<{ connected: string[]; notConnected: string[] }>
  count: (call: () => Promise<{ pod: string }>, requests: number) => Promise<Record<string, number>>
}

/** Gives its values one after the other, then the last one for good. */
function each<T>(...values: readonly [T, ...T[]]): () => T {
  const left = [...values]
  let last = values[0]
  return () => (last = left.shift() ?? last)
}

/** Calls that reach those addresses. */
function reaching(...peers: readonly [string, ...string[]]) {
  const next = each(...peers)
  return vi.fn(() => Promise.resolve({ peer: next() }))
}

test('warm-up ends when every address of the name has answered', async () => {
  const call = reaching('b', 'a', 'b', 'c')
  const pause = vi.fn(() => Promise.resolve())
  expect(await warmUp({ call, addresses: ['a', 'b', 'c'], expired: () => false, pause })).toEqual({
    connected: ['a', 'b', 'c'],
    notConnected: [],
  })
  expect(call).toHaveBeenCalledTimes(4)
  // Only after the call that reached nobody new: the others need no rest.
  expect(pause).toHaveBeenCalledTimes(1)
})

test('one address needs one call', async () => {
  const call = reaching('vip')
  await warmUp({ call, addresses: ['vip'], expired: () => false, pause: () => Promise.resolve() })
  expect(call).toHaveBeenCalledTimes(1)
})

test('an address that never answers is named when the time is up', async () => {
  const pause = () => Promise.resolve()
  const expired = each(false, false, true)
  expect(await warmUp({ call: reaching('a'), addresses: ['a', 'dead'], expired, pause })).toEqual({
    connected: ['a'],
    notConnected: ['dead'],
  })
})

test('one that was not among the addresses, since DNS changed meanwhile, is connected too', async () => {
  const pause = () => Promise.resolve()
  expect(await warmUp({ call: reaching('new', 'a'), addresses: ['a'], expired: () => false, pause })).toEqual(
    {
      connected: ['a', 'new'],
      notConnected: [],
    },
  )
})

test('answers are counted by pod, in the order of their names', async () => {
  const next = each('pod-b', 'pod-a', 'pod-b')
  const call = vi.fn(() => Promise.resolve({ pod: next() }))
  const answers = await count(call, 3)
  expect(Object.entries(answers)).toEqual([
    ['pod-a', 1],
    ['pod-b', 2],
  ])
  expect(call).toHaveBeenCalledTimes(3)
})

test('a call that fails ends the count, and it is said which one', async () => {
  const next = each(true, true, false)
  const call = () => (next() ? Promise.resolve({ pod: 'a' }) : Promise.reject(new Error('14 UNAVAILABLE')))
  await expect(count(call, 5)).rejects.toThrow('call 3 of 5 failed: 14 UNAVAILABLE')
})
