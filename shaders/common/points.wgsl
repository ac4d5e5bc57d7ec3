// Put in front of the shaders of points: places and paint of each, and where its quad goes.

struct Points {
    radius: f32,
    opacity: f32,
    // Part of the way from the earlier places to the present ones.
    transition: f32,
    // 0: draw what is not selected; 1: draw what is selected.
    selected: u32,
    // Colour of what surrounds a disc, and its width in points.
    rim: vec4<f32>,
}

@group(1) @binding(0) var<uniform> points: Points;

struct PointIn {
    @builtin(vertex_index) vertex: u32,
    @location(0) place: vec3<f32>,
    @location(1) earlier: vec3<f32>,
    // Red, green, blue, flags (1 hidden, 2 selected), from the lowest byte.
    @location(2) paint: u32,
}

struct PointOut {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) centre_px: vec2<f32>,
    @location(1) @interpolate(flat) radius_px: f32,
    @location(2) @interpolate(flat) colour: vec3<f32>,
    @location(3) @interpolate(flat) opacity: f32,
}

const LEAST_RADIUS_PX: f32 = 0.7;

fn rim_px() -> f32 {
    return points.rim.w * frame.px_per_point;
}

fn place_point(in: PointIn) -> PointOut {
    var out: PointOut;
    let clip = frame.clip_from_world * vec4<f32>(mix(in.earlier, in.place, points.transition), 1.0);
    let flags = in.paint >> 24u;
    let wanted = (flags & 1u) == 0u && ((flags >> 1u) & 1u) == points.selected;
    out.position = nowhere();
    if (!wanted || clip.w < 0.01 * frame.reference_w) {
        return out;
    }
    let ideal = points.radius * frame.px_per_point * frame.reference_w / clip.w;
    let radius = max(ideal, LEAST_RADIUS_PX);
    let thin = ideal / radius;
    out.centre_px = px_from_clip(clip);
    out.radius_px = radius;
    out.colour = unpack4x8unorm(in.paint).rgb;
    out.opacity = points.opacity * thin * thin * depth_factor(clip.w);
    out.position = clip_from_px(out.centre_px + (radius + rim_px() + 1.0) * quad_corner(in.vertex));
    return out;
}

// How much of the pixel at `px` a disc covers, to about a hundredth.
fn disc_coverage(px: vec2<f32>, centre_px: vec2<f32>, radius_px: f32) -> f32 {
    return clamp(radius_px + 0.5 - distance(px, centre_px), 0.0, 1.0);
}
