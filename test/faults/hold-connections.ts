/**
 * A process that opens connections to a server, sends one request on each and then keeps them open.
 * Run as `hold-connections.ts <port> <count>`; prints `held <count>` when all are answered, then `closed <count>`
 * whenever the server has closed some. Ends when its standard input ends.
 */
import { connect } from 'node:net'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const openingAtOnce = 100

let answered = 0
let closed = 0
let started = 0

function openNext(): void {
  if (started === count) return
  started += 1
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  socket.once('data', () => {
    answered += 1
    if (answered === count) process.stdout.write(`held ${count}\n`)
    openNext()
  })
  socket.on('error', (error) => {
    process.stdout.write(`failed ${error.message}\n`)
  })
  socket.once('close', () => {
    closed += 1
    process.stdout.write(`closed ${closed}\n`)
  })
}

for (let parallel = 0; parallel < openingAtOnce; parallel += 1) openNext()
process.stdin.resume()
process.stdin.once('end', () => process.exit(0))
