// Turns the added optical depths of points.wgsl into colours over what is already in the picture.
//
// Where discs overlap, the colour is their mean by optical depth; opacity is 1 - exp(-sum of depths), scaled so that
// the most opaque disc is wholly so. Twin on the processor: `raster/points.rs`.

@group(0) @binding(0) var depths: texture_2d<f32>;

const MOST_OPAQUE: f32 = 0.996;

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32((vertex << 1u) & 2u), f32(vertex & 2u));
    return vec4<f32>(2.0 * corner - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let sum = textureLoad(depths, vec2<i32>(position.xy), 0);
    if (sum.a <= 0.0) {
        return vec4<f32>(0.0);
    }
    let opacity = min((1.0 - exp(-sum.a)) / MOST_OPAQUE, 1.0);
    return vec4<f32>(sum.rgb / sum.a * opacity, opacity);
}
