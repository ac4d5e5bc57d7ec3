//! The window: state, actions, panels. Draws what the core computed and computes nothing itself.
