/** The output of a script whose answers each follow a line `@@ <title>`, by title. */
export function sections(output: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const section of output.replaceAll('\r', '').split(/^@@ /m).slice(1)) {
    const end = section.indexOf('\n')
    found.set(section.slice(0, end).trim(), section.slice(end + 1).trim())
  }
  return found
}
