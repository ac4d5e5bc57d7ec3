//! Atom labels: which atoms have one, where its hydrogens stand, and the boxes that bonds keep clear of.

use serde::{Deserialize, Serialize};

use super::super::{Atom, BondOrder, Element, Molecule};
use super::geometry::{Point, add, sub};

/// Height of letters' em square, in bond lengths.
pub const FONT_SIZE: f64 = 0.56;
/// Subscripts and superscripts, relative to [`FONT_SIZE`].
const SMALL: f64 = 0.68;
/// Height of capitals of a sans-serif face, relative to its size.
const CAP_HEIGHT: f64 = 0.72;

/// A piece of text of one size, centred on a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What is written.
    pub text: String,
    /// Middle of the text, in bond lengths: half way along it and half way up its capitals.
    pub centre: Point,
    /// Font size in bond lengths.
    pub size: f64,
}

impl Run {
    /// Half the width and half the height of the ink, in bond lengths.
    pub fn half_extent(&self) -> Point {
        [0.5 * width(&self.text) * self.size, 0.5 * CAP_HEIGHT * self.size]
    }
}

/// The label of one atom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Index of the atom.
    pub atom: usize,
    /// Atomic number, for the colour; 0 for the wildcard.
    pub atomic_number: u8,
    /// Symbol, hydrogens, charge and the like.
    pub runs: Vec<Run>,
}

/// Where the hydrogens of an atom stand.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Right,
    Left,
    Up,
    Down,
}

/// The label of `atom`; `None` for a carbon that is only a corner.
pub(super) fn label(molecule: &Molecule, xy: &[Point], atom: usize) -> Option<Label> {
    let facts = &molecule.atoms()[atom];
    let n_radical = unpaired_electrons(molecule, atom);
    if !is_labelled(molecule, atom, n_radical) {
        return None;
    }
    let side = hydrogen_side(molecule, xy, atom);
    let symbol = facts.element.symbol();
    let mut runs = vec![Run { text: symbol.into(), centre: xy[atom], size: FONT_SIZE }];
    let half = 0.5 * width(symbol) * FONT_SIZE;
    let (mut left, mut right) = (xy[atom][0] - half, xy[atom][0] + half);
    let y = xy[atom][1];
    if let Some(isotope) = facts.isotope {
        prepend(&mut runs, &mut left, y, &isotope.to_string(), SMALL, 0.22);
    }
    match (facts.n_hydrogens, side) {
        (0, _) => {}
        (n, Side::Right) => {
            append(&mut runs, &mut right, y, "H", 1.0, 0.0);
            if n > 1 {
                append(&mut runs, &mut right, y, &n.to_string(), SMALL, -0.16);
            }
        }
        (n, Side::Left) => {
            if n > 1 {
                prepend(&mut runs, &mut left, y, &n.to_string(), SMALL, -0.16);
            }
            prepend(&mut runs, &mut left, y, "H", 1.0, 0.0);
        }
        (n, Side::Up | Side::Down) => {
            let shift = if side == Side::Up { 0.52 } else { -0.52 };
            let at = [xy[atom][0], y + shift];
            runs.push(Run { text: "H".into(), centre: at, size: FONT_SIZE });
            if n > 1 {
                let mut edge = at[0] + 0.5 * width("H") * FONT_SIZE;
                append(&mut runs, &mut edge, at[1], &n.to_string(), SMALL, -0.16);
            }
        }
    }
    let superscript = format!("{}{}", charge_text(facts.charge), "•".repeat(n_radical));
    if !superscript.is_empty() {
        append(&mut runs, &mut right, y, &superscript, SMALL, 0.22);
    }
    if let Some(map) = facts.map_number {
        append(&mut runs, &mut right, y, &format!(":{map}"), SMALL, -0.16);
    }
    Some(Label { atom, atomic_number: facts.element.atomic_number(), runs })
}

fn append(runs: &mut Vec<Run>, right: &mut f64, y: f64, text: &str, size: f64, raise: f64) {
    let size = size * FONT_SIZE;
    let w = width(text) * size;
    runs.push(Run { text: text.into(), centre: [*right + 0.015 + 0.5 * w, y + raise], size });
    *right += w + 0.015;
}

fn prepend(runs: &mut Vec<Run>, left: &mut f64, y: f64, text: &str, size: f64, raise: f64) {
    let size = size * FONT_SIZE;
    let w = width(text) * size;
    runs.push(Run { text: text.into(), centre: [*left - 0.015 - 0.5 * w, y + raise], size });
    *left -= w + 0.015;
}

/// True for all but plain carbons that bonds make visible.
fn is_labelled(molecule: &Molecule, atom: usize, n_radical: usize) -> bool {
    let facts = &molecule.atoms()[atom];
    let neighbours = molecule.neighbours(atom);
    let n_double = neighbours.iter().filter(|&&(_, b)| molecule.bonds()[b].order == BondOrder::Double).count();
    let alone = neighbours.is_empty() || (neighbours.len() == 1 && molecule.neighbours(neighbours[0].0).len() == 1);
    facts.element != Element::C
        || facts.charge != 0
        || facts.isotope.is_some()
        || facts.map_number.is_some()
        || n_radical > 0
        || alone
        || (neighbours.len() == 2 && n_double == 2)
}

fn hydrogen_side(molecule: &Molecule, xy: &[Point], atom: usize) -> Side {
    let around: Vec<Point> = molecule.neighbours(atom).iter().map(|&(a, _)| sub(xy[a], xy[atom])).collect();
    if around.is_empty() {
        // Water is H2O, hydrogen chloride HCl, but ammonia NH3 and methane CH4.
        let first = matches!(molecule.atoms()[atom].element.atomic_number(), 8 | 9 | 16 | 17 | 34 | 35 | 52 | 53);
        return if first { Side::Left } else { Side::Right };
    }
    // The side with most room, in order of preference.
    let room = |d: Point| around.iter().map(|p| p[0] * d[0] + p[1] * d[1]).fold(f64::NEG_INFINITY, f64::max);
    let right = room([1.0, 0.0]);
    if right < 0.55 {
        let left = room([-1.0, 0.0]);
        return if left < right - 0.3 && left < 0.2 { Side::Left } else { Side::Right };
    }
    if room([-1.0, 0.0]) < 0.55 {
        return Side::Left;
    }
    if room([0.0, 1.0]) <= room([0.0, -1.0]) { Side::Up } else { Side::Down }
}

fn charge_text(charge: i8) -> String {
    let sign = if charge > 0 { "+" } else { "−" };
    match charge.unsigned_abs() {
        0 => String::new(),
        1 => sign.into(),
        n => format!("{n}{sign}"),
    }
}

/// Electrons without a partner, from the lowest valence of common main-group elements; 0 where that is not clear.
fn unpaired_electrons(molecule: &Molecule, atom: usize) -> usize {
    let facts: &Atom = &molecule.atoms()[atom];
    let q = i32::from(facts.charge);
    let valence = match facts.element.atomic_number() {
        1 => 1 - q.abs(),
        5 => 3 - q,
        6 | 14 => 4 - q.abs(),
        7 | 15 => 3 + q,
        8 | 16 | 34 => 2 + q,
        9 | 17 | 35 | 53 => 1 + q,
        _ => return 0,
    };
    if facts.aromatic {
        return 0;
    }
    let mut sum = i32::from(facts.n_hydrogens);
    for &(_, bond) in molecule.neighbours(atom) {
        sum += match molecule.bonds()[bond].order {
            BondOrder::Single => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            BondOrder::Quadruple => 4,
            _ => return 0,
        };
    }
    usize::try_from(valence - sum).map_or(0, |n| n.min(4))
}

/// The point where the way from the labelled atom towards `to` leaves the label, with a margin.
pub(super) fn clear_of(label: &Label, from: Point, to: Point) -> Point {
    const MARGIN: f64 = 0.075;
    let d = sub(to, from);
    let mut leave: f64 = 0.0;
    for run in &label.runs {
        let half = run.half_extent();
        let (mut enter, mut exit) = (0.0_f64, 1.0_f64);
        let mut hits = true;
        for axis in 0..2 {
            let (low, high) = (run.centre[axis] - half[axis] - MARGIN, run.centre[axis] + half[axis] + MARGIN);
            if d[axis].abs() < 1e-9 {
                hits &= (low..=high).contains(&from[axis]);
            } else {
                let (a, b) = ((low - from[axis]) / d[axis], (high - from[axis]) / d[axis]);
                enter = enter.max(a.min(b));
                exit = exit.min(a.max(b));
            }
        }
        if hits && enter <= exit {
            leave = leave.max(exit);
        }
    }
    let leave = leave.min(0.8);
    add(from, [d[0] * leave, d[1] * leave])
}

/// Width of a text in a common sans-serif face, relative to its size.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(character_width).sum()
}

fn character_width(c: char) -> f64 {
    match c {
        'I' | 'i' | 'j' | 'l' | ':' | '.' | ',' | '\'' | '|' => 0.26,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '-' => 0.32,
        '•' => 0.38,
        'm' | 'w' | 'M' => 0.84,
        'W' => 0.95,
        'A'..='Z' => 0.71,
        '+' | '−' | '=' => 0.6,
        _ => 0.556,
    }
}
