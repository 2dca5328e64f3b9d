import { x } from "./x";

export interface Point {
  x: number;
  y: number;
}

type Alias = string | number;

export enum Colour { Red, Green }

namespace Geometry {
  export const area = (p: Point): number => {
    return p.x * p.y;
  };
}

@Injectable()
export class Store<T> implements Reader<T> {
  private items: Map<string, T> = new Map();

  constructor(private readonly name: string) {}

  /** Reads one item by its key. */
  get(key: string): T | undefined {
    return this.items.get(key);
  }
}

export abstract class Shape {
  abstract area(): number;
}

declare function external(a: string): void;
