// Written by `npm run docs` from the OpenAPI document. Edit the source code of the service instead.

/** The text fields of an upload. */
export const uploadFields = [
  {
    "name": "width",
    "type": "integer",
    "description": "width in pixels; 512 if `height` is not set either"
  },
  {
    "name": "height",
    "type": "integer",
    "description": "height in pixels; by default the aspect ratio is kept"
  },
  {
    "name": "fit",
    "type": "string",
    "values": [
      "cover",
      "contain",
      "inside",
      "outside",
      "fill"
    ],
    "description": "how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)"
  },
  {
    "name": "position",
    "type": "string",
    "values": [
      "centre",
      "center",
      "north",
      "northeast",
      "east",
      "southeast",
      "south",
      "southwest",
      "west",
      "northwest",
      "entropy",
      "attention"
    ],
    "description": "part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part"
  },
  {
    "name": "enlarge",
    "type": "boolean",
    "description": "whether a smaller image is enlarged; `true` by default"
  },
  {
    "name": "grayscale",
    "type": "boolean",
    "description": "whether the image is converted to grayscale; `true` by default"
  },
  {
    "name": "format",
    "type": "string",
    "values": [
      "jpeg",
      "png",
      "webp",
      "avif",
      "original"
    ],
    "description": "file format of the result; `jpeg` by default"
  },
  {
    "name": "quality",
    "type": "integer",
    "description": "quality of JPEG, WebP and AVIF; 80 by default"
  },
  {
    "name": "rotate",
    "type": "integer",
    "description": "clockwise rotation in degrees, after the EXIF orientation was applied: 0, 90, 180 or 270"
  },
  {
    "name": "background",
    "type": "string",
    "description": "colour behind transparent pixels and of the padding of `contain`; by default white for JPEG, and transparent for other formats"
  },
  {
    "name": "blur",
    "type": "number",
    "description": "radius (sigma) of a Gaussian blur, in pixels of the result"
  },
  {
    "name": "sharpen",
    "type": "number",
    "description": "radius (sigma) of sharpening, in pixels of the result"
  },
  {
    "name": "keepMetadata",
    "type": "boolean",
    "description": "whether EXIF (which may contain the location of the camera) and XMP are kept; `false` by default"
  },
  {
    "name": "variants",
    "type": "string",
    "description": "JSON array of up to 8 sets of these options, each with a `name`: several results of each file. Options beside it apply to each variant that does not set them itself."
  },
  {
    "name": "preset",
    "type": "string",
    "description": "a named set of options; see `GET /presets`"
  },
  {
    "name": "tags",
    "type": "string",
    "description": "up to 10 words by which `GET /batches` finds the batch, comma-separated or in repeated fields"
  },
  {
    "name": "metadata",
    "type": "string",
    "description": "JSON object of at most 4096 bytes, which is returned with the batch"
  },
  {
    "name": "webhook",
    "type": "string",
    "description": "URL to call when the batch has ended"
  }
] as const;
