const std = @import("std");

const limit: usize = 10;

/// A point.
pub const Point = struct {
    x: i32,
    y: i32,

    pub fn init(x: i32, y: i32) Point {
        return Point{ .x = x, .y = y };
    }

    /// Adds another point to this one, and gives back the sum of the two.
    pub fn add(self: Point, other: Point) Point {
        return init(self.x + other.x, self.y + other.y);
    }
};

const Colour = enum { red, green };

fn helper(x: u32) u32 {
    return x * 2;
}

test "helper doubles" {
    try std.testing.expect(helper(2) == 4);
}
