// A server that stores an upload by multer's own means and does nothing more.
import express from 'express';
import multer from 'multer';

const [folder] = process.argv.slice(2);
const upload = multer({ dest: folder });
const app = express();

app.post('/process-images', upload.array('images', 10), (req, res) =>
  res.status(202).json({ files: req.files.length }),
);

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
// As the service does: a connection that is closed just as it is used again would end the run.
server.keepAliveTimeout = 75_000;
