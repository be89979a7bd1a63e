// A server that stores uploads with multer's own disk storage, and does nothing else.
import express from 'express';
import multer from 'multer';

const [folder] = process.argv.slice(2);
const upload = multer({ dest: folder });
const app = express();

app.post('/process-images', upload.array('images', 10), (req, res) =>
  res.status(202).json({ files: req.files.length }),
);

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
// Like the service. A connection that is closed at the moment of its reuse would fail the benchmark.
server.keepAliveTimeout = 75_000;
