//! Perfect matching of a small graph: which neighbours share the double bonds of a delocalised system.
//!
//! A greedy matching first, then one breadth-first augmenting path for every vertex left over. Kekulé structures are
//! not unique, so the order of every choice is part of the result and follows the reference.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

const NONE: u32 = u32::MAX;

/// A graph as neighbour lists, one after the other: those of vertex v are `neighbours[starts[v]..starts[v + 1]]`.
#[derive(Debug, Default)]
pub(super) struct NeighbourLists {
    pub starts: Vec<u32>,
    pub neighbours: Vec<u32>,
}

impl NeighbourLists {
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub fn of(&self, vertex: u32) -> &[u32] {
        &self.neighbours[self.starts[vertex as usize] as usize..self.starts[vertex as usize + 1] as usize]
    }
}

/// Reusable memory; after [`Matching::solve`], who is matched to whom.
#[derive(Debug, Default)]
pub(super) struct Matching {
    mates: Vec<u32>,
    free_degrees: Vec<u32>,
    candidates: Candidates,
    /// In the breadth-first tree: the even vertex before this one and the odd vertex between them.
    parents: Vec<(u32, u32)>,
    visited: Vec<u32>,
    queue: VecDeque<u32>,
}

impl Matching {
    /// The partner of a vertex, after `solve` succeeded.
    pub fn mate(&self, vertex: u32) -> u32 {
        self.mates[vertex as usize]
    }

    /// Finds a perfect matching; the error is a vertex that remains alone.
    pub fn solve(&mut self, graph: &NeighbourLists) -> Result<(), u32> {
        self.match_greedily(graph);
        let unmatched: Vec<u32> = (0..graph.len() as u32).filter(|&v| self.mate(v) == NONE).collect();
        if unmatched.is_empty() {
            return Ok(());
        }
        self.visited.clear();
        self.parents.clear();
        self.parents.resize(graph.len(), (NONE, NONE));
        for root in in_hash_order(&unmatched) {
            if self.mate(root) == NONE {
                let end = self.find_augmenting_path(graph, root).ok_or(root)?;
                self.flip(root, end);
            }
        }
        Ok(())
    }

    /// Takes vertices with the fewest free neighbours first and gives each its first free neighbour.
    fn match_greedily(&mut self, graph: &NeighbourLists) {
        let Self { mates, free_degrees, candidates, .. } = self;
        let n = graph.len();
        mates.clear();
        mates.resize(n, NONE);
        free_degrees.clear();
        free_degrees.extend((0..n as u32).map(|v| graph.of(v).len() as u32));
        candidates.fill(free_degrees);
        while let Some(vertex) = candidates.pop() {
            if mates[vertex as usize] != NONE || free_degrees[vertex as usize] == 0 {
                continue;
            }
            let Some(mate) = graph.of(vertex).iter().copied().find(|&v| mates[v as usize] == NONE) else {
                continue;
            };
            mates[vertex as usize] = mate;
            mates[mate as usize] = vertex;
            for &neighbour in graph.of(vertex).iter().chain(graph.of(mate)) {
                let degree = &mut free_degrees[neighbour as usize];
                *degree -= 1;
                if mates[neighbour as usize] == NONE {
                    candidates.lower(neighbour, *degree);
                }
            }
        }
    }

    /// A path of alternating bonds from `root` to another free vertex, left in `parents`; returns that vertex.
    fn find_augmenting_path(&mut self, graph: &NeighbourLists, root: u32) -> Option<u32> {
        for vertex in self.visited.drain(..) {
            self.parents[vertex as usize] = (NONE, NONE);
        }
        self.parents[root as usize] = (root, root);
        self.visited.push(root);
        self.queue.clear();
        self.queue.push_back(root);
        while let Some(vertex) = self.queue.pop_front() {
            for &neighbour in graph.of(vertex) {
                let mate = self.mate(neighbour);
                if mate == NONE {
                    if neighbour != root {
                        self.visit(neighbour, vertex, neighbour);
                        return Some(neighbour);
                    }
                } else if self.parents[mate as usize].0 == NONE {
                    self.visit(mate, vertex, neighbour);
                    self.queue.push_back(mate);
                }
            }
        }
        None
    }

    fn visit(&mut self, vertex: u32, before: u32, between: u32) {
        self.parents[vertex as usize] = (before, between);
        self.visited.push(vertex);
    }

    /// Matches along the path found, from its end back to `root`.
    fn flip(&mut self, root: u32, end: u32) {
        let mut vertex = end;
        while vertex != root {
            let (before, between) = self.parents[vertex as usize];
            self.mates[before as usize] = between;
            self.mates[between as usize] = before;
            vertex = before;
        }
    }
}

/// Vertices by number of free neighbours, then by index. May give a vertex again after it was matched.
#[derive(Debug, Default)]
struct Candidates {
    /// Whether the system is of ordinary size, so that `bits` holds it.
    is_small: bool,
    /// For every number of free neighbours the vertices that have it, one bit each.
    bits: [u64; 4],
    /// The same for large systems; entries may be out of date.
    heap: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Candidates {
    fn fill(&mut self, degrees: &[u32]) {
        self.is_small = degrees.len() <= 64 && degrees.iter().all(|&degree| degree < 4);
        self.bits = [0; 4];
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.clear();
        if self.is_small {
            degrees.iter().enumerate().for_each(|(v, &degree)| self.bits[degree as usize] |= 1 << v);
        } else {
            entries.extend(degrees.iter().enumerate().map(|(v, &degree)| Reverse((degree, v as u32))));
        }
        self.heap = BinaryHeap::from(entries);
    }

    fn pop(&mut self) -> Option<u32> {
        if !self.is_small {
            return self.heap.pop().map(|Reverse((_, vertex))| vertex);
        }
        let bits = self.bits[1..].iter_mut().find(|bits| **bits != 0)?;
        let vertex = bits.trailing_zeros();
        *bits &= *bits - 1;
        Some(vertex)
    }

    /// Notes that a vertex has one free neighbour less, `degree` of them.
    fn lower(&mut self, vertex: u32, degree: u32) {
        if self.is_small {
            self.bits[degree as usize + 1] &= !(1 << vertex);
            self.bits[degree as usize] |= 1 << vertex;
        } else if degree > 0 {
            self.heap.push(Reverse((degree, vertex)));
        }
    }
}

/// The order in which the reference visits unmatched vertices: that of a `CPython` 3.11 hash set of small integers.
///
/// Ascending as long as the vertices fall into different slots of its table, which all but large systems do.
fn in_hash_order(ascending: &[u32]) -> Vec<u32> {
    let mut table = vec![NONE; 8];
    let mut filled = 0;
    for &vertex in ascending {
        insert(&mut table, vertex);
        filled += 1;
        if filled * 5 >= (table.len() - 1) * 3 {
            let needed = if filled > 50_000 { filled * 2 } else { filled * 4 };
            let mut size = 8;
            while size <= needed {
                size *= 2;
            }
            let old = std::mem::replace(&mut table, vec![NONE; size]);
            old.into_iter().filter(|&v| v != NONE).for_each(|v| insert(&mut table, v));
        }
    }
    table.retain(|&v| v != NONE);
    table
}

/// Open addressing as in `CPython`'s sets: a short linear probe, then a jump that mixes in the high bits.
fn insert(table: &mut [u32], vertex: u32) {
    const LINEAR_PROBES: usize = 9;
    let mask = table.len() - 1;
    let mut perturb = vertex as usize;
    let mut slot = perturb & mask;
    loop {
        let probes = if slot + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
        if let Some(free) = (slot..=slot + probes).find(|&s| table[s] == NONE) {
            table[free] = vertex;
            return;
        }
        perturb >>= 5;
        slot = (slot * 5 + 1 + perturb) & mask;
    }
}
