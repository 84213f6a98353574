const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Runs one step of the start and shows it: a spinner on a terminal, plain lines elsewhere. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const stopShowing = process.stdout.isTTY ? spin(label) : announce(label)
  try {
    const result = await work()
    stopShowing(`✓ ${label} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
    return result
  } catch (error) {
    stopShowing(`✗ ${label}`)
    throw error
  }
}

function announce(label: string) {
  process.stdout.write(`… ${label}\n`)
  return (line: string) => process.stdout.write(`${line}\n`)
}

function spin(label: string) {
  let frame = 0
  const draw = () => process.stdout.write(`\r\x1b[2K${frames[frame++ % frames.length]} ${label}`)
  draw()
  const timer = setInterval(draw, 100)
  return (line: string) => {
    clearInterval(timer)
    process.stdout.write(`\r\x1b[2K${line}\n`)
  }
}
