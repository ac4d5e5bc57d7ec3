//! One candidate molecule from blocks.
//!
//! Blocks stand side by side as components of one SMILES and are joined by ring bonds with numbers from 10 on, which
//! `.` does not separate: nothing has to be nested.

use super::LibraryParams;
use super::blocks::{Block, Blocks, Kind};
use super::linkers::DIRECT_BOND;
use super::random::Random;

/// How often a molecule has one, two, three … ring systems.
const RING_SYSTEMS: [u32; 4] = [7, 45, 43, 5];
/// How often it then has none, one, two … substituents: the fewer rings, the more.
const SUBSTITUENTS: [[u32; 6]; 4] =
    [[0, 2, 14, 36, 36, 12], [2, 14, 31, 32, 16, 5], [9, 31, 34, 19, 7, 0], [40, 40, 20, 0, 0, 0]];
/// How often a ring goes to the ring before it rather than to any, in percent.
const CHAIN_PERCENT: u8 = 65;
/// How often a site beside one that is taken is passed over, in percent.
const AVOID_CROWDING_PERCENT: u8 = 55;
/// Most groups on one ring system.
const MAX_ON_RING: usize = 4;
/// Attempts to find a group that fits.
const ATTEMPTS: usize = 12;

struct Placed<'a> {
    block: &'a Block,
    joins: Vec<Option<u8>>,
}

struct Composition<'a, 'r> {
    blocks: &'a Blocks,
    random: &'r mut Random,
    rings: Vec<Placed<'a>>,
    groups: Vec<Placed<'a>>,
    next_number: u8,
}

/// SMILES of a candidate, in no particular form; `None` when the blocks drawn do not fit together.
pub(super) fn compose(blocks: &Blocks, params: &LibraryParams, random: &mut Random) -> Option<String> {
    let mut molecule = Composition { blocks, random, rings: Vec::new(), groups: Vec::new(), next_number: 10 };
    let n_ring_systems = 1 + molecule.random.weighted(RING_SYSTEMS.into_iter());
    molecule.draw_ring();
    for _ in 1..n_ring_systems {
        molecule.add_ring()?;
    }
    molecule.add_substituents();
    Some(molecule.write(params.stereo_percent))
}

impl Composition<'_, '_> {
    fn draw_ring(&mut self) {
        let index = self.random.weighted(self.blocks.rings.iter().map(|&(weight, _)| weight));
        let block = &self.blocks.rings[index].1;
        self.rings.push(Placed { block, joins: vec![None; block.kinds.len()] });
    }

    fn add_ring(&mut self) -> Option<()> {
        let before = self.rings.len();
        self.draw_ring();
        (0..ATTEMPTS).find_map(|_| {
            let parent = if self.random.percent(CHAIN_PERCENT) { before - 1 } else { self.random.below(before) };
            let from = self.free_site(parent)?;
            let to = self.free_site(before)?;
            self.link(from, to)
        })
    }

    /// A site (ring, index) that is free and not crowded.
    fn free_site(&mut self, ring: usize) -> Option<(usize, usize)> {
        let joins = &self.rings[ring].joins;
        let n = joins.len();
        if joins.iter().flatten().count() >= MAX_ON_RING.min(n) {
            return None;
        }
        let site = self.random.below(n);
        let is_taken = |index: usize| joins[index % n].is_some();
        let crowded = n > 3 && (is_taken(site + 1) || is_taken(site + n - 1));
        let passed_over = is_taken(site) || crowded && self.random.percent(AVOID_CROWDING_PERCENT);
        (!passed_over).then_some((ring, site))
    }

    fn kind(&self, (ring, site): (usize, usize)) -> Kind {
        self.rings[ring].block.kinds[site]
    }

    fn link(&mut self, from: (usize, usize), to: (usize, usize)) -> Option<()> {
        let (a, b) = (self.kind(from), self.kind(to));
        let linkers = &self.blocks.linkers;
        let weights = linkers.iter().map(|(weight, _)| *weight).chain([DIRECT_BOND]);
        let drawn = self.random.weighted(weights);
        let Some((_, linker)) = linkers.get(drawn) else {
            return a.bonds_to(b).then(|| {
                let number = self.number();
                self.take(from, number);
                self.take(to, number);
            });
        };
        let flipped = self.random.percent(50);
        let [first, second] = if flipped { [linker.ends[1], linker.ends[0]] } else { linker.ends };
        let aminal = linker.geminal && a.is_nitrogen() && b.is_nitrogen();
        if aminal || !a.accepts(first) || !b.accepts(second) {
            return None;
        }
        let numbers = [self.number(), self.number()];
        self.take(from, numbers[usize::from(flipped)]);
        self.take(to, numbers[usize::from(!flipped)]);
        self.groups.push(Placed { block: &linker.block, joins: numbers.map(Some).to_vec() });
        Some(())
    }

    fn add_substituents(&mut self) {
        let n = self.random.weighted(SUBSTITUENTS[self.rings.len() - 1].into_iter());
        let mut used = Vec::new();
        for _ in 0..n {
            for _ in 0..ATTEMPTS {
                let ring = self.random.below(self.rings.len());
                let Some(site) = self.free_site(ring) else { continue };
                let substituents = &self.blocks.substituents;
                let drawn = self.random.weighted(substituents.iter().map(|(weight, _)| *weight));
                let group = &substituents[drawn].1;
                if !self.kind(site).accepts(group.end) || (used.contains(&drawn) && !group.may_repeat) {
                    continue;
                }
                used.push(drawn);
                let number = self.number();
                self.take(site, number);
                self.groups.push(Placed { block: &group.block, joins: vec![Some(number)] });
                break;
            }
        }
    }

    fn number(&mut self) -> u8 {
        self.next_number += 1;
        self.next_number - 1
    }

    fn take(&mut self, (ring, site): (usize, usize), number: u8) {
        self.rings[ring].joins[site] = Some(number);
    }

    fn write(self, stereo_percent: u8) -> String {
        let mut smiles = String::with_capacity(160);
        for placed in self.rings.iter().chain(&self.groups) {
            if !smiles.is_empty() {
                smiles.push('.');
            }
            placed.block.write(&placed.joins, stereo_percent, self.random, &mut smiles);
        }
        smiles
    }
}
