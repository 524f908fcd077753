import { expect, it } from 'vitest'
import { Lane } from '../../../lab/artifacts/lanes.js'
import { deferred } from '../host/fakes.js'

/** Tasks that begin and end when the test says so. */
function tasks(lane: Lane, count: number) {
  const begun: number[] = []
  const ends = Array.from({ length: count }, () => deferred())
  const done = ends.map((end, i) =>
    lane.run(async () => {
      begun.push(i)
      await end.promise
      return i
    }),
  )
  return { begun, ends, done }
}

it('lets no more than its size run, the others in the order they came', async () => {
  const { begun, ends, done } = tasks(new Lane(2), 4)
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  ends[1]?.resolve()
  await done[1]
  await Promise.resolve()
  expect(begun).toEqual([0, 1, 2])
  for (const end of ends) end.resolve()
  expect(await Promise.all(done)).toEqual([0, 1, 2, 3])
  expect(begun).toEqual([0, 1, 2, 3])
})

it('goes on after a failure, and gives the place back', async () => {
  const lane = new Lane(1)
  const failing = lane.run(() => Promise.reject(new Error('no')))
  const next = lane.run(() => Promise.resolve('yes'))
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('yes')
  expect(await lane.run(() => Promise.resolve('again'))).toBe('again')
})
