import fs from "fs";
const LIMIT = 10;

/** Adds two numbers. */
export function add(a, b) {
  return a + b;
}

export default class Queue extends Base {
  #items = [];

  // Puts one item at the end.
  push(item) {
    this.#items.push(item);
    return this.#items.length;
  }

  static of(...items) {
    const queue = new Queue();
    items.forEach((i) => queue.push(i));
    return queue;
  }
}

const double = (x) => {
  return x * 2;
};

Queue.prototype.peek = function () {
  return this.items[0];
};

module.exports = { add, double };
