//! Groups that join two ring systems, written by hand; the marks `{1}` and `{2}` are their ends.

use super::blocks::End::{self, Alkyl, Carbonyl, HeteroAlkyl, Nitrogen, Oxygen, Sulfonyl, Sulfur};

/// (weight, group, first end, second end, whether one carbon carries both).
///
/// One carbon must not join two nitrogens (an aminal), hence the last mark.
pub(super) const LINKERS: &[(u32, &str, End, End, bool)] = &[
    (210, "C{1}{2}", Alkyl, Alkyl, true),
    (60, "C@{1}(C){2}", Alkyl, Alkyl, true),
    (40, "C{1}C{2}", Alkyl, Alkyl, false),
    (18, "C{1}CC{2}", Alkyl, Alkyl, false),
    (270, "C{1}(=O)N{2}", Carbonyl, Nitrogen, false),
    (14, "C{1}(=O)N(C){2}", Carbonyl, Nitrogen, false),
    (150, "C{1}{2}(=O)", Carbonyl, Carbonyl, false),
    (110, "C{1}(=O)NC{2}", Carbonyl, HeteroAlkyl, false),
    (24, "C{1}(=O)NC@(C){2}", Carbonyl, HeteroAlkyl, false),
    (14, "C{1}(=O)N(C)C{2}", Carbonyl, HeteroAlkyl, false),
    (22, "C{1}(=O)NCC{2}", Carbonyl, Alkyl, false),
    (50, "C{1}C(=O)N{2}", Alkyl, Nitrogen, false),
    (14, "C@{1}(C)C(=O)N{2}", Alkyl, Nitrogen, false),
    (46, "C{1}C{2}(=O)", Alkyl, Carbonyl, false),
    (16, "C{1}CC(=O)N{2}", Alkyl, Nitrogen, false),
    (16, "C{1}CC{2}(=O)", Alkyl, Carbonyl, false),
    (12, "C{1}C(=O)NC{2}", Alkyl, HeteroAlkyl, false),
    (34, "O{1}CC(=O)N{2}", Oxygen, Nitrogen, false),
    (22, "O{1}CC{2}(=O)", Oxygen, Carbonyl, false),
    (24, "S{1}CC(=O)N{2}", Sulfur, Nitrogen, false),
    (10, "S{1}CC{2}(=O)", Sulfur, Carbonyl, false),
    (46, "N{1}C(=O)N{2}", Nitrogen, Nitrogen, false),
    (22, "N{1}C(=O)NC{2}", Nitrogen, HeteroAlkyl, false),
    (40, "C{1}NC{2}(=O)", HeteroAlkyl, Carbonyl, false),
    (70, "S{1}(=O)(=O)N{2}", Sulfonyl, Nitrogen, false),
    (40, "S{1}{2}(=O)(=O)", Sulfonyl, Sulfonyl, false),
    (18, "S{1}(=O)(=O)NC{2}", Sulfonyl, HeteroAlkyl, false),
    (50, "N{1}{2}", Nitrogen, Nitrogen, false),
    (60, "N{1}C{2}", Nitrogen, HeteroAlkyl, false),
    (14, "N{1}C@(C){2}", Nitrogen, HeteroAlkyl, false),
    (24, "N{1}(C)C{2}", Nitrogen, HeteroAlkyl, false),
    (22, "C{1}NC{2}", HeteroAlkyl, HeteroAlkyl, false),
    (14, "C{1}N(C)C{2}", HeteroAlkyl, HeteroAlkyl, false),
    (12, "N{1}CC{2}", Nitrogen, Alkyl, false),
    (60, "O{1}{2}", Oxygen, Oxygen, false),
    (60, "O{1}C{2}", Oxygen, HeteroAlkyl, false),
    (20, "O{1}CC{2}", Oxygen, Alkyl, false),
    (12, "O{1}CCC{2}", Oxygen, Alkyl, false),
    (10, "C{1}OC{2}", HeteroAlkyl, HeteroAlkyl, false),
    (10, "S{1}{2}", Sulfur, Sulfur, false),
    (24, "S{1}C{2}", Sulfur, HeteroAlkyl, false),
    (6, "C{1}S(=O)(=O)N{2}", HeteroAlkyl, Nitrogen, false),
    (5, "C{1}#CC{2}", Alkyl, Alkyl, false),
    (8, "C{1}(=O)OC{2}", Carbonyl, HeteroAlkyl, false),
    (8, "C{1}(O)C{2}", HeteroAlkyl, Alkyl, false),
    (8, "C@{1}(O){2}", HeteroAlkyl, HeteroAlkyl, true),
];

/// Weight of no linker at all: the rings are joined by a bond.
pub(super) const DIRECT_BOND: u32 = 480;
