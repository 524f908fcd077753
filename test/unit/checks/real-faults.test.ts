import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { readRecording } from '../../../lab/report/recording-file.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { replay } from '../../../lab/verify.js'
import type { Finding } from '../../real-faults/fault.js'
import { realFaults } from '../../real-faults/faults.js'
import { findingOf, page } from '../../real-faults/table.js'

const recordings = new URL('../../fixtures/observations/faults/', import.meta.url)
const docs = fileURLToPath(new URL('../../../docs/real-faults.md', import.meta.url))

const known = new Map<string, readonly CheckResult[]>()

async function checksOf(name: string): Promise<readonly CheckResult[]> {
  const checks =
    known.get(name) ??
    replay(await readRecording(fileURLToPath(new URL(`${name}.json.gz`, recordings)))).checks
  known.set(name, checks)
  return checks
}

/** What was not recorded yet stands on the page as such. */
const files = readdirSync(recordings)
const recorded = realFaults.filter(({ name }) => files.includes(`${name}.json.gz`))

test('every recording is of a fault, and there are enough', () => {
  expect(files.sort()).toEqual(recorded.map(({ name }) => `${name}.json.gz`).sort())
  expect(recorded.length).toBeGreaterThanOrEqual(15)
})

test.each(recorded)('$name: $what', async ({ name, expected: { fails, inconclusive = [] } }) => {
  const checks = await checksOf(name)
  expect(findingOf(checks)).toEqual({ fails: [...fails].sort(), inconclusive: [...inconclusive].sort() })
  for (const { verdict, hint } of checks) if (verdict !== 'pass') expect(hint).toBeTruthy()
})

test('the page of the docs is what the recordings say', async () => {
  const found = new Map<string, Finding>()
  for (const { name } of recorded) found.set(name, findingOf(await checksOf(name)))
  const style = await resolveConfig(docs)
  const text = await format(page(realFaults, found), { ...style, parser: 'markdown' })
  expect(readFileSync(docs, 'utf8')).toBe(text)
})
