//! Crate docs.
use std::fmt;

const LIMIT: usize = 10;

/// A point in the plane.
#[derive(Debug, Clone)]
pub struct Point {
    x: i32,
    y: i32,
}

pub enum Shape {
    Circle(f64),
    Square(f64),
}

pub trait Area {
    fn area(&self) -> f64;

    fn name(&self) -> String {
        "shape".to_string()
    }
}

impl fmt::Display for Point {
    /// Writes the point as (x, y) without any further decoration around it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.x, self.y)
    }
}

impl<T> Stack<T> {
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub fn pop(&mut self) -> Option<T> {
        self.items.pop().map(|item| { self.count -= 1; item })
    }
}

macro_rules! square {
    ($x:expr) => { $x * $x };
}

type Alias = Vec<Point>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works() {
        assert_eq!(square!(2), 4);
    }
}

pub async fn run() {}
