import type { ArtifactRecord } from '../artifacts/record.js'
import { workloadImages } from '../artifacts/versions.js'
import type { Contents } from './contents.js'
import { bomOf, type Bom, type Component } from './cyclonedx.js'
import { debianComponent, systemComponent } from './debian.js'
import { goComponents, published, type ModuleLicences } from './go.js'
import { jarComponent } from './jars.js'
import { npmComponents } from './npm.js'

/** What a bill is of. */
export interface Subject extends Pick<ArtifactRecord, 'name' | 'key' | 'version' | 'imageId'> {
  readonly title: string
}

/** The name of an artifact's bill. */
export const bomFile = (name: string): string => `${name}.cdx.json`

/** The bill of an artifact. Pure. */
export function describeArtifact(subject: Subject, contents: Contents, known: ModuleLicences): Bom {
  const { programs, files, debian, npm, jars, images } = contents
  const go = goComponents(programs, known)
  const debianParts =
    debian === undefined
      ? []
      : [
          systemComponent(debian.system),
          ...debian.packages.map((one) =>
            debianComponent(one, debian.system, debian.licences.get(one.name) ?? []),
          ),
        ]
  const parts = [
    ...go.components,
    ...debianParts,
    ...(npm === undefined ? [] : npmComponents(npm)),
    ...jars.map(jarComponent),
    ...files.map(fileComponent),
    ...images.map(imageComponent),
  ]
  return bomOf(subjectComponent(subject), parts, go.dependencies)
}

/** The modules whose licences have to be known for it. */
export function modulesOf({ programs }: Contents): { path: string; version: string }[] {
  return programs.flatMap(({ info: { main, modules } }) => [
    // What a patched copy is of is as good as published: the patch does not change its licence.
    ...(main === undefined || main.version === '(devel)' ? [] : [main]),
    ...modules.flatMap((module) => published(module) ?? []),
  ])
}

/** Libraries and programs of others that tell no licence. */
export function withoutLicence({ components }: Bom): string[] {
  return components
    .filter(({ purl, licenses }) => purl !== undefined && licenses === undefined)
    .map(({ name }) => name)
}

function subjectComponent({ name, key, version, imageId, title }: Subject): Component {
  return {
    type: imageId === undefined ? 'application' : 'container',
    'bom-ref': `artifact:${name}`,
    ...{ name: `headless-lab/${name}`, version, description: title },
    properties: [
      { name: 'headless-lab:key', value: key },
      ...(imageId === undefined ? [] : [{ name: 'headless-lab:image', value: imageId }]),
    ],
  }
}

function fileComponent({ path, sha256 }: Contents['files'][number]): Component {
  return {
    ...{ type: 'file', 'bom-ref': `file:${path}`, name: path },
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  }
}

/** An image that is baked into another: what it is made of is in a bill of its own. */
function imageComponent(reference: string): Component {
  const [, name = reference, version = ''] = /^(.*):([^:/]+)$/.exec(reference) ?? []
  // All but those of the workloads are one root file system that is started in different ways.
  const artifact = Object.entries(workloadImages).find(([, inNode]) => inNode === reference)?.[0] ?? 'system'
  return {
    ...{ type: 'container', 'bom-ref': `image:${reference}`, name, version },
    externalReferences: [{ type: 'bom', url: bomFile(artifact) }],
  }
}
