import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotFound } from '../../host/not-found.js'
import type { DiagnoseContext } from '../context.js'
import type { Part, Source } from '../part.js'
import { BYTES, MANY_BYTES, tailOfFile } from '../tail-of.js'

/** What is known to be text without keys. The kubeconfig, which has no ending, is none of it. */
const KINDS = /\.(?:ya?ml|jsonl?|log)(?:\.bak)?$/

/** What kubectl keeps: copies of the API's own description. */
const LEFT_OUT = 'kube-cache'

/** What the files of a lab's folder are, by their names there. */
const ABOUT: readonly (readonly [name: RegExp, about: string])[] = [
  [/^journal\.jsonl$/, 'what deploy and teardown did to nodes and networks, oldest first'],
  [/^last-verify\.json$/, 'the last verdict'],
  [/^kind\.yaml$/, 'the configuration that kind was given'],
  [/\.clab\.yaml/, 'the topology that containerlab was given'],
  [/^logs\//, 'log of a program that deploy ran'],
  [/^clab-/, 'written by containerlab'],
]

/** The lab's folder: rendered files, journal, logs, last result. */
export const stateSource = ({ state }: Pick<DiagnoseContext, 'state'>): Source => ({
  name: "the lab's folder",
  find: async () =>
    (await textFiles(state.folder)).map((name) => ({
      file: `state/${name}`,
      about: ABOUT.find(([pattern]) => pattern.test(name))?.[1] ?? "of the lab's folder",
      read: () => tailOfFile(join(state.folder, name), name.endsWith('.log') ? BYTES : MANY_BYTES),
    })),
})

/** Logs that belong to no lab: of the engine where deploy started it, of installing, of building. */
export const cacheLogsSource = ({ cache }: Pick<DiagnoseContext, 'cache'>): Source => ({
  name: 'logs of the cache',
  find: async () => {
    const folder = join(cache, 'logs')
    const names = (await textFiles(folder)).filter((name) => name.endsWith('.log'))
    return names.map((name): Part => ({
      file: `host/logs/${name}`,
      about:
        name === 'dockerd.log'
          ? 'log of the Docker engine that deploy started'
          : name === 'install.log'
            ? 'what was installed on the host'
            : `log of building ${name.slice(0, -'.log'.length)}`,
      read: () => tailOfFile(join(folder, name)),
    }))
  },
})

/**
 * Files of a folder that hold text without keys, those of folders below it too, links passed over.
 *
 * @throws when there is no such folder
 */
async function textFiles(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    throw isNotFound(error) ? new Error(`there is no folder ${folder}`) : error
  })
  const found = entries.map(async (entry) => {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    // containerlab's keys are in .tls.
    if (entry.isDirectory() && entry.name !== LEFT_OUT && !entry.name.startsWith('.'))
      return textFiles(folder, name)
    return entry.isFile() && KINDS.test(entry.name) ? [name] : []
  })
  return (await Promise.all(found)).flat().sort()
}
