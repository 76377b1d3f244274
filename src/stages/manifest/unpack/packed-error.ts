/** What is wrong with packed bytes, in words: what they belong to and where it shows is added by who knows it. */
export class PackedError extends Error {
  /** It is whole, but unpacking it would take more time or memory than there is for it. */
  readonly isTooLarge: boolean;

  constructor(message: string, isTooLarge = false) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}
