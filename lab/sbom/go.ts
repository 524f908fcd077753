import type { Component, Dependency } from './cyclonedx.js'
import type { GoBuildInfo, GoModule } from './go-build-info.js'
import { licences } from './licences.js'
import { purl } from './purl.js'

/** A program of Go, and what it says of itself. */
export interface GoProgram {
  /** Where it lies in the artifact. */
  readonly path: string
  readonly sha256: string
  readonly info: GoBuildInfo
}

/** Licences of a module, by its path and version; `undefined` where its files are not there to be read. */
export type ModuleLicences = ReadonlyMap<string, readonly string[]>

/** What was really built for a module; `undefined` for what is not published: a folder of this project, or a patched copy. */
export function published({
  replacement,
  ...module
}: GoModule): { path: string; version: string; sum: string } | undefined {
  const built = replacement ?? module
  return built.version === '(devel)' || built.version === '' ? undefined : built
}

/** `path@version`, as `go mod download` has it. */
export const moduleName = ({ path, version }: { path: string; version: string }): string =>
  `${path}@${version}`

/** Programs and all their modules, and which has which. */
export function goComponents(
  programs: readonly GoProgram[],
  known: ModuleLicences,
): { components: Component[]; dependencies: Dependency[] } {
  const components: Component[] = []
  const dependencies: Dependency[] = []
  for (const { path, sha256, info } of programs) {
    const { main } = info
    const parts = [...info.modules.map((module) => moduleComponent(module, known)), standardLibrary(info.go)]
    const program: Component = {
      ...{ type: 'application', 'bom-ref': `program:${path}`, name: path },
      ...(main === undefined || main.version === '(devel)' ? {} : { version: main.version }),
      hashes: [{ alg: 'SHA-256', content: sha256 }],
      ...(main === undefined ? {} : mainModule(main, known)),
    }
    components.push(program, ...parts)
    dependencies.push({ ref: program['bom-ref'], dependsOn: parts.map((part) => part['bom-ref']) })
  }
  return { components, dependencies }
}

/** What a program says of its own module, which is ours (`(devel)`) or that of a project. */
function mainModule(main: GoModule, known: ModuleLicences): Partial<Component> {
  const property = { name: 'headless-lab:module', value: main.path }
  if (main.version === '(devel)') return { properties: [property] }
  return {
    ...licences(known.get(moduleName(main)) ?? [], 'concluded'),
    purl: goPurl(main),
    ...(main.replacement !== undefined && published(main) === undefined
      ? { properties: [property, { name: 'headless-lab:patched', value: 'built from a changed copy' }] }
      : { properties: [property] }),
  }
}

function moduleComponent(module: GoModule, known: ModuleLicences): Component {
  const built = published(module)
  if (built === undefined) {
    const ancestor = publishedComponent(module, known)
    return {
      ...{ type: 'library', 'bom-ref': `local:${moduleName(module)}`, name: module.path },
      pedigree: { ancestors: [ancestor], notes: 'a folder of headless-lab was built in its place' },
    }
  }
  return publishedComponent(built, known)
}

function publishedComponent(
  module: { path: string; version: string; sum: string },
  known: ModuleLicences,
): Component {
  const { path, version, sum } = module
  const url = goPurl(module)
  return {
    ...{ type: 'library', 'bom-ref': url, name: path, version },
    ...licences(known.get(moduleName(module)) ?? [], 'concluded'),
    purl: url,
    ...(sum === '' ? {} : { properties: [{ name: 'headless-lab:go.sum', value: sum }] }),
  }
}

/** By the name under which its vulnerabilities are published. */
function standardLibrary(go: string): Component {
  const version = go.replace(/^go/, '')
  const url = purl('golang', ['stdlib'], version)
  return {
    ...{ type: 'library', 'bom-ref': url, name: 'stdlib', version },
    ...licences(['BSD-3-Clause'], 'declared'),
    purl: url,
  }
}

const goPurl = ({ path, version }: { path: string; version: string }): string =>
  purl('golang', path.split('/'), version)
