import { describe, expect, it } from 'vitest'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryRun } from '../../../lab/host/run.js'
import { temporaryFolder } from './fakes.js'

const url = new URL('../../../scripts/packages.mjs', import.meta.url).href

/** In a process of its own: it ends the process. */
const check = (version: string) =>
  tryRun(process.execPath, [
    '--input-type=module',
    '-e',
    `import { checkNode } from '${url}'; checkNode(${JSON.stringify(version)})`,
  ])

describe('checkNode', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '100.1.0'])('lets %s pass', async (version) => {
    expect(await check(version)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it.each(['18.20.4', '20.18.9', '9.99.0'])('refuses %s in one line, with exit code 3', async (version) => {
    const { exitCode, stdout, stderr } = await check(version)
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).toBe(`headless-lab: Node ${version} is too old; install Node 20.19 or newer`)
  })
})

it('one process at a time prepares a checkout, also after one that died', async () => {
  const root = await temporaryFolder()
  const count = join(root, 'count')
  await writeFile(count, '0')
  const work = (end: string) =>
    tryRun(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { oneAtATime } from '${url}'
         import { readFileSync, writeFileSync } from 'node:fs'
         oneAtATime('/checkout', () => {
           const before = Number(readFileSync('count'))
           Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
           writeFileSync('count', String(before + 1))
           ${end}
         })`,
      ],
      { cwd: root, env: { TMPDIR: root } },
    )
  await work(`process.kill(process.pid, 'SIGKILL')`)
  // The lock of the dead one.
  expect(await readdir(root)).toHaveLength(2)
  await Promise.all([work(''), work('')])
  expect(await work('process.exit(3)')).toMatchObject({ exitCode: 3 })
  expect(await readFile(count, 'utf8')).toBe('4')
  expect(await readdir(root)).toEqual(['count'])
}, 20_000)
