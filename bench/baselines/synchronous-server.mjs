// A synchronous server: it responds to an upload after its images are processed.
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import express from 'express';
import multer from 'multer';
import sharp from 'sharp';

const [folder] = process.argv.slice(2);
mkdirSync(join(folder, 'processed'), { recursive: true });
const upload = multer({ dest: join(folder, 'uploads') });
const app = express();

app.post('/process-images', upload.array('images', 10), async (req, res) => {
  const results = await Promise.all(
    req.files.map(async ({ path, filename }) => {
      const result = join(folder, 'processed', `${filename}.jpg`);
      await sharp(path).resize(512).grayscale().jpeg({ quality: 80 }).toFile(result);
      return `/results/${basename(result)}`;
    }),
  );
  res.json({ results });
});

app.use('/results', express.static(join(folder, 'processed')));

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
// Like the service. A connection that is closed at the moment of its reuse would fail the benchmark.
server.keepAliveTimeout = 75_000;
