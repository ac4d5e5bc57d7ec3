use pulp::{Arch, Simd, WithSimd};

/// Runs `body` as compiled for the widest vector unit of this processor.
///
/// Everything in `body` must be inlined (`#[inline(always)]`, the closure too), for only what ends up in this function
/// is compiled so. pulp can dispatch a closure itself, but calls it through the shim that makes a `FnOnce` of it; when the
/// compiler leaves that shim a function of its own, each `mul_add` in it becomes a call into the C library.
pub(crate) fn vectorised<R>(body: impl FnMut() -> R) -> R {
    struct Body<F>(F);
    impl<R, F: FnMut() -> R> WithSimd for Body<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }
    Arch::new().dispatch(Body(body))
}
