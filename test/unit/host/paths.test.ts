import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { expect, it } from 'vitest'
import { cacheDir, stateDir } from '../../../lab/host/paths.js'

it('the cache is where the user keeps caches', () => {
  expect(cacheDir({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/headless-lab')
  expect(cacheDir({})).toBe(join(homedir(), '.cache', 'headless-lab'))
  expect(cacheDir({ XDG_CACHE_HOME: '' })).toBe(join(homedir(), '.cache', 'headless-lab'))
})

it('the state of a lab is below the working directory', () => {
  expect(stateDir('lab', '/project')).toBe('/project/.lab/lab')
  expect(isAbsolute(stateDir('lab'))).toBe(true)
})
