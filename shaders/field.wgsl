// A field on the plane z = 0 in colours, hatched where data support it weakly.
//
// The grid is a texture of (value as part of the colour scale's range, support), read with bilinear weights of our own
// because 32-bit floats cannot be filtered everywhere. Output: colours multiplied by opacity. Twin on the processor:
// `raster/field.rs`.

struct Field {
    // Lower left and upper right corner in world units.
    corners: vec4<f32>,
    hatch: vec4<f32>,
    opacity: f32,
    // Part of the range over which opacity grows from 0; 0 for none.
    fade: f32,
    // Distance and width of hatch lines in points.
    hatch_spacing: f32,
    hatch_width: f32,
}

@group(1) @binding(0) var<uniform> field: Field;
@group(1) @binding(1) var grid: texture_2d<f32>;
@group(1) @binding(2) var colours: texture_2d<f32>;

struct FieldOut {
    @builtin(position) position: vec4<f32>,
    @location(0) part: vec2<f32>,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32) -> FieldOut {
    var out: FieldOut;
    out.part = 0.5 + 0.5 * quad_corner(vertex);
    let place = mix(field.corners.xy, field.corners.zw, out.part);
    out.position = frame.clip_from_world * vec4<f32>(place, 0.0, 1.0);
    return out;
}

fn sample_grid(part: vec2<f32>) -> vec2<f32> {
    let size = vec2<i32>(textureDimensions(grid));
    let at = part * vec2<f32>(size) - 0.5;
    let cell = floor(at);
    let weight = at - cell;
    let low = clamp(vec2<i32>(cell), vec2<i32>(0), size - 1);
    let high = clamp(vec2<i32>(cell) + 1, vec2<i32>(0), size - 1);
    let below = mix(textureLoad(grid, low, 0), textureLoad(grid, vec2<i32>(high.x, low.y), 0), weight.x);
    let above = mix(textureLoad(grid, vec2<i32>(low.x, high.y), 0), textureLoad(grid, high, 0), weight.x);
    return mix(below, above, weight.y).xy;
}

@fragment
fn fs_main(in: FieldOut) -> @location(0) vec4<f32> {
    let value = sample_grid(in.part);
    let part = clamp(value.x, 0.0, 1.0);
    let colour = textureLoad(colours, vec2<i32>(i32(round(part * 255.0)), 0), 0).rgb;
    var opacity = field.opacity;
    if (field.fade > 0.0) {
        let fading = clamp(part / field.fade, 0.0, 1.0);
        opacity *= fading * fading;
    }
    var out = vec4<f32>(colour * opacity, opacity);
    if (value.y < 0.5) {
        let spacing = field.hatch_spacing * frame.px_per_point;
        let across = (in.position.x + in.position.y) * 0.70710678;
        let from_line = abs(fract(across / spacing) - 0.5) * spacing;
        let line = clamp(0.5 * field.hatch_width * frame.px_per_point + 0.5 - from_line, 0.0, 1.0);
        let hatch = field.hatch.a * line;
        out = vec4<f32>(field.hatch.rgb * hatch, hatch) + (1.0 - hatch) * out;
    }
    return out;
}
