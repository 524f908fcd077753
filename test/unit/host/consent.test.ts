import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { consentFrom } from '../../../lab/host/consent.js'

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
