import { expect } from 'vitest'
import { LabError } from '../../../lab/errors.js'
import { makePlan, type Plan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'

/** What came of a spec: a plan, or the error that people see. */
export type Outcome = { readonly plan: Plan } | { readonly error: LabError }

/** Reads a file as every command does. Whatever is thrown beside a LabError is a bug, and is thrown on. */
export async function outcomeOf(file: string, name?: string): Promise<Outcome> {
  try {
    return { plan: makePlan(await loadSpec({ file, name })) }
  } catch (error) {
    if (error instanceof LabError) return { error }
    throw error
  }
}

/** Characters that end a line, or that a terminal obeys. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** A field as messages write it: `topology.pools[0].cidr`, `["no such field"]`. */
const KEY = /\[\d+\]|\["(?:[^"\\]|\\.)*"\]/.source
const FIELD = new RegExp(`^(?:[\\w-]+|${KEY})(?:\\.[\\w-]+|${KEY})*: `)

/** Holds for whatever a command refuses: exit code 2, and one line that names the file and the place in it. */
export function expectClear(error: LabError, file: string): void {
  const { code, message, exitCode } = error
  expect(['spec.invalid', 'spec.unreadable']).toContain(code)
  expect(exitCode).toBe(2)
  expect(message).not.toMatch(UNPRINTABLE)
  expect(message.length).toBeLessThan(2_000)
  expect(message).not.toMatch(/call stack|undefined|\[object|TypeError/)
  // The plan knows no file: it names the field alone.
  if (code === 'spec.invalid' && !message.startsWith(file)) expect(message).toMatch(FIELD)
  else expect(message.slice(0, file.length + 1)).toBe(`${file}:`)
  if (code === 'spec.invalid') {
    const said = message.replace(file, '').replace(/^:\d+:\d+: |^: /, '')
    // A list for the whole file has no field.
    expect(FIELD.test(said) || said.includes(' will not do; write fields: ')).toBe(true)
  }
  for (const line of error.details?.split('\n') ?? []) expect(line.startsWith(`${file}:`)).toBe(true)
}
