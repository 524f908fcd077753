import { expect, test } from 'vitest'
import { offer } from '../../../lab/diagnose/offer.js'

test.each([
  [{}, 'npm run diagnose'],
  [{ name: 'blue' }, 'npm run diagnose -- --name blue'],
  [{ lab: 'my lab.yaml', name: 'blue' }, "npm run diagnose -- --lab 'my lab.yaml' --name blue"],
])('a diagnosis of the very lab is offered: %o', (options, command) => {
  expect(offer(options)).toBe(`${command} collects what happened into one archive (secrets redacted)`)
})
