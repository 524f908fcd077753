/** What only the text of a licence says, as words; that of a licence with several parts has them all. */
const PHRASES: readonly (readonly [id: string, phrases: readonly string[]])[] = [
  ['Apache-2.0', ['apache license version 2 0']],
  ['MPL-2.0', ['mozilla public license version 2 0']],
  ['MIT', ['permission is hereby granted free of charge to any person obtaining a copy of this software']],
  [
    'ISC',
    ['permission to use copy modify and or distribute this software for any purpose with or without fee'],
  ],
  ['BSD-3-Clause', ['redistribution and use in source and binary forms', 'neither the name']],
  ['BSD-2-Clause', ['redistribution and use in source and binary forms']],
]

/** The licences that a text is, or has among others: SPDX ids. None where it is another, or no licence at all. */
export function licencesInText(text: string): string[] {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
  const found = PHRASES.filter(([, phrases]) => phrases.every((phrase) => words.includes(phrase))).map(
    ([id]) => id,
  )
  // The text with three clauses has the words of that with two.
  return found.includes('BSD-3-Clause') ? found.filter((id) => id !== 'BSD-2-Clause') : found
}

/** Names of files that hold a licence's text. */
export const isLicenceFile = (name: string): boolean => /^(licen[cs]e|copying|unlicense)/i.test(name)
