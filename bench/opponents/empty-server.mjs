// The least that an Express application can be.
import express from 'express';

const server = express().listen(0, '127.0.0.1', () => process.send(server.address().port));
