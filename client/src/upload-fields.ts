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
    "name": "dpr",
    "type": "number",
    "description": "device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark`"
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
    "name": "focus",
    "type": "string",
    "description": "point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position`"
  },
  {
    "name": "enlarge",
    "type": "boolean",
    "description": "whether a smaller image is enlarged"
  },
  {
    "name": "crop",
    "type": "string",
    "description": "part of the original to use: `x,y,width,height` in pixels or per cent, after `trim`"
  },
  {
    "name": "trim",
    "type": "number",
    "description": "removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10"
  },
  {
    "name": "rotate",
    "type": "number",
    "description": "clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners"
  },
  {
    "name": "flip",
    "type": "boolean",
    "description": "whether the image is mirrored top to bottom"
  },
  {
    "name": "flop",
    "type": "boolean",
    "description": "whether the image is mirrored left to right"
  },
  {
    "name": "round",
    "type": "string",
    "description": "radius of rounded corners in pixels; `max` makes a circle or a pill"
  },
  {
    "name": "pad",
    "type": "string",
    "description": "pixels added around the result: 1 to 4 numbers, as in CSS"
  },
  {
    "name": "background",
    "type": "string",
    "description": "colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats"
  },
  {
    "name": "grayscale",
    "type": "boolean",
    "description": "whether the result is grayscale"
  },
  {
    "name": "tint",
    "type": "string",
    "description": "colour in which all brightnesses are drawn; needs `grayscale=false`"
  },
  {
    "name": "brightness",
    "type": "number",
    "description": "factor of the brightness"
  },
  {
    "name": "contrast",
    "type": "number",
    "description": "factor of the contrast"
  },
  {
    "name": "saturation",
    "type": "number",
    "description": "factor of the saturation; needs `grayscale=false`"
  },
  {
    "name": "hue",
    "type": "number",
    "description": "rotation of the hue in degrees; needs `grayscale=false`"
  },
  {
    "name": "lightness",
    "type": "number",
    "description": "number added to the lightness, which is 0 for black and 100 for white"
  },
  {
    "name": "gamma",
    "type": "number",
    "description": "darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness"
  },
  {
    "name": "normalise",
    "type": "boolean",
    "description": "whether the brightness is stretched to the full range from black to white"
  },
  {
    "name": "threshold",
    "type": "integer",
    "description": "makes pixels of this brightness or more white, and all others black"
  },
  {
    "name": "negate",
    "type": "boolean",
    "description": "whether the colours are inverted"
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
    "name": "median",
    "type": "integer",
    "description": "side in pixels of a median filter, which removes noise"
  },
  {
    "name": "watermark",
    "type": "object",
    "description": "image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile`"
  },
  {
    "name": "format",
    "type": "string",
    "values": [
      "jpeg",
      "png",
      "webp",
      "avif",
      "gif",
      "original"
    ],
    "description": "file format of the result"
  },
  {
    "name": "quality",
    "type": "string",
    "description": "quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels"
  },
  {
    "name": "maxBytes",
    "type": "integer",
    "description": "most bytes of the result: the highest quality from 10 to `quality` that fits is used"
  },
  {
    "name": "lossless",
    "type": "boolean",
    "description": "whether WebP and AVIF keep every pixel"
  },
  {
    "name": "progressive",
    "type": "boolean",
    "description": "whether JPEG and PNG can be shown before they are loaded completely"
  },
  {
    "name": "effort",
    "type": "integer",
    "description": "effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6"
  },
  {
    "name": "chromaSubsampling",
    "type": "string",
    "values": [
      "4:2:0",
      "4:4:4"
    ],
    "description": "resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them"
  },
  {
    "name": "colors",
    "type": "integer",
    "description": "most colours of PNG and GIF, which then have a palette"
  },
  {
    "name": "keepMetadata",
    "type": "string",
    "description": "metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`)"
  },
  {
    "name": "keepProfile",
    "type": "boolean",
    "description": "whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false`"
  },
  {
    "name": "info",
    "type": "boolean",
    "description": "whether the status describes the original: its size, colours, camera and more"
  },
  {
    "name": "animated",
    "type": "boolean",
    "description": "whether an animation stays one, as GIF or WebP; otherwise the result is a still image"
  },
  {
    "name": "frame",
    "type": "integer",
    "description": "frame of an animation that becomes a still image, from 0"
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
    "description": "JSON object of at most 4 KiB, which is returned with the batch"
  },
  {
    "name": "webhook",
    "type": "string",
    "description": "URL to call when the batch has ended"
  }
] as const;
