import { connect } from 'node:net';

// Passes what connects to the servers that it is sent on to a host of the network that it runs in.
process.on('message', ({ host, port }, server) => {
  server.on('connection', (client) => {
    const there = connect(port, host);
    client.pipe(there).pipe(client);
    const end = () => {
      client.destroy();
      there.destroy();
    };
    client.on('error', end);
    there.on('error', end);
  });
  process.send('taken');
});
