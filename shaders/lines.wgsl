// Straight lines with round ends, whole or dashed: network edges, lassos, contours.
//
// Each instance goes from one world place to another; widths and dashes are in pixels. Output: colours multiplied by
// opacity. Twin on the processor: `raster/lines.rs`.

struct LineIn {
    @builtin(vertex_index) vertex: u32,
    @location(0) from_world: vec3<f32>,
    @location(1) to_world: vec3<f32>,
    @location(2) colour: vec4<f32>,
    // Width, length of a dash (0 for none) and where its pattern begins, in points.
    @location(3) pen: vec3<f32>,
}

struct LineOut {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) ends_px: vec4<f32>,
    @location(1) @interpolate(flat) colour: vec4<f32>,
    @location(2) @interpolate(flat) pen_px: vec3<f32>,
}

@vertex
fn vs_main(in: LineIn) -> LineOut {
    var out: LineOut;
    out.position = nowhere();
    var a = frame.clip_from_world * vec4<f32>(in.from_world, 1.0);
    var b = frame.clip_from_world * vec4<f32>(in.to_world, 1.0);
    let near = 0.01 * frame.reference_w;
    if (max(a.w, b.w) < near) {
        return out;
    }
    if (a.w < near) {
        a = mix(a, b, (near - a.w) / (b.w - a.w));
    }
    if (b.w < near) {
        b = mix(b, a, (near - b.w) / (a.w - b.w));
    }
    let from_px = px_from_clip(a);
    let to_px = px_from_clip(b);
    let along = to_px - from_px;
    let length_px = length(along);
    let direction = select(vec2<f32>(1.0, 0.0), along / length_px, length_px > 1e-6);
    out.ends_px = vec4<f32>(from_px, to_px);
    out.colour = in.colour;
    out.colour.a *= depth_factor(0.5 * (a.w + b.w));
    out.pen_px = in.pen * frame.px_per_point;
    let corner = quad_corner(in.vertex);
    let reach = 0.5 * out.pen_px.x + 1.0;
    let end = select(from_px, to_px, corner.x > 0.0);
    let across = vec2<f32>(-direction.y, direction.x);
    out.position = clip_from_px(end + reach * (corner.x * direction + corner.y * across));
    return out;
}

@fragment
fn fs_main(in: LineOut) -> @location(0) vec4<f32> {
    let from_px = in.ends_px.xy;
    let along = in.ends_px.zw - from_px;
    let offset = in.position.xy - from_px;
    let part = clamp(dot(offset, along) / max(dot(along, along), 1e-12), 0.0, 1.0);
    let half_width = max(0.5 * in.pen_px.x, 0.5);
    let thin = 0.5 * in.pen_px.x / half_width;
    var coverage = thin * clamp(half_width + 0.5 - length(offset - part * along), 0.0, 1.0);
    let dash = in.pen_px.y;
    if (dash > 0.0) {
        let travelled = part * length(along) + in.pen_px.z;
        let phase = fract(travelled / (2.0 * dash));
        let inside = 0.25 - min(abs(phase - 0.25), abs(phase - 1.25));
        coverage *= clamp(inside * 2.0 * dash + 0.5, 0.0, 1.0);
    }
    let opacity = in.colour.a * coverage;
    return vec4<f32>(in.colour.rgb * opacity, opacity);
}
