import { SECRET_CONFIG, SECRET_DIR } from './redis-options.js'
import { secretFunction } from './secret-script.js'

/** Key of the Secret for the user `default`, by which also replicas and Sentinels log in. */
export const PASSWORD_KEY = 'password'

/** Key of the Secret for another user. */
export const userKey = (user: string): string => `${user}-password`

/** Rules of Redis' access control lists, by user name. */
export type AclUsers = Readonly<Record<string, string>>

/**
 * What is wrong with users, each a sentence. Their names and rules become lines of a configuration file, so
 * nothing in them may end a line or a word early; and passwords are the Secret's business.
 */
export function userProblems(users: AclUsers): string[] {
  return Object.entries(users).flatMap(([user, rules]) => [
    ...nameProblem(user),
    ...ruleProblem(rules).map((problem) => `auth.users: the rules of ${JSON.stringify(user)} ${problem}`),
  ])
}

function nameProblem(user: string): string[] {
  const quoted = JSON.stringify(user)
  if (user === 'default')
    return [`auth.users: ${quoted} has all rights and the key "${PASSWORD_KEY}" already`]
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(user)
    ? []
    : [
        `auth.users: ${quoted} is no name of 1 to 63 letters, digits, '-', '_' and '.', the first one a letter or digit`,
      ]
}

function ruleProblem(rules: string): string[] {
  if (rules.trim() === '') return ['are empty; such a user may do nothing']
  if (!/^[\x20-\x7e]*$/.test(rules)) return ['have a character that is not printable ASCII']
  if (/["'\\$]/.test(rules)) return [`have one of the characters " ' \\ $`]
  const password = rules
    .split(' ')
    .find((rule) => /^[<>#!]/.test(rule) || /^(nopass|resetpass|reset)$/i.test(rule))
  return password === undefined
    ? []
    : [`say ${JSON.stringify(password)}; the password is of the Secret, by the key "<user>-password"`]
}

/** How redis-cli takes a password that is not on its command line. */
export const LOGIN = `export REDISCLI_AUTH="$(cat ${SECRET_DIR}/${PASSWORD_KEY})"
`

/** Logs in, and has `secret KEY` print a value of the Secret. */
export const SECRET = `${secretFunction(SECRET_DIR)}
REDISCLI_AUTH=$(secret ${PASSWORD_KEY})
export REDISCLI_AUTH
`

/** Sets `quoted`: the password as a string of the configuration. Only builtins get it as an argument: nobody sees those. */
export const QUOTE_PASSWORD = `quoted=$(printf '%s' "$REDISCLI_AUTH" | sed 's/[\\\\"]/\\\\&/g')
`

/**
 * `users [RULES]` prints a line of configuration for each user of ACL_USERS, with its own rules or those given.
 * Passwords are hashed, as Redis keeps them itself.
 */
export const PRINT_USERS = `users() {
  printf '%s\\n' "$ACL_USERS" | while read -r user rules; do
    password=$(secret "$user-password")
    hash=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
    printf 'user %s on #%s %s\\n' "$user" "$hash" "\${1:-$rules}"
  done
}
`

/** Writes the part of the server's configuration that holds passwords. */
export function writeSecretConfig(withUsers: boolean): string {
  return `${QUOTE_PASSWORD}${withUsers ? PRINT_USERS : ''}{
  printf 'requirepass "%s"\\nmasterauth "%s"\\n' "$quoted" "$quoted"${withUsers ? '\n  users' : ''}
} > ${SECRET_CONFIG}
`
}
