import { stringify } from 'yaml'

/**
 * YAML of a plain value: the same value gives the same bytes. Texts another reader could take for something
 * else are quoted: kind and containerlab read YAML 1.1, where `yes` is a boolean and `12:30` a number.
 */
export const toYaml = (value: unknown): string =>
  stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })

/** The first line of every rendered file. */
export const renderedComment = '# Rendered by headless-lab from the spec; the next deploy writes it again.\n'
