import { describe, expect, it } from 'vitest'
import { tryRun } from '../../../lab/host/run.js'

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
