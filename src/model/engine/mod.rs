//! The CPU engine: SELFIES-TED in f32 over flat buffers, for inference only.
//!
//! candle's operations allocate and pass over memory once each; here weights are packed once, a sequence runs through
//! all encoder blocks while it is in the cache, and decoding keeps a fixed set of slots busy: as a row ends, the next
//! one takes its slot. Nothing is allocated for a token. Rows do not influence each other, bit for bit, so results do
//! not depend on batches or threads. What is computed is defined by [`super::bart`] and [`super::selfies_ted`], against
//! which it is tested.

mod attention;
mod decoder;
mod encoder;
mod first_block;
pub(crate) mod gemm;
mod kernels;
pub(crate) mod vectorised;
mod weights;

pub use encoder::EncoderScratch;
pub(super) use kernels::arg_max;
pub use weights::Engine;
