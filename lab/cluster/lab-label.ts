/** The label of what is a lab's, with its name as the value. */
export const LAB_LABEL = 'headless-lab.dev/lab'
