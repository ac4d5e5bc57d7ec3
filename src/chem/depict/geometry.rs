//! Points of the plane and the few operations that drawing needs.

/// A place in the plane, x to the right and y up, in bond lengths.
pub type Point = [f64; 2];

pub(super) fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}

pub(super) fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

pub(super) fn scale(a: Point, factor: f64) -> Point {
    [a[0] * factor, a[1] * factor]
}

pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Positive when `b` is counter-clockwise of `a`.
pub(super) fn cross(a: Point, b: Point) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(super) fn length(a: Point) -> f64 {
    a[0].hypot(a[1])
}

pub(super) fn distance(a: Point, b: Point) -> f64 {
    length(sub(a, b))
}

pub(super) fn middle(a: Point, b: Point) -> Point {
    scale(add(a, b), 0.5)
}

/// The direction of `a` with length 1; to the right when `a` has no length.
pub(super) fn unit(a: Point) -> Point {
    let norm = length(a);
    if norm < 1e-9 { [1.0, 0.0] } else { scale(a, 1.0 / norm) }
}

/// The angle of `a` from the x axis, in radians.
pub(super) fn angle(a: Point) -> f64 {
    a[1].atan2(a[0])
}

/// The unit vector at `angle` radians.
pub(super) fn polar(angle: f64) -> Point {
    [angle.cos(), angle.sin()]
}

/// A quarter turn counter-clockwise.
pub(super) fn perpendicular(a: Point) -> Point {
    [-a[1], a[0]]
}

/// `p` turned about `centre` by the angle whose cosine and sine are `turn`.
pub(super) fn turned(p: Point, centre: Point, turn: Point) -> Point {
    let d = sub(p, centre);
    [centre[0] + d[0] * turn[0] - d[1] * turn[1], centre[1] + d[0] * turn[1] + d[1] * turn[0]]
}

/// The mirror image of `p` in the line through `a` and `b`.
pub(super) fn mirrored(p: Point, a: Point, b: Point) -> Point {
    let along = unit(sub(b, a));
    let d = sub(p, a);
    let parallel = scale(along, dot(d, along));
    add(a, sub(scale(parallel, 2.0), d))
}

pub(super) fn mean(points: impl Iterator<Item = Point>) -> Point {
    let (mut sum, mut n) = ([0.0, 0.0], 0.0);
    for p in points {
        sum = add(sum, p);
        n += 1.0;
    }
    if n == 0.0 { sum } else { scale(sum, 1.0 / n) }
}

/// The distance of `p` from the segment `a`–`b`.
pub(super) fn distance_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let ab = sub(b, a);
    let t = (dot(sub(p, a), ab) / dot(ab, ab).max(1e-12)).clamp(0.0, 1.0);
    distance(p, add(a, scale(ab, t)))
}

/// True when the open segments `a`–`b` and `c`–`d` cross.
pub(super) fn segments_cross(a: Point, b: Point, c: Point, d: Point) -> bool {
    let (ab, cd) = (sub(b, a), sub(d, c));
    let (s1, s2) = (cross(ab, sub(c, a)), cross(ab, sub(d, a)));
    let (s3, s4) = (cross(cd, sub(a, c)), cross(cd, sub(b, c)));
    s1 * s2 < 0.0 && s3 * s4 < 0.0
}
