// Plain JavaScript: a thread that loads TypeScript loads the compiler for it as well, some 15 MB.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const connection = new DatabaseSync(workerData.file)
connection.exec('pragma busy_timeout = 1000')
connection.exec('pragma cache_size = -256')

parentPort?.on('message', (order) => {
  if (order === 'stop') {
    connection.close()
    parentPort?.close()
    return
  }
  try {
    // Passive: never waits for a reader or a writer; what it cannot move now it moves next time.
    connection.exec('pragma wal_checkpoint(passive)')
  } catch {
    // A busy or full disk: the log keeps everything until a later checkpoint succeeds.
  }
})
