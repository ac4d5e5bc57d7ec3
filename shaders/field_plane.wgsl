// The exact roughness field on a plane through latent space: a sum of Gaussians at every cell of a grid.
//
// Each Gaussian was brought to the plane beforehand (`field_plane.rs`): where its centre falls on the plane, how far
// off the plane it lies, and how its direction lies to the plane; nothing is lost, since distances split into parts
// along and across the plane. Plane coordinates are relative to the grid's middle, in units of latent space. Twin on
// the processor: `field_plane.rs`.

struct Plane {
    // Lower left corner and cell size, relative to the middle.
    corner: vec2<f32>,
    cell: vec2<f32>,
    size: vec2<u32>,
    n_gaussians: u32,
    padding: u32,
}

struct Gaussian {
    centre: vec2<f32>,
    // Squared distance of the centre from the plane, and the part of (plane - centre) . direction that is the same
    // everywhere on the plane.
    off2: f32,
    along_off: f32,
    // The direction's components in the plane.
    direction: vec2<f32>,
    inverse_along: f32,
    inverse_across: f32,
    height: f32,
    padding_0: f32,
    padding_1: f32,
    padding_2: f32,
}

@group(0) @binding(0) var<uniform> plane: Plane;
@group(0) @binding(1) var<storage, read> gaussians: array<Gaussian>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn cs_main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = id.x + id.y * groups.x * 64u;
    if (index >= plane.size.x * plane.size.y) {
        return;
    }
    let column_row = vec2<f32>(f32(index % plane.size.x), f32(index / plane.size.x));
    let place = plane.corner + (column_row + 0.5) * plane.cell;
    // Compensated (Kahan) summation: thousands of terms of very different size.
    var sum = values[index];
    var lost = 0.0;
    for (var i = 0u; i < plane.n_gaussians; i++) {
        let g = gaussians[i];
        let offset = place - g.centre;
        let r2 = dot(offset, offset) + g.off2;
        let p = dot(offset, g.direction) + g.along_off;
        let exponent = -0.5 * (p * p * g.inverse_along + max(r2 - p * p, 0.0) * g.inverse_across);
        let term = g.height * exp(exponent) - lost;
        let next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    values[index] = sum;
}
