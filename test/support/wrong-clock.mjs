// Loaded into a gateway before its own code, in each of its threads: the wall clock that JavaScript sees goes wrong by as
// many ms as the file named by WRONG_CLOCK_FILE says, from one look to the next. Monotonic clocks stay as they are.
import { readFileSync } from 'node:fs'

const RightDate = Date
let error = 0
const look = () => {
  error = Number(readFileSync(process.env.WRONG_CLOCK_FILE ?? '', 'utf8')) || 0
}
look()
setInterval(look, 20).unref()

const now = () => RightDate.now() + error
globalThis.Date = new Proxy(RightDate, {
  construct: (target, parts, newTarget) =>
    Reflect.construct(target, parts.length === 0 ? [now()] : parts, newTarget),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
})
