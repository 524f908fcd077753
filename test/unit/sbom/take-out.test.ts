import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ownRun } from '../../../lab/host/descendants.js'
import { takeOut } from '../../../lab/sbom/take-out.js'
import { fakeRun, labErrorOf, linesOf, never, temporaryFolder, type Answer } from '../host/fakes.js'

const absent = {
  exitCode: 1,
  stderr: 'Error response from daemon: Could not find the file /x in container c\n',
}

/** An engine that makes the container `c`. */
const engine = (copy: (path: string) => Answer) =>
  fakeRun(({ line, args }) => (line.startsWith('docker cp') ? copy(args[1] ?? '') : 'c\n'))

it('copies what there is out of a container that is never started, and removes that', async () => {
  const root = await temporaryFolder()
  const { run, calls } = engine((path) => (path.includes('kafka') ? absent : ''))
  await takeOut('headless-lab/x:1', root, run, never())
  const lines = linesOf(calls)
  // An image that is not there is not looked for in a registry.
  const label = `headless-lab.dev/run=${await ownRun()}`
  expect(lines[0]).toBe(`docker create --pull never --network none --label ${label} headless-lab/x:1 nothing`)
  // Docker 20.10 knows no --quiet.
  expect(lines).toContain(`docker cp c:/var/lib/dpkg/status ${join(root, 'var/lib/dpkg')}`)
  expect(existsSync(join(root, 'var/lib/dpkg'))).toBe(true)
  expect(lines.filter((line) => /docker (start|run|exec)/.test(line))).toEqual([])
  expect(lines.at(-1)).toBe('docker rm --force c')
})

it('fails when the engine fails, and removes the container even so', async () => {
  const { run, calls } = engine(() => ({ exitCode: 1, stderr: 'no space left on device\n' }))
  const error = await labErrorOf(takeOut('x', await temporaryFolder(), run, never()))
  expect(error).toMatchObject({ code: 'command.failed', details: 'no space left on device' })
  expect(linesOf(calls).at(-1)).toBe('docker rm --force c')
})
