/** A small picture: sides are multiples of 8, `shade` gives the brightness of an 8 x 8 square, 0..1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly shade: (square: number) => number;
}
