/**
 * The functions of libheif that `heic-thread.ts` uses. The package declares them all with numbered parameters. Pointers are addresses
 * in the memory of the WebAssembly module. A function that returns `heif_error` in C writes it to `error` instead: 12 bytes, of which
 * the first four are the code and the last four point to the message.
 */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  type Pointer = number;
  type Context = number;
  type Handle = number;
  type Image = number;

  export interface Libheif {
    /** The memory as bytes. Another object after each call that allocates memory. */
    readonly HEAPU8: Uint8Array<ArrayBuffer>;
    /** The memory as words of 32 bits. Another object after each call that allocates memory. */
    readonly HEAPU32: Uint32Array<ArrayBuffer>;
    _malloc(bytes: number): Pointer;
    _heif_context_alloc(): Context;
    _heif_context_get_security_limits(context: Context): Pointer;
    _heif_context_read_from_memory_without_copy(
      error: Pointer,
      context: Context,
      file: Pointer,
      bytes: number,
      options: Pointer,
    ): void;
    _heif_context_get_primary_image_handle(error: Pointer, context: Context, handle: Pointer): void;
    _heif_image_handle_get_width(handle: Handle): number;
    _heif_image_handle_get_height(handle: Handle): number;
    _heif_image_handle_has_alpha_channel(handle: Handle): number;
    _heif_image_handle_get_nclx_color_profile(error: Pointer, handle: Handle, profile: Pointer): void;
    _heif_decoding_options_alloc(): Pointer;
    _heif_decode_image(
      error: Pointer,
      handle: Handle,
      image: Pointer,
      colourSpace: number,
      chroma: number,
      options: Pointer,
    ): void;
    _heif_image_get_width(image: Image, channel: number): number;
    _heif_image_get_height(image: Image, channel: number): number;
    _heif_image_get_plane_readonly(image: Image, channel: number, stride: Pointer): Pointer;
  }

  // biome-ignore lint/style/noDefaultExport: the package has no other export
  export default function createLibheif(options?: { print?: () => void; printErr?: () => void }): Libheif;
}
