const names = process.argv.slice(2)
for (const name of names) console.log(`Good day to ${name}, from Node ${process.versions.node}.`)
