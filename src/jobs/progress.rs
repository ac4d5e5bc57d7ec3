use std::ops::ControlFlow;

/// How far a long computation has come. Rate and remaining time follow from it; the observer keeps the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The part of the work under way, in the field's words (“fit”, “minima”, “saddles”).
    pub stage: &'static str,
    /// Units of this stage that are done.
    pub done: u64,
    /// Units of this stage in all, when known.
    pub total: Option<u64>,
    /// What else is worth showing now, for example “412 minima, 377 transition states”; may be empty.
    pub detail: String,
}

impl Progress {
    /// Progress of `stage` with no detail.
    pub fn new(stage: &'static str, done: u64, total: Option<u64>) -> Self {
        Self { stage, done, total, detail: String::new() }
    }
}

/// What a long function calls once per unit of work; `Break` asks it to stop at this unit and return what it has.
pub type Observe<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// An observer that watches nothing and never stops the work.
pub fn silent(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
