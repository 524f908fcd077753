import { describe, expect, it, test } from 'vitest'
import { checkDisk, FREE_SPACE, type DiskLook } from '../../../lab/host/disk.js'
import { labErrorOf } from './fakes.js'

/** Two file systems: `/` with 10 GB free, and `/small` with 1 GB. */
const look: DiskLook = {
  device: (folder) => {
    if (folder.includes('absent')) return Promise.resolve(undefined)
    return Promise.resolve(folder.startsWith('/small') ? 2 : 1)
  },
  free: (folder) => Promise.resolve(folder.startsWith('/small') ? 1e9 : 10e9),
}

describe('checkDisk', () => {
  it('is content with exactly what is needed', async () => {
    await checkDisk([{ folder: '/data', bytes: 10e9 }], look)
  })

  it('says what is free and what is needed', async () => {
    const error = await labErrorOf(checkDisk([{ folder: '/small/cache', bytes: 2e9 }], look))
    expect(error).toMatchObject({ code: 'host.disk', exitCode: 3 })
    expect(error.message).toBe('/small/cache: 1.0 GB free, and this needs 2.0 GB')
  })

  it('adds up what lies on one file system, and only that', async () => {
    const needs = [
      { folder: '/data', bytes: 6e9 },
      { folder: '/home', bytes: 5e9 },
      { folder: '/small', bytes: 1e9 },
    ]
    const error = await labErrorOf(checkDisk(needs, look))
    expect(error.message).toBe('/data, /home: 10.0 GB free, and this needs 11.0 GB')
    await checkDisk(needs.slice(1), look)
  })

  it('looks at the nearest folder above one that is not there yet', async () => {
    const error = await labErrorOf(checkDisk([{ folder: '/small/absent/absent', bytes: 2e9 }], look))
    expect(error.message).toContain('1.0 GB free')
  })

  it('does not look where nothing is needed', async () => {
    await checkDisk([{ folder: '/small', bytes: 0 }], look)
  })
})

test('what is advised where space runs out removes no container, stopped ones neither, and no image that is asked for', () => {
  expect([...FREE_SPACE.matchAll(/docker (\w+)(?: prune)?( -\w+)?/g)].map(([words]) => words)).toEqual([
    'docker builder prune',
    'docker image prune',
  ])
})
