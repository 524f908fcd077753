import { createHash } from 'node:crypto'

/** A licence of CycloneDX: one of the SPDX list, or else by the name its publisher gives it. */
export interface LicenceChoice {
  readonly license: {
    readonly id?: string
    readonly name?: string
    /** `declared` by whoever publishes it; `concluded` from the text that lies in it. */
    readonly acknowledgement: 'declared' | 'concluded'
  }
}

/** A part of something, as CycloneDX has it; what is not used here is left out. */
export interface Component {
  readonly type: 'application' | 'library' | 'container' | 'operating-system' | 'file'
  /** Unique in its document. */
  readonly 'bom-ref': string
  readonly group?: string
  readonly name: string
  readonly version?: string
  readonly description?: string
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[]
  readonly licenses?: readonly LicenceChoice[]
  readonly purl?: string
  readonly pedigree?: { readonly ancestors: readonly Component[]; readonly notes: string }
  readonly externalReferences?: readonly { readonly type: 'bom'; readonly url: string }[]
  readonly properties?: readonly Property[]
}

/** What CycloneDX has no field for; names begin with `headless-lab:`. */
export interface Property {
  readonly name: string
  readonly value: string
}

/** What a part is made of, by `bom-ref`. */
export interface Dependency {
  readonly ref: string
  readonly dependsOn: readonly string[]
}

/** A software bill of materials: CycloneDX 1.6 (cyclonedx.org/docs/1.6/json). */
export interface Bom {
  readonly $schema: string
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.6'
  readonly serialNumber: string
  readonly version: 1
  readonly metadata: {
    readonly tools: {
      readonly components: readonly { readonly type: 'application'; readonly name: string }[]
    }
    readonly component: Component
  }
  readonly components: readonly Component[]
  readonly dependencies: readonly Dependency[]
}

/**
 * The bill of one subject. The same parts give the same bytes: they are sorted, there is no time in it, and its serial
 * number comes from its content.
 *
 * @param dependencies of parts; that of the subject on what nothing else needs is added
 */
export function bomOf(
  subject: Component,
  parts: readonly Component[],
  dependencies: readonly Dependency[],
): Bom {
  const components = [...new Map(parts.map((part) => [part['bom-ref'], part])).values()].toSorted(byRef)
  const needed = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn))
  const top = components.map((part) => part['bom-ref']).filter((ref) => !needed.has(ref))
  const all = [{ ref: subject['bom-ref'], dependsOn: top }, ...dependencies]
  const content = {
    metadata: {
      tools: { components: [{ type: 'application' as const, name: 'headless-lab' }] },
      component: subject,
    },
    components,
    dependencies: all
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: [...new Set(dependsOn)].toSorted() }))
      .toSorted((a, b) => compare(a.ref, b.ref)),
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumberOf(JSON.stringify(content)),
    version: 1,
    ...content,
  }
}

/** A UUID of version 8 (RFC 9562), which is for numbers made from a hash. */
function serialNumberOf(content: string): string {
  const digits = createHash('sha256').update(content).digest('hex')
  const variant = ((parseInt(digits.slice(16, 17), 16) & 3) | 8).toString(16)
  const groups = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ]
  return `urn:uuid:${groups.join('-')}`
}

const byRef = (a: Component, b: Component): number => compare(a['bom-ref'], b['bom-ref'])

/** By code units, which is the same in every locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
