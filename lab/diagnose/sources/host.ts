import { readFile } from 'node:fs/promises'
import { arch, machine, release, version as kernelVersion } from 'node:os'
import type { ArtifactRecord } from '../../artifacts/record.js'
import { ArtifactStore } from '../../artifacts/store.js'
import { versions } from '../../artifacts/versions.js'
import { parseOsRelease } from '../../host/debian.js'
import { must } from '../../host/run.js'
import type { DiagnoseContext } from '../context.js'
import { asJson, type Part, type Source } from '../part.js'

/** What the lab stands on: versions, the engine, what doctor measures. There is always some of it. */
export const hostSource = (context: DiagnoseContext): Source => ({
  name: 'host',
  find: () => Promise.resolve(parts(context)),
})

function parts({ version, run, plan, cache, examine }: DiagnoseContext): Part[] {
  const docker = (command: string, about: string): Part => ({
    file: `host/docker-${command}.json`,
    about,
    read: async (signal) => {
      const { stdout } = await must(run)('docker', [command, '--format', '{{json .}}'], { signal })
      return asJson(JSON.parse(stdout))
    },
  })
  return [
    {
      file: 'host/versions.json',
      about: 'versions of this program, Node, the kernel, the system, and what the recipes make',
      read: async () =>
        asJson({
          'headless-lab': version,
          node: process.version,
          kernel: { release: release(), version: kernelVersion(), machine: machine(), arch: arch() },
          os: parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => '')),
          recipes: versions,
        }),
    },
    {
      file: 'host/artifacts.json',
      about: 'artifacts that are built, with their keys',
      read: async () => asJson((await new ArtifactStore(cache).list()).map(keyOf)),
    },
    {
      file: 'host/doctor.json',
      about: 'what doctor measured and found; it started no container for it',
      read: async (signal) =>
        asJson({ schema: 'headless-lab/doctor/v1', lab: plan.name, ...(await examine(signal)) }),
    },
    docker('version', 'versions of the Docker client and engine'),
    docker('info', 'the Docker engine: storage, cgroups, warnings'),
  ]
}

/** What tells an artifact from others of its name. */
const keyOf = ({ name, key, version, builtAt, imageId }: ArtifactRecord): object => ({
  ...{ name, key, version, builtAt, imageId },
})
