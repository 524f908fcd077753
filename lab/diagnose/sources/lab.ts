import { stringify } from 'yaml'
import type { DiagnoseContext } from '../context.js'
import { asJson, type Part, type Source } from '../part.js'

/** What the lab is to be, and how it is. */
export const labSource = (context: DiagnoseContext): Source => ({
  name: 'lab',
  find: () => Promise.resolve(parts(context)),
})

function parts({ plan, spec, status }: DiagnoseContext): Part[] {
  const planned = (file: string, about: string, text: () => string): Part => ({
    ...{ file: `plan/${file}`, about },
    read: () => Promise.resolve(text()),
  })
  return [
    {
      file: 'status.json',
      about: 'the lab as `headless-lab status` has it',
      read: async (signal) => asJson({ schema: 'headless-lab/status/v1', ...(await status(signal)) }),
    },
    planned('spec.json', 'the spec, every field with its value', () => asJson(spec)),
    planned('kind.yaml', "kind's configuration as it would be written now", () => plan.kindConfig),
    planned(
      'manifests.yaml',
      'the workloads as they would be applied now, without the external database',
      () =>
        plan
          .manifests(undefined)
          // Lines as they are: a password is told by what stands before it.
          .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
          .join('---\n'),
    ),
  ]
}
