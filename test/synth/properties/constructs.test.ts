import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectSound } from './sound.js'
import { CASES, subjects } from './subjects.js'

describe.each(subjects('any').map((one) => [one.name, one] as const))('%s', (_, { valid, broken, synth }) => {
  test('valid properties synthesize to sound objects', () => {
    fc.assert(
      fc.property(valid, (props) => expectSound(synth(props, 'apart'))),
      { numRuns: CASES },
    )
  })

  test('a wrong value fails with the path of the construct and the word of the field', () => {
    fc.assert(
      fc.property(broken, ({ says, props }) => {
        const said = errorOf(() => synth(props, 'apart'))
        expect(said).toContain('Validation failed with the following errors:')
        expect(
          said.split('\n').filter((line) => /^ *\[in(\/[^\]]+)?\] /.test(line) && line.includes(says)),
        ).not.toEqual([])
      }),
      { numRuns: CASES },
    )
  })
})

function errorOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'nothing was thrown'
}
