// Stationary points: each kind in a shape of its own, with a halo that parts it from what lies behind, and a ring
// when it is selected.
//
// Shapes: 0 disc, 1 square, 2 diamond, 3 triangle, 4 cross. Output: colours multiplied by opacity. Twin on the
// processor: `raster/glyphs.rs`.

struct Glyphs {
    halo: vec4<f32>,
    // Widths of halo and ring in points.
    halo_width: f32,
    ring_width: f32,
    padding_0: f32,
    padding_1: f32,
}

@group(1) @binding(0) var<uniform> glyphs: Glyphs;

struct GlyphIn {
    @builtin(vertex_index) vertex: u32,
    @location(0) place: vec3<f32>,
    @location(1) radius: f32,
    @location(2) shape: u32,
    @location(3) fill: vec4<f32>,
    // Opacity 0 for none.
    @location(4) ring: vec4<f32>,
}

struct GlyphOut {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) centre_px: vec2<f32>,
    @location(1) @interpolate(flat) radius_px: f32,
    @location(2) @interpolate(flat) shape: u32,
    @location(3) @interpolate(flat) fill: vec4<f32>,
    @location(4) @interpolate(flat) ring: vec4<f32>,
}

@vertex
fn vs_main(in: GlyphIn) -> GlyphOut {
    var out: GlyphOut;
    out.position = nowhere();
    let clip = frame.clip_from_world * vec4<f32>(in.place, 1.0);
    if (clip.w < 0.01 * frame.reference_w) {
        return out;
    }
    out.centre_px = px_from_clip(clip);
    out.radius_px = in.radius * frame.px_per_point * sqrt(frame.reference_w / clip.w);
    out.shape = in.shape;
    out.fill = in.fill;
    out.ring = in.ring;
    let edge = (glyphs.halo_width + glyphs.ring_width) * frame.px_per_point;
    let reach = 1.3 * out.radius_px + edge + 1.0;
    out.position = clip_from_px(out.centre_px + reach * quad_corner(in.vertex));
    return out;
}

fn box_distance(p: vec2<f32>, half_size: vec2<f32>) -> f32 {
    let d = abs(p) - half_size;
    return length(max(d, vec2<f32>(0.0))) + min(max(d.x, d.y), 0.0);
}

fn triangle_distance(p: vec2<f32>, r: f32) -> f32 {
    // An equilateral triangle, point up (y is down), of circumradius r around its centroid.
    let k = 1.7320508;
    var q = vec2<f32>(abs(p.x) - 0.5 * k * r, -p.y + 0.5 * r);
    if (q.x + k * q.y > 0.0) {
        q = vec2<f32>(q.x - k * q.y, -k * q.x - q.y) / 2.0;
    }
    q.x -= clamp(q.x, -k * r, 0.0);
    return -length(q) * sign(q.y);
}

// Signed distance to the outline of a shape of radius r around 0, negative inside, in pixels.
fn shape_distance(shape: u32, p: vec2<f32>, r: f32) -> f32 {
    let turned = 0.70710678 * vec2<f32>(p.x + p.y, p.y - p.x);
    switch shape {
        case 1u: { return box_distance(p, vec2<f32>(0.86 * r)); }
        case 2u: { return box_distance(turned, vec2<f32>(0.84 * r)); }
        case 3u: { return triangle_distance(p, 1.25 * r); }
        case 4u: {
            let bar = vec2<f32>(1.1 * r, 0.3 * r);
            return min(box_distance(turned, bar), box_distance(turned, bar.yx));
        }
        default: { return length(p) - r; }
    }
}

@fragment
fn fs_main(in: GlyphOut) -> @location(0) vec4<f32> {
    let distance = shape_distance(in.shape, in.position.xy - in.centre_px, in.radius_px);
    let halo_px = glyphs.halo_width * frame.px_per_point;
    let ring_px = glyphs.ring_width * frame.px_per_point;
    let fill = in.fill.a * clamp(0.5 - distance, 0.0, 1.0);
    let halo = glyphs.halo.a * clamp(0.5 + halo_px - distance, 0.0, 1.0);
    let ring = in.ring.a * clamp(0.5 + halo_px + ring_px - distance, 0.0, 1.0);
    var out = vec4<f32>(in.ring.rgb * ring, ring);
    out = vec4<f32>(glyphs.halo.rgb * halo, halo) + (1.0 - halo) * out;
    return vec4<f32>(in.fill.rgb * fill, fill) + (1.0 - fill) * out;
}
