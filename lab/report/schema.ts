import { z } from 'zod'
import type { VerifyResult } from './model.js'

/**
 * The result of `verify --json` as a schema. The types in model.ts say the same to the compiler; a test compares
 * both, and this with docs/schema/. Fields may be added to a version, none may be taken away or change.
 */
const verdict = z
  .enum(['pass', 'fail', 'inconclusive', 'skipped'])
  .describe(
    'pass: exactly what is expected was observed; fail: something else was; inconclusive: what is needed could not be observed; skipped: the claim does not apply',
  )

const subject = z
  .object({
    kind: z.string().describe('for example Service'),
    namespace: z.string().exactOptional().describe('absent of what is in no namespace'),
    name: z.string(),
  })
  .describe('what the check speaks of: a Kubernetes object, or a node')

const evidence = z
  .object({
    expected: z.unknown().describe('what the declared objects make us expect; any JSON'),
    observed: z.unknown().describe('what was seen; any JSON'),
    source: z.string().describe('where it was seen: commands and API requests'),
  })
  .describe('what the verdict rests on')

const count = z.int().nonnegative()
const ms = z.number().nonnegative()

const checkResult = z
  .object({
    id: z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)
      .describe('stable, for example dns.headless.a-set'),
    subject,
    title: z.string().describe('what is claimed, as a sentence'),
    pack: z.string().describe('the first part of the id'),
    verdict,
    durationMs: ms.describe('of the slowest observation that it was judged from'),
    evidence,
    hint: z
      .string()
      .exactOptional()
      .describe('the likeliest causes and what to look at next, or why it was not judged; absent of pass'),
  })
  .describe('what one check found out about one subject')

/** The result of a verification. */
export const verifyResult: z.ZodType<VerifyResult> = z
  .object({
    schema: z.literal('headless-lab/verify/v1').describe('version of this shape'),
    lab: z.string().describe('name of the lab, or of another cluster as its kubeconfig has it'),
    startedAt: z.iso.datetime().describe('when it began to observe'),
    durationMs: ms.describe('of all rounds of observation'),
    summary: z
      .object({ pass: count, fail: count, inconclusive: count, skipped: count })
      .describe('how many checks have each verdict'),
    checks: z.array(checkResult).describe('each check on each of its subjects, from the ground up'),
  })
  .describe('The result of headless-lab verify --json')

/** The same as JSON Schema: the text of docs/schema/verify-v1.schema.json. */
export function verifyJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(verifyResult, { io: 'input' })
  const named = { $schema, $id: 'urn:headless-lab:verify:v1', ...schema }
  return `${JSON.stringify(named, undefined, 2)}\n`
}
