/** What a reader has found out so far, and how it says it. */

/**
 * A reader's way through an image: it yields while bytes are missing and returns where the image ends (its feed's
 * position, which may still be to come), with what is wrong if something is.
 */
export type Reading = Generator<void, string | undefined, void>;

/** The longest side, in pixels: what readers of tables can hold, and far beyond what any encoder makes. */
const LONGEST_SIDE = 2 ** 31 - 1;

/** Thrown where a size stands that is none. */
export class NoSize extends Error {}

export class ImageSketch {
  width: number | undefined;
  height: number | undefined;
  /** The file may end here, without anything that says so. */
  mayEndAt: number | undefined;
  /** Bytes up to here belong to the image, though it does not need them. */
  paddedTo = 0;

  /**
   * The first size that makes sense counts; one with a side of 0 may still follow from elsewhere. Errors: NoSize above
   * LONGEST_SIDE.
   */
  sized(width: number, height: number): void {
    if (width > LONGEST_SIDE || height > LONGEST_SIDE) throw new NoSize();
    if (this.width === undefined && width > 0 && height > 0) {
      this.width = width;
      this.height = height;
    }
  }
}
