/** Whether DNS says that these addresses are gone. No answer, or a server that fails, says nothing of them. */
export function lacks(answer: readonly string[] | string, addresses: readonly string[]): boolean {
  if (typeof answer === 'string') return answer === 'NXDOMAIN'
  return addresses.every((address) => !answer.includes(address))
}
