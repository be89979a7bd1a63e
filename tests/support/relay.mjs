import { connect } from 'node:net';

// Receives listening servers from its parent, and forwards their connections to a host in its own network.
process.on('message', ({ host, port }, server) => {
  server.on('connection', (client) => {
    const upstream = connect(port, host);
    client.pipe(upstream).pipe(client);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', end);
    upstream.on('error', end);
  });
  process.send('taken');
});
