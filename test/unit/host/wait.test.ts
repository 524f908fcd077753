import { expect, it } from 'vitest'
import { waitUntil } from '../../../lab/host/wait.js'
import { never } from './fakes.js'

const looks = (...answers: (string | undefined)[]) => {
  const seen = { count: 0 }
  return { seen, look: async () => Promise.resolve(answers[seen.count++]) }
}

it('looks until nothing is missing, and tells what is missing each time that changes', async () => {
  const { look, seen } = looks('a pod', 'a pod', 'a node', undefined, 'never asked')
  const told: string[] = []
  await waitUntil(look, { signal: never(), everyMs: 1, onWaiting: (what) => told.push(what) })
  expect(told).toEqual(['a pod', 'a node'])
  expect(seen.count).toBe(4)
})

it('does not look when it is aborted already', async () => {
  const { look, seen } = looks()
  await expect(waitUntil(look, { signal: AbortSignal.abort(new Error('late')) })).rejects.toThrow('late')
  expect(seen.count).toBe(0)
})

it('ends at once between two looks', async () => {
  const controller = new AbortController()
  const wait = waitUntil(() => Promise.resolve('a pod'), {
    signal: controller.signal,
    everyMs: 2 ** 30,
    onWaiting: () => setImmediate(() => controller.abort(new Error('interrupted'))),
  })
  await expect(wait).rejects.toThrow('interrupted')
})

it('passes on what a look throws', async () => {
  const wait = waitUntil(() => Promise.reject(new Error('no cluster')), { signal: never() })
  await expect(wait).rejects.toThrow('no cluster')
})

it('leaves a look behind that hangs', async () => {
  const controller = new AbortController()
  const wait = waitUntil(() => new Promise(() => undefined), { signal: controller.signal })
  setImmediate(() => controller.abort(new Error('late')))
  await expect(wait).rejects.toThrow('late')
})
