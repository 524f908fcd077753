import { expect, it } from 'vitest'
import { reportError } from '../../../lab/commands/report-error.js'
import { LabError } from '../../../lab/errors.js'

function reported(error: unknown): { code: number; said: string[] } {
  const said: string[] = []
  const code = reportError(error, (line) => said.push(line))
  return { code, said }
}

it('explains, says it in one line, and tells what to do next', () => {
  const error = new LabError('host.disk', 'no disk', { details: 'df says so', hint: 'free some' })
  expect(reported(error)).toEqual({ code: 3, said: ['df says so', 'headless-lab: no disk', '  free some'] })
})

it('says no more than there is', () => {
  expect(reported(new LabError('interrupted', 'interrupted', { details: '' }))).toEqual({
    code: 130,
    said: ['headless-lab: interrupted'],
  })
})

it('shows the stack of a bug', () => {
  const { code, said } = reported(new TypeError('x is undefined'))
  expect(code).toBe(4)
  expect(said[0]).toContain('this is a bug')
  expect(said[1]).toMatch(/TypeError: x is undefined\n\s+at /)
  expect(reported('thrown words').said[1]).toBe('thrown words')
})
