import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
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
  const yaml = plan.manifests
    .map((object) => stringify(object, { aliasDuplicateObjects: false }))
    .join('---\n')
  if (options.stdout === true) {
    io.print(yaml.trimEnd())
    return 0
  }
  const folder = options.output ?? process.env['CDK8S_OUTDIR'] ?? 'dist'
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'lab.k8s.yaml')
  await writeFile(file, yaml)
  io.say(`${plan.manifests.length} objects written to ${file}`)
  return 0
}
