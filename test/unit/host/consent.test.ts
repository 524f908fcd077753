import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PassThrough } from 'node:stream'
import { LabError } from '../../../lab/errors.js'
import { consentFrom } from '../../../lab/host/consent.js'
import { rejectionOf } from './fakes.js'

const ask = async (yes: boolean): Promise<{ given: boolean; said: string[] }> => {
  const said: string[] = []
  const given = await consentFrom(yes, (line) => said.push(line))('Run these?', ['apt-get update', 'true'])
  return { given, said }
}
const shown = ['Run these?', '  apt-get update', '  true']

describe('consentFrom', () => {
  const tty = process.stdin.isTTY
  beforeEach(() => {
    process.stdin.isTTY = false
    vi.stubEnv('CI', '')
  })
  afterEach(() => {
    process.stdin.isTTY = tty
    vi.unstubAllEnvs()
  })

  it('is given by --yes, and shows the commands all the same', async () => {
    expect(await ask(true)).toEqual({ given: true, said: shown })
  })

  it('is given by CI=true', async () => {
    vi.stubEnv('CI', 'true')
    expect(await ask(false)).toEqual({ given: true, said: shown })
  })

  it.each(['1', 'false'])('is not given by CI=%s', async (value) => {
    vi.stubEnv('CI', value)
    expect((await ask(false)).given).toBe(false)
  })

  it('is not given where there is nobody to ask', async () => {
    expect(await ask(false)).toEqual({ given: false, said: [] })
  })
})

describe('a person at a terminal', () => {
  /** Asks, and types once the prompt is there. */
  const typing = (typed: string, signal?: AbortSignal) => {
    const input = Object.assign(new PassThrough(), { isTTY: true })
    const output = Object.assign(new PassThrough(), { isTTY: true })
    output.once('data', () => input.write(typed))
    return consentFrom(false, () => undefined, signal, { input, output })('Run these?', [])
  }
  beforeEach(() => void vi.stubEnv('CI', ''))
  afterEach(() => void vi.unstubAllEnvs())

  it.each([
    ['y\n', true],
    ['Yes\n', true],
    ['\n', false],
    ['no\n', false],
  ])('who types %j', async (typed, given) => {
    expect(await typing(typed)).toBe(given)
  })

  it('has not agreed by Ctrl-D', async () => {
    expect(await typing('\u0004')).toBe(false)
  })

  it('interrupts by Ctrl-C', async () => {
    expect(await rejectionOf(typing('\u0003'))).toMatchObject({ code: 'interrupted', exitCode: 130 })
  })

  it('is not waited for when the program is terminated', async () => {
    const terminated = new LabError('terminated', 'terminated')
    const controller = new AbortController()
    const asked = rejectionOf(typing('', controller.signal))
    setImmediate(() => controller.abort(terminated))
    expect(await asked).toBe(terminated)
  })
})
