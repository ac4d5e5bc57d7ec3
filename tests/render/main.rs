//! The renderer: shaders against their twins on the processor, pictures, figures.
#![cfg(feature = "gui")]

mod scenes;
mod shaders;
mod twins;
