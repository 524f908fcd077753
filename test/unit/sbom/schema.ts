import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

const library = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')

/** As the schemas name each other; the library changed the names, not the ids. */
const idOf = (name: string): string => `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`

async function schema(name: string): Promise<object> {
  const file = join(dirname(library), 'res', 'schema', `${name}.SNAPSHOT.schema.json`)
  return JSON.parse(await readFile(file, 'utf8')) as object
}

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats.default(ajv)
// Of addresses, which here are names of files, or nobody's.
for (const format of ['iri-reference', 'idn-email']) ajv.addFormat(format, true)
for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(await schema(name), idOf(name))
const validate = ajv.compile(await schema('bom-1.6'))

/** What the schema of CycloneDX 1.6 finds wrong with a document; nothing where it is valid. */
export function schemaErrors(document: unknown): string[] {
  if (validate(document)) return []
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`)
}
