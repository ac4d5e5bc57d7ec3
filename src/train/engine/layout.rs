//! Where each tensor lies in the one flat vector that holds all parameters, and in the vectors of gradients and moments.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::{BartConfig, ProjectorConfig};

/// Name, shape and place of every parameter. Transformer first, then projectors, as in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Names as in a checkpoint, shapes, and places.
    pub tensors: Vec<(String, Vec<usize>, Range<usize>)>,
    /// Elements of the transformer: the projectors' follow.
    pub n_bart: usize,
    /// Elements in all.
    pub len: usize,
}

impl Layout {
    /// The layout of an architecture.
    pub fn new(bart: &BartConfig, projectors: Option<&ProjectorConfig>) -> Self {
        let mut layout = Self { tensors: Vec::new(), n_bart: 0, len: 0 };
        layout.push(bart.tensor_shapes());
        layout.n_bart = layout.len;
        if let Some(projectors) = projectors {
            layout.push(projectors.tensor_shapes());
        }
        layout
    }

    fn push(&mut self, shapes: Vec<(String, Vec<usize>)>) {
        for (name, shape) in shapes {
            let end = self.len + shape.iter().product::<usize>();
            self.tensors.push((name, shape, self.len..end));
            self.len = end;
        }
    }

    /// The place of a tensor, if it exists.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        self.tensors.iter().find(|(n, _, _)| n == name).map(|(_, _, range)| range.clone())
    }

    pub(super) fn index(&self) -> BTreeMap<&str, (Range<usize>, &[usize])> {
        self.tensors.iter().map(|(name, shape, range)| (name.as_str(), (range.clone(), shape.as_slice()))).collect()
    }
}

/// Finds the parts of the network by the names of their tensors.
pub(super) struct Places<'a>(pub BTreeMap<&'a str, (Range<usize>, &'a [usize])>);

impl Places<'_> {
    /// The place of a tensor that the architecture has.
    pub fn tensor(&self, name: &str) -> Range<usize> {
        self.0.get(name).unwrap_or_else(|| panic!("the architecture lists {name}")).0.clone()
    }

    pub fn linear(&self, name: &str) -> LinearAt {
        let (weight, shape) = self.0[format!("{name}.weight").as_str()].clone();
        let bias = self.tensor(&format!("{name}.bias"));
        assert_eq!(weight.end, bias.start, "a bias follows its weight");
        LinearAt { start: weight.start, n_out: shape[0], n_in: shape[1] }
    }

    pub fn norm(&self, name: &str) -> NormAt {
        let weight = self.tensor(&format!("{name}.weight"));
        let bias = self.tensor(&format!("{name}.bias"));
        assert_eq!(weight.end, bias.start, "a bias follows its weight");
        NormAt { start: weight.start, width: weight.len() }
    }
}

/// A linear layer: weight `(n_out, n_in)`, then bias.
#[derive(Debug, Clone, Copy)]
pub struct LinearAt {
    pub start: usize,
    pub n_out: usize,
    pub n_in: usize,
}

impl LinearAt {
    fn end(&self) -> usize {
        self.start + self.n_out * (self.n_in + 1)
    }

    pub fn weight<'a>(&self, p: &'a [f32]) -> &'a [f32] {
        &p[self.start..self.start + self.n_out * self.n_in]
    }

    pub fn bias<'a>(&self, p: &'a [f32]) -> &'a [f32] {
        &p[self.start + self.n_out * self.n_in..self.end()]
    }

    pub fn both_mut<'a>(&self, g: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        g[self.start..self.end()].split_at_mut(self.n_out * self.n_in)
    }
}

/// A layer norm: weight, then bias.
#[derive(Debug, Clone, Copy)]
pub struct NormAt {
    pub start: usize,
    pub width: usize,
}

impl NormAt {
    pub fn weight<'a>(&self, p: &'a [f32]) -> &'a [f32] {
        &p[self.start..self.start + self.width]
    }

    pub fn bias<'a>(&self, p: &'a [f32]) -> &'a [f32] {
        &p[self.start + self.width..self.start + 2 * self.width]
    }

    pub fn both_mut<'a>(&self, g: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        g[self.start..self.start + 2 * self.width].split_at_mut(self.width)
    }
}
