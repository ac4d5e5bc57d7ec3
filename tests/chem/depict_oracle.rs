//! Drawings measured over the reference molecules, and properties that hold for every drawing.
//!
//! The molecules are those of the reference set `chem/molecules.json` (RDKit 2026.09.1); no reference coordinates are
//! compared, for a drawing is judged by what it shows.

use fillscape::chem::depict::{DepictParams, SvgParams, coordinates, depict, svg};
use fillscape::chem::{BondOrder, Molecule, Smarts};

const VARIED: &str = include_str!("depict_molecules.smi");

fn reference() -> Option<Vec<String>> {
    let Ok(shared) = std::env::var("FILLSCAPE_SHARED") else {
        println!("skipped: FILLSCAPE_SHARED is not set");
        return None;
    };
    let read = |name: &str| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(format!("{shared}/reference/chem/{name}")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let smiles = |v: &serde_json::Value| v["smiles"].as_str().map(str::to_owned);
    Some(read("molecules.json").iter().filter_map(smiles).collect())
}

fn varied() -> impl Iterator<Item = (Molecule, &'static str)> {
    VARIED.lines().filter_map(|line| {
        let smiles = line.split(' ').next()?;
        Molecule::from_smiles(smiles).ok().map(|m| (m, smiles))
    })
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Bonds of rings that share three atoms or more with another ring.
fn is_bridged(molecule: &Molecule, rings: &[Vec<usize>], begin: usize, end: usize) -> bool {
    let shares = |r: &Vec<usize>, s: &Vec<usize>| r.iter().filter(|a| s.contains(a)).count() > 2;
    molecule.atoms()[begin].in_ring
        && rings.iter().enumerate().any(|(i, ring)| {
            ring.contains(&begin)
                && ring.contains(&end)
                && rings.iter().enumerate().any(|(j, other)| i != j && shares(ring, other))
        })
}

#[test]
fn reference_molecules_are_drawn_without_overlaps_and_with_even_bonds() {
    let Some(reference) = reference() else { return };
    let (mut n, mut n_close, mut n_uneven) = (0, 0, 0);
    for molecule in reference.iter().filter_map(|s| Molecule::from_smiles(s).ok()) {
        let xy = coordinates(&molecule);
        assert!(xy.iter().flatten().all(|x| x.is_finite()));
        n += 1;
        let close = (0..xy.len()).any(|i| (0..i).any(|j| distance(xy[i], xy[j]) < 0.4));
        n_close += usize::from(close);
        let lengths: Vec<f64> = molecule.bonds().iter().map(|b| distance(xy[b.begin], xy[b.end])).collect();
        let mean = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        let rings = molecule.rings();
        let uneven = molecule
            .bonds()
            .iter()
            .zip(&lengths)
            .any(|(b, l)| (l / mean - 1.0).abs() > 0.1 && !is_bridged(&molecule, &rings, b.begin, b.end));
        n_uneven += usize::from(uneven);
    }
    println!("{n} molecules: {n_close} with atoms closer than 0.4, {n_uneven} with uneven bonds");
    assert!(n > 2100, "{n} molecules were read, 2133 are expected");
    assert!(n_close * 100 <= n, "{n_close} of {n} have atoms closer than 0.4 bond lengths, 1 % may");
    assert!(n_uneven * 200 <= n, "{n_uneven} of {n} have bonds 10 % off the mean outside bridged rings, 0.5 % may");
}

/// The drawing as a V2000 block, for another reader of the same picture.
fn mol_block(molecule: &Molecule) -> String {
    let drawing = depict(molecule, &DepictParams::default());
    let orders = molecule.kekule_orders();
    let (n_atoms, n_bonds) = (molecule.atoms().len(), orders.len());
    let mut block = format!("\n\n\n{n_atoms:3}{n_bonds:3}  0  0  0  0  0  0  0  0999 V2000\n");
    for (atom, p) in molecule.atoms().iter().zip(&drawing.atoms) {
        let symbol = atom.element.symbol();
        block += &format!("{:10.4}{:10.4}{:10.4} {symbol:<3} 0  0  0  0  0  0\n", p[0] * 1.5, p[1] * 1.5, 0.0);
    }
    for (index, bond) in molecule.bonds().iter().enumerate() {
        let wedge = drawing.stereo_bonds.iter().find(|w| w.bond == index);
        let (mut from, mut to) = (bond.begin, bond.end);
        if wedge.is_some_and(|w| w.centre != from) {
            std::mem::swap(&mut from, &mut to);
        }
        let stereo = wedge.map_or(0, |w| if w.towards { 1 } else { 6 });
        let order = match orders[index] {
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            _ => 1,
        };
        block += &format!("{:3}{:3}{order:3}{stereo:3}\n", from + 1, to + 1);
    }
    for (index, atom) in molecule.atoms().iter().enumerate() {
        if atom.charge != 0 {
            block += &format!("M  CHG  1{:4}{:4}\n", index + 1, atom.charge);
        }
    }
    block + "M  END\n"
}

/// Wedges are judged by the toolkit's reader of connection tables, which knows nothing of how they were chosen.
#[test]
fn wedges_read_back_as_the_configuration_that_was_drawn() {
    let Some(reference) = reference() else { return };
    let plain = |m: &Molecule| {
        m.atoms().len() < 900
            && m.atoms().iter().all(|a| a.isotope.is_none() && a.map_number.is_none())
            && m.bonds().iter().all(|b| !matches!(b.order, BondOrder::Dative | BondOrder::Unspecified))
    };
    let marks = |s: &str| s.matches('@').count();
    let (mut n, mut wrong) = (0, Vec::new());
    for smiles in reference.iter().filter(|s| s.contains('@') && !s.contains(['/', '\\'])) {
        let Ok(molecule) = Molecule::from_smiles(smiles) else { continue };
        let canonical = molecule.canonical_smiles().unwrap();
        if !plain(&molecule) || marks(&canonical) == 0 {
            continue;
        }
        let Ok((read, _)) = chematic::mol::parse_mol(&mol_block(&molecule)) else { continue };
        let again = chematic::smiles::rdkit_canonical_smiles(&read).unwrap_or_default();
        n += 1;
        // The drawing also fixes double bonds that the input leaves open, so only the centres are compared.
        let without_sides = |s: &str| s.replace(['/', '\\'], "");
        if without_sides(&again) != without_sides(&canonical) {
            wrong.push(format!("{canonical}\n  {again}"));
        }
    }
    println!("{n} molecules with stereo centres, {} read back otherwise", wrong.len());
    assert!(n > 300, "{n}");
    assert!(
        wrong.len() * 100 <= n,
        "{} of {n} read back otherwise, 1 % may:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
}

#[test]
fn varied_molecules_are_drawn_with_every_atom_in_the_box() {
    let mut n = 0;
    for (molecule, smiles) in varied() {
        let drawing = depict(&molecule, &DepictParams::default());
        n += 1;
        assert_eq!(drawing.atoms.len(), molecule.atoms().len(), "{smiles}");
        for p in &drawing.atoms {
            for axis in 0..2 {
                assert!(drawing.low[axis] <= p[axis] && p[axis] <= drawing.high[axis], "{smiles}: {p:?}");
            }
        }
        assert_eq!(drawing, depict(&molecule, &DepictParams::default()), "{smiles} is drawn the same each time");
        let json = serde_json::to_string(&drawing).unwrap();
        assert!(!json.contains("null"), "{smiles}: a number is not finite");
    }
    assert!(n >= 60, "{n}");
}

#[test]
fn pieces_do_not_overlap() {
    let molecule = Molecule::from_smiles("c1ccccc1.CC(=O)[O-].[Na+].O.CCN").unwrap();
    let xy = coordinates(&molecule);
    for i in 0..xy.len() {
        for j in 0..i {
            assert!(distance(xy[i], xy[j]) > 0.9, "{i} and {j}: {:?} {:?}", xy[i], xy[j]);
        }
    }
}

#[test]
fn labels_say_what_the_atoms_are() {
    let text = |smiles: &str| -> Vec<String> {
        let drawing = depict(&Molecule::from_smiles(smiles).unwrap(), &DepictParams::default());
        drawing.labels.iter().map(|l| l.runs.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(text("O"), ["O 2 H"]);
    assert_eq!(text("[NH4+]"), ["N H 4 +"]);
    assert_eq!(text("[13CH4]"), ["C 13 H 4"]);
    assert_eq!(text("C[CH]C"), ["C H •"]);
    assert_eq!(text("c1ccccc1"), Vec::<String>::new());
}

#[test]
fn aromatic_rings_have_inner_lines_or_circles() {
    let benzene = Molecule::from_smiles("c1ccccc1").unwrap();
    assert_eq!(depict(&benzene, &DepictParams::default()).lines.len(), 9);
    let circled = depict(&benzene, &DepictParams { aromatic_circles: true, ..DepictParams::default() });
    assert_eq!((circled.lines.len(), circled.circles.len()), (6, 1));
}

#[test]
fn highlights_follow_a_pattern() {
    let molecule = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O").unwrap();
    let atoms = Smarts::parse("c1ccccc1").unwrap().matches(&molecule).concat();
    let drawing = depict(&molecule, &DepictParams { highlight_atoms: atoms, ..DepictParams::default() });
    assert_eq!((drawing.discs.len(), drawing.bands.len()), (6, 6));
}

#[test]
fn svg_is_self_contained_and_named() {
    let drawing = depict(&Molecule::from_smiles("CCO").unwrap(), &DepictParams::default());
    let text = svg(&drawing, &SvgParams { title: "<ethanol> & \u{1}".into(), ..SvgParams::default() });
    assert!(text.contains("<title>&lt;ethanol&gt; &amp;  </title>"), "{text}");
    assert!(text.ends_with("</svg>\n") && !text.contains("NaN") && !text.contains("href"));
}

#[test]
fn huge_and_odd_molecules_are_drawn_in_time() {
    let chain = "C".repeat(20_000);
    let comb = "C(CO)".repeat(3_000);
    let salt = vec!["[Na+]"; 2_000].join(".");
    let ribbon = format!("C1CC1{}", "C1CC1".repeat(1_000));
    for smiles in [chain, comb, salt, ribbon] {
        let molecule = Molecule::from_smiles(&smiles).unwrap();
        let start = std::time::Instant::now();
        let drawing = depict(&molecule, &DepictParams::default());
        assert!(start.elapsed().as_secs() < 20, "{} atoms took {:?}", molecule.atoms().len(), start.elapsed());
        assert_eq!(drawing.atoms.len(), molecule.atoms().len());
    }
}
