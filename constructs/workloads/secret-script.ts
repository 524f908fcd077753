/**
 * Shell for any POSIX sh, of all scripts that read passwords: `secret KEY` prints a value of the Secret that is
 * mounted at `dir`. A missing or empty one, and one of more than a line, ends the script: a server without a
 * password would be worse, and so would one whose password is not the Secret's. Configuration files fold lines, end
 * at them, or take the first.
 * @param print the command that prints `$value`
 */
export const secretFunction = (dir: string, print = `printf '%s' "$value"`): string => `umask 077
secret() {
  value=$([ ! -e "${dir}/$1" ] || cat "${dir}/$1") || return 1
  case $value in
    '') echo "The Secret has no value for the key $1" >&2; return 1 ;;
    *[[:cntrl:]]*) echo "The Secret's value for the key $1 is more than one line of text" >&2; return 1 ;;
  esac
  ${print}
}`
