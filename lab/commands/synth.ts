import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { makeFolder } from '../report/write-whole.js'
import { openLab, type CommandIo, type LabOptions } from './context.js'

export interface SynthOptions extends LabOptions {
  readonly output?: string
  readonly stdout?: boolean
}

/**
 * Writes the lab's manifests as YAML: into the folder that `cdk8s synth` names in CDK8S_OUTDIR when it runs
 * this program as its app, else into `--output`, else into dist/.
 */
export async function synth(options: SynthOptions, io: CommandIo): Promise<number> {
  const { plan } = await openLab(options)
  // What a running lab alone knows is left open: where the external database is.
  const manifests = plan.manifests([])
  const yaml = manifests.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n')
  if (options.stdout === true) {
    io.print(yaml.trimEnd())
    return 0
  }
  const { CDK8S_OUTDIR: named = '' } = process.env
  const folder = await makeFolder(options.output ?? (named === '' ? 'dist' : named))
  const file = join(folder, 'lab.k8s.yaml')
  await writeFile(file, yaml)
  io.say(`${manifests.length} objects written to ${file}`)
  const secrets = plan.secrets.map(({ namespace, name }) => `${namespace}/${name}`)
  if (secrets.length > 0) io.say(`they need Secrets, which deploy makes: ${secrets.join(', ')}`)
  if (plan.externalDatabase !== undefined)
    io.say('the service of the external database has no endpoints: only a running lab knows its address')
  return 0
}
