import sharp from 'sharp';

/** Versions of sharp, libvips and the libraries in it, by name. With another version the same options can make other bytes. */
export const libraryVersions: Readonly<Record<string, string | undefined>> = sharp.versions;
