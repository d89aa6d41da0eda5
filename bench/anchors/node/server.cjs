// simple-hl7's TCP server: `node server.cjs FOLDER`. Parses, answers, keeps nothing.
// FOLDER holds its node_modules. Writes its port on the first line and ends with its standard input.
'use strict';
const net = require('net');
const path = require('path');
const { createRequire } = require('module');
const hl7 = createRequire(path.resolve(process.argv[2], 'here.js'))('simple-hl7');

const app = hl7.tcp();
app.use((request, response) => response.end());
app.use((fault, request, response, next) => console.error(fault.message)); // four arguments: its handler of errors

// The library says nothing of the port that it was given, so one that is free is looked for.
const probe = net.createServer();
probe.listen(0, '127.0.0.1', () => {
  const { port } = probe.address();
  probe.close(() => {
    app.start(port);
    console.log(port);
  });
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
